package mlflowclient_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

// operationRow is a line of testdata/operations.tsv: an operation of the server, and who carries it out.
type operationRow struct {
	area         string
	method, path string
	// by names methods, as Experiments.Create or ArtifactStore.Open, separated by commas, or is Do with a note that says
	// why there is none. A method with a note sends another form of the same operation.
	by string
	// embedded tells that the store in the process answers it, too.
	embedded bool
	note     string
}

func (r *operationRow) methods() []string {
	if r.by == "Do" {
		return nil
	}
	return strings.Split(r.by, ",")
}

// classical are the areas of what MLflow has been from its start.
var classical = []string{"experiments", "runs", "metrics", "logged-models", "registered-models", "model-versions", "artifacts", "server"}

func readOperations() ([]*operationRow, error) {
	text, err := os.ReadFile("testdata/operations.tsv")
	if err != nil {
		return nil, err
	}
	var rows []*operationRow
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		f := strings.Split(line, "\t")
		switch {
		case len(f) != 6 || f[3] == "" || f[3] == "Do" && f[5] == "" || f[4] != "yes" && f[4] != "no" && i > 0:
			return nil, fmt.Errorf("testdata/operations.tsv:%d: %q is not area, method, path, go, embedded (yes, no), note; Do needs a note", i+1, line)
		case i > 0:
			rows = append(rows, &operationRow{area: f[0], method: f[1], path: f[2], by: f[3], embedded: f[4] == "yes", note: f[5]})
		}
	}
	return rows, nil
}

// match finds the operation of a request: of the templates that fit, the one that says most.
func match(rows []*operationRow, method, path string) *operationRow {
	var best *operationRow
	most := -1
	for _, row := range rows {
		if said := fit(row.path, path); row.method == method && said > most {
			best, most = row, said
		}
	}
	return best
}

// fit counts the segments of a path that a template spells out, or is -1 when they do not fit. A variable at the end
// stands for one or more segments.
func fit(template, path string) int {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	said := 0
	for i, segment := range want {
		variable := strings.HasPrefix(segment, "<")
		switch {
		case i >= len(have), variable && have[i] == "", !variable && segment != have[i]:
			return -1
		case variable && i == len(want)-1:
			return said
		case !variable:
			said++
		}
	}
	if len(want) != len(have) {
		return -1
	}
	return said
}

// TestOperationTable compares the table with the operations of MLflow's package. A server cannot be asked for its own: that the running one is of
// the same version stands for it.
func TestOperationTable(t *testing.T) {
	table, err := readOperations()
	must(t, err)
	var theirs [][2]string
	runPython(t, &theirs, "operations.py")
	if len(theirs) < 290 {
		t.Errorf("the server has but %d operations", len(theirs))
	}
	ours, old := map[[2]string]bool{}, 0
	for _, row := range table {
		op := [2]string{row.method, row.path}
		if ours[op] {
			t.Errorf("%s stands twice in the table", op)
		}
		if ours[op] = true; !slices.Contains(theirs, op) {
			t.Errorf("gone from the server: %s %s, which %s sends", row.method, row.path, row.by)
		}
		if slices.Contains(classical, row.area) {
			if old++; row.by == "Do" {
				t.Errorf("classical, and without a method: %s %s", row.method, row.path)
			}
		}
	}
	for _, op := range theirs {
		if !ours[op] {
			t.Errorf("not in testdata/operations.tsv: %s %s", op[0], op[1])
		}
	}
	if old != 73 {
		t.Errorf("%d operations of classical MLflow, which has 73", old)
	}
	version, err := serverEnd(t).Server.Version(t.Context())
	if err != nil || version != mlflowclient.ServerVersion {
		t.Errorf("the running server has version %q, the table is that of %s (%v)", version, mlflowclient.ServerVersion, err)
	}
}

func TestMethodsOfTheTableExist(t *testing.T) {
	table, err := readOperations()
	must(t, err)
	source, err := readSource()
	must(t, err)
	for _, row := range table {
		for _, method := range row.methods() {
			if !source.methods[source.resolve(method)] {
				t.Errorf("%s %s: there is no method %s", row.method, row.path, method)
			}
		}
	}
}

// goSource is what this package's files declare.
type goSource struct {
	services map[string]string // field of Client: type
	methods  map[string]bool   // Type.Method, exported
	calling  []string          // those of methods that take a context and so talk to the server
}

// resolve makes ExperimentService.Create of Experiments.Create.
func (s *goSource) resolve(method string) string {
	field, name, _ := strings.Cut(method, ".")
	if service := s.services[field]; service != "" {
		return service + "." + name
	}
	return method
}

