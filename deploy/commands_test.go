package deploy

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// ours are the services that run a command of this project, with its name.
func ours(t *testing.T) map[string]types.ServiceConfig {
	t.Helper()
	found := map[string]types.ServiceConfig{}
	for name, service := range project(t).Services {
		if service.Image == "mlopsgo/commands:dev" {
			found[name] = service
		}
	}
	if len(found) == 0 {
		t.Fatal("no service runs a command of this project")
	}
	return found
}

var flagName = regexp.MustCompile(`(?m)(?:^|\s)--(?:\[no-\])?([a-z][a-z-]*)`)

// helpOf is what the command says of itself.
func helpOf(t *testing.T, command string) string {
	t.Helper()
	return run(t, exec.CommandContext(t.Context(), filepath.Join(commands(t), command), "--help"))
}

// Each command of docker-compose.yml is one of the image's, and takes the flags that it is given there.
func TestCommandsTakeTheirFlags(t *testing.T) {
	for name, service := range ours(t) {
		if service.Build.Dockerfile != "deploy/Dockerfile" {
			t.Errorf("%s is built by %s", name, service.Build.Dockerfile)
		}
		invoked := [][]string{service.Command}
		if service.HealthCheck != nil {
			invoked = append(invoked, service.HealthCheck.Test[1:])
		}
		for _, command := range invoked {
			var known []string
			for _, match := range flagName.FindAllStringSubmatch(helpOf(t, command[0]), -1) {
				known = append(known, match[1])
			}
			for _, arg := range command[1:] {
				flag, ok := strings.CutPrefix(arg, "--")
				flag, _, _ = strings.Cut(flag, "=")
				if ok && !slices.Contains(known, strings.TrimPrefix(flag, "no-")) {
					t.Errorf("%s: %s has no flag --%s", name, command[0], flag)
				}
			}
		}
	}
}

// probe is how containers of the commands' image ask for their health.
func TestProbe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	for address, code := range map[string]int{
		server.URL + "/health": 0,
		server.URL + "/sick":   1,
		"http://127.0.0.1:1/":  1,
		"http://[":             2,
	} {
		cmd := exec.CommandContext(t.Context(), filepath.Join(commands(t), "probe"), address)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
			t.Errorf("probe %s: %v, want exit code %d; it says %s", address, err, code, out)
		}
	}
}
