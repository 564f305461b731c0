package deploy

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/joho/godotenv"
)

// jobs end by themselves; everything else in docker-compose.yml is there to stay.
var jobs = []string{"buckets", "evidently-migrate", "ingest", "study", "register", "deployment"}

// quiet services answer nobody: they have no health but that of their process.
var quiet = []string{"worker", "monitor"}

func loadCompose(ctx context.Context, env ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithWorkingDirectory(".."), cli.WithEnv(env))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

// defaults are the lines of .env.
func defaults(t *testing.T) map[string]string {
	t.Helper()
	values, err := godotenv.Read("../.env")
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func lines(values map[string]string) []string {
	var all []string
	for name, value := range values {
		all = append(all, name+"="+value)
	}
	return all
}

// project is docker-compose.yml as `docker compose up` sees it in a fresh clone.
func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := loadCompose(t.Context(), lines(defaults(t))...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func environment(t *testing.T, service string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for name, value := range project(t).Services[service].Environment {
		if value == nil {
			t.Fatalf("%s takes %s from whoever starts it", service, name)
		}
		values[name] = *value
	}
	return values
}

// Passwords have no defaults in docker-compose.yml itself: one of them missing is said, and nothing starts.
func TestVariablesAreInDotEnv(t *testing.T) {
	text, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, match := range regexp.MustCompile(`[^$]\$\{?(\w+)[^}]*\}?`).FindAllStringSubmatch(string(text), -1) {
		used[match[1]] = true
	}
	values := defaults(t)
	if got, want := slices.Sorted(maps.Keys(values)), slices.Sorted(maps.Keys(used)); !slices.Equal(got, want) {
		t.Errorf(".env sets %q,\nand docker-compose.yml uses %q", got, want)
	}
	for name, value := range values {
		if !strings.HasPrefix(name, "MLOPS_") {
			t.Errorf("%s: our clients read a file .env too, and so do other programs; MLOPS_ keeps out of their way", name)
		}
		if value == "" {
			t.Errorf("%s is empty", name)
		}
		without := maps.Clone(values)
		delete(without, name)
		_, err := loadCompose(t.Context(), lines(without)...)
		switch secret := !strings.HasSuffix(name, "_PORT"); {
		case secret && (err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), ".env")):
			t.Errorf("without %s: %v", name, err)
		case !secret && err != nil:
			t.Errorf("without %s: %v; a port has a default", name, err)
		}
	}
}

func TestPasswordsStandInNoCommand(t *testing.T) {
	values := defaults(t)
	for name, service := range project(t).Services {
		for variable, value := range values {
			if strings.HasSuffix(variable, "PASSWORD") && strings.Contains(strings.Join(slices.Concat(service.Entrypoint, service.Command), " "), value) {
				t.Errorf("%s: everybody on the machine can read %s among its arguments", name, variable)
			}
		}
	}
}

var pinned = regexp.MustCompile(`^[\w./-]+:(v?\d+\.\d+[\w.-]*|RELEASE\.[\w-]+)(@sha256:[0-9a-f]{64})?$`)

func TestImagesArePinned(t *testing.T) {
	for name, service := range project(t).Services {
		switch {
		case service.Build == nil && !pinned.MatchString(service.Image):
			t.Errorf("%s: image %s has no version", name, service.Image)
		case service.Build != nil && (!strings.HasPrefix(service.Image, "mlopsgo/") || service.PullPolicy != types.PullPolicyBuild):
			t.Errorf("%s: image %s, policy %s: what is built here is named so, and built and never pulled", name, service.Image, service.PullPolicy)
		case service.Build != nil && !strings.Contains(service.Image, ":"):
			t.Errorf("%s: image %s has no tag", name, service.Image)
		}
	}
}

