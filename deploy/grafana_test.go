package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/expr"

	"mlopsgo/internal/grafana"
)

// readYAML reads one document and refuses fields that the type does not have.
func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func readDashboard(t *testing.T) *dashboard.Dashboard {
	t.Helper()
	registerTypes()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard.Dashboard
	if err := d.UnmarshalJSONStrict(text); err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	return &d
}

// panels are the panels of the dashboard that ask something, and their queries.
func panels(t *testing.T) map[*dashboard.Panel][]*sqlQuery {
	t.Helper()
	found := map[*dashboard.Panel][]*sqlQuery{}
	ids := map[uint32]bool{}
	for _, p := range readDashboard(t).Panels {
		if p.Panel == nil {
			ids[p.RowPanel.Id] = true
			continue
		}
		ids[*p.Panel.Id] = true
		for _, target := range p.Panel.Targets {
			q, ok := target.(*sqlQuery)
			if !ok {
				t.Errorf("panel %s has a query of type %T", *p.Panel.Title, target)
				continue
			}
			found[p.Panel] = append(found[p.Panel], q)
		}
		if len(found[p.Panel]) == 0 || *p.Panel.Datasource.Uid != sourceUID {
			t.Errorf("panel %s asks nothing, or another data source", *p.Panel.Title)
		}
	}
	if len(found) != 8 || len(ids) != 10 {
		t.Errorf("%d panels with queries and %d ids", len(found), len(ids))
	}
	return found
}

// dataSources is the file format of https://grafana.com/docs/grafana/latest/administration/provisioning/, as far as it is used here.
type dataSources struct {
	APIVersion  int `yaml:"apiVersion"`
	Datasources []struct {
		Name, UID, Type, Access, URL, User string
		IsDefault                          bool `yaml:"isDefault"`
		Editable                           bool
		JSONData                           struct {
			Database        string
			SSLMode         string `yaml:"sslmode"`
			PostgresVersion int    `yaml:"postgresVersion"`
			MaxOpenConns    int    `yaml:"maxOpenConns"`
		} `yaml:"jsonData"`
		SecureJSONData struct{ Password string } `yaml:"secureJsonData"`
	}
}

func TestDataSourceIsTheReaderOfMonitoring(t *testing.T) {
	var file dataSources
	readYAML(t, "grafana/datasources/monitoring.yaml", &file)
	if file.APIVersion != 1 || len(file.Datasources) != 1 {
		t.Fatalf("%+v", file)
	}
	source := file.Datasources[0]
	if source.UID != sourceUID || source.Type != sourceType || source.URL != "postgres:5432" || source.Access != "proxy" || source.JSONData.SSLMode != "disable" {
		t.Errorf("%+v", source)
	}
	variable, ok := strings.CutPrefix(source.SecureJSONData.Password, "$")
	if _, set := environment(t, "grafana")[variable]; !ok || !set {
		t.Errorf("the password is %s, which is no variable of the container", source.SecureJSONData.Password)
	}
	// With this user, database and password it reads (TestQueriesOnPostgres) and does nothing else (TestInitGivesEachServerItsOwnDatabase).
	if source.User != "reader" || source.JSONData.Database != "monitoring" || variable != "READER_PASSWORD" {
		t.Errorf("%s reads %s with %s", source.User, source.JSONData.Database, variable)
	}
}

func TestDashboardsAreReadFromWhereComposePutsThem(t *testing.T) {
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type string
			DisableDeletion    bool `yaml:"disableDeletion"`
			AllowUIUpdates     bool `yaml:"allowUiUpdates"`
			Options            struct{ Path string }
		}
	}
	readYAML(t, "grafana/dashboards/provider.yaml", &file)
	if file.APIVersion != 1 || len(file.Providers) != 1 || file.Providers[0].Type != "file" {
		t.Fatalf("%+v", file)
	}
	path := file.Providers[0].Options.Path
	mounted := func(target, source string) bool {
		for _, volume := range project(t).Services["grafana"].Volumes {
			if volume.Target == target && strings.HasSuffix(volume.Source, source) {
				return true
			}
		}
		return false
	}
	for _, folder := range []string{"datasources", "dashboards", "alerting"} {
		if !mounted("/etc/grafana/provisioning/"+folder, "/deploy/grafana/"+folder) {
			t.Errorf("the folder %s is not where Grafana looks", folder)
		}
	}
	if !mounted(path, "/deploy/grafana/dashboards") {
		t.Errorf("nothing is mounted on %s", path)
	}
	if home := environment(t, "grafana")["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; home != path+"/monitoring.json" {
		t.Errorf("the first page is %s", home)
	}
}

// ruleFile is the file format of https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/.
type ruleFile struct {
	APIVersion int `yaml:"apiVersion"`
	Groups     []struct {
		OrgID                  int64 `yaml:"orgId"`
		Name, Folder, Interval string
		Rules                  []map[string]any
	}
}

// rule is one rule: a query, and the bound above which it fires.
type rule struct {
	alerting.Rule
	query *sqlQuery
	bound float64
	span  time.Duration // that the query looks back
}

