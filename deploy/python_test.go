package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

// closure prints, for each package that is installed with the ones named in its arguments, its version and how its wheel was made.
// What it says of this machine's environment, which has all of stack/requirements, holds for the image, which has the same Python.
const closure = `
import importlib.metadata as metadata, json, re, sys
from packaging.requirements import Requirement
found, todo = {}, [(name, "") for name in sys.argv[1:]]
while todo:
    name, extra = todo.pop()
    key = re.sub(r"[-_.]+", "-", name).lower()
    if (key, extra) in found:
        continue
    d = metadata.distribution(name)
    tags = [line[5:] for line in (d.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")]
    found[key, extra] = {"version": d.version, "tags": tags}
    for line in d.requires or []:
        r = Requirement(line)
        if r.marker is None or r.marker.evaluate({"extra": extra}):
            todo += [(r.name, e) for e in {"", *r.extras}]
print(json.dumps({"python": list(sys.version_info[:2]), "packages": {key: value for (key, _), value in found.items()}}))
`

// In the image, pip has nothing to choose: everything that the packages need is pinned, and comes as a wheel, as there is no compiler.
func TestPythonImagesInstallOnlyPins(t *testing.T) {
	stages := parse(t, "python.Dockerfile")
	for _, service := range []string{"mlflow", "prefect", "evidently-migrate", "evidently"} {
		build := project(t).Services[service].Build
		if build.Dockerfile != "deploy/python.Dockerfile" {
			t.Errorf("%s is built by %s", service, build.Dockerfile)
		}
		set, packages := *build.Args["PINS"], strings.Fields(*build.Args["PACKAGES"])
		python := stack.Python(t, set)
		var got struct {
			Python   [2]int
			Packages map[string]struct {
				Version string
				Tags    []string
			}
		}
		if err := json.Unmarshal([]byte(run(t, exec.CommandContext(t.Context(), python, append([]string{"-c", closure}, packages...)...))), &got); err != nil {
			t.Fatal(err)
		}
		pins := pinsOf(t, set)
		for name, installed := range got.Packages {
			if pins[name] != installed.Version {
				t.Errorf("%s: %s is pinned to %q and installed as %q", service, name, pins[name], installed.Version)
			}
			for _, tag := range installed.Tags {
				if !strings.HasSuffix(tag, "-any") && !strings.Contains(tag, "manylinux") {
					t.Errorf("%s: %s has to be compiled (%s)", service, name, tag)
				}
			}
		}
		if len(got.Packages) < 20 {
			t.Errorf("%s needs only %d packages", service, len(got.Packages))
		}
		// The image's tag is the server's version.
		if image := project(t).Services[service].Image; !strings.HasSuffix(image, "/"+set+":"+pins[set]) {
			t.Errorf("%s: image %s, but %s is pinned to %s", service, image, set, pins[set])
		}
		if base, want := stages[0].BaseName, fmt.Sprintf("python:%d.%d.", got.Python[0], got.Python[1]); !strings.HasPrefix(base, want) {
			t.Errorf("%s: the tests run Python %v, the image is made from %s", service, got.Python, base)
		}
	}
}

func pinsOf(t *testing.T, set string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../stack/requirements/" + set + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	pins := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, version, ok := strings.Cut(strings.TrimSpace(line), "==")
		if ok {
			pins[strings.ToLower(regexp.MustCompile(`[-_.]+`).ReplaceAllString(name, "-"))] = version
		}
	}
	return pins
}

// Evidently's own parser reads the file into its own types.
func TestEvidentlyReadsItsConfiguration(t *testing.T) {
	const script = `
import json, sys
from evidently.ui.service.config import load_config_from_file
from evidently.ui.service.local_service import LocalConfig
config = load_config_from_file(LocalConfig, sys.argv[1])
print(type(config.storage).__name__, config.additional_components["database"].url)
`
	got := run(t, exec.CommandContext(t.Context(), stack.Python(t, "evidently"), "-c", script, "evidently/config.yaml"))
	migrated := project(t).Services["evidently-migrate"].Command[2]
	if want := "SQLStorageComponent " + migrated + "\n"; got != want {
		t.Errorf("%q, want %q: what is migrated is what is used", got, want)
	}
}