func TestServicesStartInOrderAndStay(t *testing.T) {
	p := project(t)
	for name, service := range p.Services {
		job := slices.Contains(jobs, name)
		if want := "unless-stopped"; !job && service.Restart != want {
			t.Errorf("%s: restart %q, want %q", name, service.Restart, want)
		}
		if job && !strings.HasPrefix(service.Restart, "on-failure:") {
			t.Errorf("%s: a job is tried again a few times, and not for ever: restart %q", name, service.Restart)
		}
		if !job && (service.StopGracePeriod == nil || time.Duration(*service.StopGracePeriod) < 10*time.Second) {
			t.Errorf("%s has no stop_grace_period", name)
		}
		if service.Deploy == nil || service.Deploy.Resources.Limits == nil || service.Deploy.Resources.Limits.MemoryBytes < 64<<20 {
			t.Errorf("%s has no sensible limit of memory", name)
		}
		for other, dependency := range service.DependsOn {
			target, ok := p.Services[other]
			want := types.ServiceConditionHealthy
			switch {
			case slices.Contains(jobs, other):
				want = types.ServiceConditionCompletedSuccessfully
			case slices.Contains(quiet, other):
				want = types.ServiceConditionStarted
			}
			switch {
			case !ok:
				t.Errorf("%s depends on %s, which does not exist", name, other)
			case dependency.Condition != want:
				t.Errorf("%s waits until %s is %s, want %s", name, other, dependency.Condition, want)
			case want == types.ServiceConditionHealthy && target.HealthCheck == nil:
				t.Errorf("%s waits for the health of %s, which has no check", name, other)
			case !dependency.Required:
				t.Errorf("%s does not require %s", name, other)
			}
		}
	}
}

// Whoever has another server's address in its environment waits for that server.
func TestServicesWaitForWhatTheyUse(t *testing.T) {
	p := project(t)
	for name, service := range p.Services {
		var text strings.Builder
		text.WriteString(strings.Join(service.Command, " "))
		for _, value := range service.Environment {
			text.WriteString(" " + *value)
		}
		for other := range p.Services {
			if other != name && regexp.MustCompile(`(//|@|\s)`+other+`(:\d|\s|$)`).MatchString(text.String()) && !waitsFor(p, name, other) {
				t.Errorf("%s uses %s and does not wait for it", name, other)
			}
		}
	}
}

// What one service leaves behind for another shows in no address.
func TestJobsFollowEachOther(t *testing.T) {
	p := project(t)
	for _, pair := range [][2]string{
		{"mlflow", "buckets"},
		{"ingest", "buckets"},
		{"study", "ingest"},
		{"register", "study"},
		{"predictor", "register"},
		{"worker", "deployment"},
		{"evidently", "evidently-migrate"},
		{"grafana", "monitor"},
	} {
		if _, ok := p.Services[pair[0]].DependsOn[pair[1]]; !ok {
			t.Errorf("%s does not wait for %s", pair[0], pair[1])
		}
	}
}

func waitsFor(p *types.Project, name, other string) bool {
	for dependency := range p.Services[name].DependsOn {
		if dependency == other || waitsFor(p, dependency, other) {
			return true
		}
	}
	return false
}

func TestServersTellTheirHealth(t *testing.T) {
	for name, service := range project(t).Services {
		check := service.HealthCheck
		if slices.Contains(jobs, name) || slices.Contains(quiet, name) {
			if check != nil || len(service.Ports) > 0 {
				t.Errorf("%s is not meant to answer anybody", name)
			}
			continue
		}
		if check == nil || check.Disable || len(check.Test) < 2 || check.Test[0] != "CMD" {
			t.Errorf("%s has no health check without a shell: %+v", name, check)
			continue
		}
		if check.Interval == nil || check.Timeout == nil || check.Retries == nil || check.StartPeriod == nil || check.StartInterval == nil {
			t.Errorf("%s: its health check leaves something to defaults", name)
		}
	}
}

func TestPortsAreOpenOnThisMachineOnly(t *testing.T) {
	seen := map[string]string{}
	changed := map[string]string{}
	values := defaults(t)
	for name, value := range values {
		changed[name] = value
		if strings.HasSuffix(name, "_PORT") {
			changed[name] = "2" + value
		}
	}
	other, err := loadCompose(t.Context(), lines(changed)...)
	if err != nil {
		t.Fatal(err)
	}
	for name, service := range project(t).Services {
		for i, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open on %q", name, port.Published, port.HostIP)
			}
			if before, ok := seen[port.Published]; ok {
				t.Errorf("%s and %s both want port %s", name, before, port.Published)
			}
			seen[port.Published] = name
			if got := other.Services[name].Ports[i].Published; got != "2"+port.Published {
				t.Errorf("%s: port %s cannot be chosen", name, port.Published)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("only the ports %v are open", seen)
	}
}