// readRules reads the rules strictly: each by the SDK's type for Grafana's own API, which differs from the file in where it names the
// dashboard, the folder and the group.
func readRules(t *testing.T) map[string]rule {
	t.Helper()
	registerTypes()
	var file ruleFile
	readYAML(t, "grafana/alerting/rules.yaml", &file)
	if file.APIVersion != 1 || len(file.Groups) != 1 {
		t.Fatalf("%+v", file)
	}
	group := file.Groups[0]
	if _, err := time.ParseDuration(group.Interval); err != nil || group.OrgID != 1 || group.Name == "" || group.Folder == "" {
		t.Errorf("the group is %+v", group)
	}
	rules := map[string]rule{}
	for _, fields := range group.Rules {
		panelTitle(t, fields)
		delete(fields, "dashboardUid")
		delete(fields, "panelId")
		fields["orgID"], fields["folderUID"], fields["ruleGroup"] = group.OrgID, group.Folder, group.Name
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		var r alerting.Rule
		if err := r.UnmarshalJSONStrict(text); err != nil {
			t.Fatalf("%v: %v", fields["uid"], err)
		}
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", *r.Uid, err)
		}
		parts, err := partsOf(r)
		if err != nil {
			t.Fatalf("%s: %v", *r.Uid, err)
		}
		rules[*r.Uid] = parts
	}
	return rules
}

// panelTitle is the title of the panel that a rule belongs to.
func panelTitle(t *testing.T, fields map[string]any) string {
	t.Helper()
	if uid := readDashboard(t).Uid; fields["dashboardUid"] != *uid {
		t.Errorf("%v belongs to the dashboard %v, not %s", fields["uid"], fields["dashboardUid"], *uid)
	}
	for p := range panels(t) {
		if fmt.Sprint(*p.Id) == fmt.Sprint(fields["panelId"]) {
			return *p.Title
		}
	}
	t.Errorf("%v belongs to panel %v, which asks nothing", fields["uid"], fields["panelId"])
	return ""
}

// partsOf finds the query and the bound of a rule of the only form in use: query A, and threshold B, "A above".
func partsOf(r alerting.Rule) (rule, error) {
	if len(r.Data) != 2 || r.Condition != "B" || *r.Data[0].RefId != "A" || *r.Data[1].RefId != "B" {
		return rule{}, fmt.Errorf("%d queries, condition %s", len(r.Data), r.Condition)
	}
	q, ok := r.Data[0].Model.(*sqlQuery)
	if !ok || q.RefID != "A" || q.Format != asTable || *r.Data[0].DatasourceUid != sourceUID {
		return rule{}, fmt.Errorf("A is %T, %+v", r.Data[0].Model, r.Data[0].Model)
	}
	e, ok := r.Data[1].Model.(*expr.Expr)
	if !ok || e.TypeThreshold == nil || *r.Data[1].DatasourceUid != "__expr__" || e.TypeThreshold.Expression != "A" || *e.TypeThreshold.RefId != "B" {
		return rule{}, fmt.Errorf("B is %T, %+v", r.Data[1].Model, r.Data[1].Model)
	}
	conditions := e.TypeThreshold.Conditions
	if len(conditions) != 1 || conditions[0].Evaluator.Type != "gt" || len(conditions[0].Evaluator.Params) != 1 {
		return rule{}, fmt.Errorf("the conditions are %+v", conditions)
	}
	rng := r.Data[0].RelativeTimeRange
	span := time.Duration(int64(*rng.From)-int64(*rng.To)) * time.Second
	return rule{Rule: r, query: q, bound: conditions[0].Evaluator.Params[0], span: span}, nil
}

func TestRulesSayWhatHappened(t *testing.T) {
	rules := readRules(t)
	if len(rules) != 2 {
		t.Fatalf("%d rules", len(rules))
	}
	for uid, r := range rules {
		if *r.IsPaused || r.NoDataState != alerting.RuleNoDataStateOK || r.ExecErrState != alerting.RuleExecErrStateError {
			t.Errorf("%s: paused %v, no data %s, error %s", uid, *r.IsPaused, r.NoDataState, r.ExecErrState)
		}
		if strings.Contains(r.query.RawSQL, "${") {
			t.Errorf("%s: a rule has no variables", uid)
		}
		for _, name := range []string{"summary", "description"} {
			text := r.Annotations[name]
			for _, label := range regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(text, -1) {
				if !strings.Contains(r.query.RawSQL, label[1]) {
					t.Errorf("%s: %s names the label %s, which the query does not give", uid, name, label[1])
				}
			}
			if text == "" || strings.Contains(text, "${") {
				t.Errorf("%s: %s is %q", uid, name, text)
			}
		}
	}
}

func TestEveryVariableIsUsedAndDeclared(t *testing.T) {
	var declared, used []string
	for _, v := range readDashboard(t).Templating.List {
		declared = append(declared, v.Name)
	}
	for p, queries := range panels(t) {
		for _, q := range queries {
			used = append(used, grafana.Variables(q.RawSQL)...)
		}
		if p.Repeat != nil {
			used = append(used, *p.Repeat)
		}
	}
	slices.Sort(declared)
	slices.Sort(used)
	if used = slices.Compact(used); !slices.Equal(declared, used) {
		t.Errorf("declared are %q, used are %q", declared, used)
	}
}