func readSource() (*goSource, error) {
	s := &goSource{services: map[string]string{}, methods: map[string]bool{}}
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			s.add(decl)
		}
	}
	slices.Sort(s.calling)
	return s, nil
}

func (s *goSource) add(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == "Client" {
				s.addServices(t)
			}
		}
	case *ast.FuncDecl:
		if decl.Recv == nil || !decl.Name.IsExported() {
			return
		}
		receiver := pointed(decl.Recv.List[0].Type)
		if !ast.IsExported(receiver) {
			return
		}
		name := receiver + "." + decl.Name.Name
		s.methods[name] = true
		if params := decl.Type.Params.List; len(params) > 0 && isContext(params[0].Type) {
			s.calling = append(s.calling, name)
		}
	}
}

func (s *goSource) addServices(t *ast.TypeSpec) {
	client, ok := t.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range client.Fields.List {
		for _, name := range field.Names {
			if name.IsExported() {
				s.services[name.Name] = pointed(field.Type)
			}
		}
	}
}

// pointed is the name of a type or of what it points to.
func pointed(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

func isContext(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Context"
}

// TestEmbeddedAnswersOrRefuses sends every operation of the table to a database file: it is answered in MLflow's way,
// or refused with the error that decisions are made by.
func TestEmbeddedAnswersOrRefuses(t *testing.T) {
	table, err := readOperations()
	must(t, err)
	c := embeddedEnd(t)
	for _, row := range table {
		path := strings.NewReplacer("<model_id>", "m-0", "<", "", ">", "").Replace(row.path)
		call := mlflowclient.Call{Method: row.method, Path: path}
		if row.method != http.MethodGet {
			call.In = map[string]string{}
		}
		err := c.Do(t.Context(), call)
		e, ok := errors.AsType[*mlflowclient.Error](err)
		switch {
		case err != nil && (!ok || e.Status == 0 || e.Code == mlflowclient.CodeEndpointNotFound || strings.Contains(e.Message, "<")):
			t.Errorf("%s %s: %v", row.method, row.path, err)
		case row.embedded == errors.Is(err, mlflowclient.ErrNotImplemented):
			t.Errorf("%s %s: embedded is %v in the table, error %v", row.method, row.path, row.embedded, err)
		}
	}
}

// TestOtherForms asks by GET for what the methods ask for by POST.
func TestOtherForms(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx, name := t.Context(), unique("forms")
		id, err := c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: name})
		must(t, err)
		filter := url.Values{"filter": {"name = '" + name + "'"}, "max_results": {"5"}}
		var experiments struct {
			Experiments []struct {
				ID string `json:"experiment_id"`
			}
		}
		must(t, c.Do(ctx, mlflowclient.Call{Path: "/api/2.0/mlflow/experiments/search", Query: filter, Out: &experiments}))
		found := collect(t, c.Experiments.Search(ctx, mlflowclient.SearchExperiments{Filter: filter.Get("filter")}))
		if len(experiments.Experiments) != 1 || experiments.Experiments[0].ID != id || len(found) != 1 || found[0].ID != id {
			t.Errorf("found %v by GET, %v by POST, want %s", experiments, found, id)
		}

		must(t, second(c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name})))
		must(t, second(c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: name, Source: "s3://bucket/model"})))
		var versions struct {
			Versions []struct{ Name, Version string } `json:"model_versions"`
		}
		must(t, c.Do(ctx, mlflowclient.Call{
			Path: "/api/2.0/mlflow/registered-models/get-latest-versions", Query: url.Values{"name": {name}}, Out: &versions,
		}))
		latest, err := c.RegisteredModels.LatestVersions(ctx, name)
		must(t, err)
		if len(versions.Versions) != 1 || versions.Versions[0].Name != name || versions.Versions[0].Version != "1" ||
			len(latest) != 1 || latest[0].Name != name || latest[0].Version != "1" {
			t.Errorf("versions %v by GET, %v by POST", versions, latest)
		}
	})
}

func TestActiveRunLogsOutputs(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		experiment := newExperiment(t, c)
		model, err := c.LoggedModels.Create(t.Context(), mlflowclient.CreateLoggedModel{ExperimentID: experiment, Name: "m"})
		must(t, err)
		run, err := c.Start(t.Context(), mlflowclient.StartRun{ExperimentID: experiment})
		must(t, err)
		must(t, run.LogOutputs(t.Context(), []mlflowclient.ModelOutput{{ModelID: model.ID, Step: 3}}))
		must(t, run.End(t.Context(), mlflowclient.StatusFinished))
		if outputs := getRun(t, c, run.ID).ModelOutputs; len(outputs) != 1 || outputs[0].ModelID != model.ID || outputs[0].Step != 3 {
			t.Errorf("outputs %+v", outputs)
		}
	})
}