func TestVolumesExist(t *testing.T) {
	p := project(t)
	for name, service := range p.Services {
		for _, volume := range service.Volumes {
			switch volume.Type {
			case types.VolumeTypeVolume:
				if _, ok := p.Volumes[volume.Source]; !ok {
					t.Errorf("%s: volume %q is not declared", name, volume.Source)
				}
			case types.VolumeTypeBind:
				if _, err := os.Stat(volume.Source); err != nil || !volume.ReadOnly {
					t.Errorf("%s: %s has to exist and to be mounted read-only: %v", name, volume.Source, err)
				}
			default:
				t.Errorf("%s: volume of type %s", name, volume.Type)
			}
		}
	}
	// What is in a folder that Grafana reads but that Grafana does not know would be an error in its log, or silently left out.
	for _, folder := range []string{"datasources", "dashboards", "alerting"} {
		if files, err := filepath.Glob("grafana/" + folder + "/*.y*ml"); err != nil || len(files) != 1 {
			t.Errorf("grafana/%s: %v, %v", folder, files, err)
		}
	}
}

// The user's browser, outside of the containers' network, has to find Prefect's API where its port is published.
func TestPrefectsPageFindsItsAPI(t *testing.T) {
	values := defaults(t)
	values["MLOPS_PREFECT_PORT"] = "14200"
	p, err := loadCompose(t.Context(), lines(values)...)
	if err != nil {
		t.Fatal(err)
	}
	if got := *p.Services["prefect"].Environment["PREFECT_SERVER_UI_API_URL"]; got != "http://127.0.0.1:14200/api" {
		t.Errorf("the page asks for %s", got)
	}
}

// Links in MLflow and Prefect lead to each other's published ports, whatever name the containers call each other by.
func TestLinksLeadToPublishedPorts(t *testing.T) {
	values := defaults(t)
	values["MLOPS_PREFECT_PORT"], values["MLOPS_MLFLOW_PORT"] = "14200", "15000"
	p, err := loadCompose(t.Context(), lines(values)...)
	if err != nil {
		t.Fatal(err)
	}
	for api, pages := range map[string][2]string{
		"MLFLOW_TRACKING_URI": {"MLFLOW_UI_URL", "http://127.0.0.1:15000"}, "PREFECT_API_URL": {"PREFECT_UI_URL", "http://127.0.0.1:14200"},
	} {
		seen := 0
		for name, service := range p.Services {
			if service.Environment[api] == nil {
				continue
			}
			seen++
			if got := service.Environment[pages[0]]; got == nil || *got != pages[1] {
				t.Errorf("%s: %s is not %s", name, pages[0], pages[1])
			}
		}
		if seen == 0 {
			t.Errorf("no service has %s", api)
		}
	}
}

// The one shell script in docker-compose.yml is held to what the scripts in files are.
func TestShellOfBuckets(t *testing.T) {
	service := project(t).Services["buckets"]
	if !slices.Equal(service.Entrypoint, []string{"/bin/sh", "-euc"}) || len(service.Command) != 1 {
		t.Fatalf("%q %q", service.Entrypoint, service.Command)
	}
	script := strings.ReplaceAll(service.Command[0], "$$", "$")
	program, err := exec.LookPath("shellcheck")
	if err != nil {
		if os.Getenv("REQUIRE_STACK") == "1" {
			t.Fatal(err)
		}
		t.Skip("needs shellcheck; run: apt-get install shellcheck")
	}
	check := exec.CommandContext(t.Context(), program, "--shell=sh", "-")
	check.Stdin = strings.NewReader(script)
	run(t, check)
	for name := range service.Environment {
		if name != "AWS_REGION" && !strings.Contains(script, `"$`+name+`"`) {
			t.Errorf("the script does not use %s", name)
		}
	}
	if bucket := strings.Fields(strings.Join(project(t).Services["mlflow"].Command, " ")); !strings.Contains(script, "minio/"+strings.TrimPrefix(bucket[len(bucket)-1], "s3://")) {
		t.Errorf("MLflow's bucket %s is not made", bucket[len(bucket)-1])
	}
}
