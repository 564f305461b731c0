package deploy

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

// prefectSettings prints the names of all of Prefect's settings, which stand nowhere in its text as a whole.
const prefectSettings = `
import json
from prefect.settings import Settings
from prefect.settings.legacy import _get_valid_setting_names
print(json.dumps(sorted(_get_valid_setting_names(Settings))))
`

// pythonNames are the names that the packages of a Python server read; a library in C, such as Postgres' own, holds them as text too.
func pythonNames(t *testing.T, set string, packages ...string) func(name string) bool {
	t.Helper()
	python := stack.Python(t, set)
	var settings []string
	if set == "prefect" {
		if err := json.Unmarshal([]byte(run(t, exec.CommandContext(t.Context(), python, "-c", prefectSettings))), &settings); err != nil {
			t.Fatal(err)
		}
	}
	site, err := filepath.Glob(filepath.Join(filepath.Dir(python), "..", "lib", "python3*", "site-packages"))
	if err != nil || len(site) != 1 {
		t.Fatalf("%v, %v", site, err)
	}
	var text []byte
	for _, name := range packages {
		text = append(text, textOf(t, filepath.Join(site[0], name))...)
	}
	return func(name string) bool { return slices.Contains(settings, name) || holds(text, name) }
}

// textOf is all of a file, or of the programs and libraries of a folder.
func textOf(t *testing.T, path string) []byte {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path != file && !strings.HasSuffix(file, ".py") && !strings.Contains(file, ".so") {
			return err
		}
		text, err := os.ReadFile(file)
		all = append(append(all, text...), 0)
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %d bytes, %v", path, len(all), err)
	}
	return all
}

// holds tells whether the name stands in the text, and not as the beginning of a longer one. A Go program has its constants one after the
// other, so what comes before a name tells nothing.
func holds(text []byte, name string) bool {
	for rest := text; ; {
		i := bytes.Index(rest, []byte(name))
		if i < 0 {
			return false
		}
		rest = rest[i+len(name):]
		if len(rest) == 0 || rest[0] != '_' {
			return true
		}
	}
}

var grafanaName = regexp.MustCompile(`^GF_(DATABASE|SECURITY|AUTH_ANONYMOUS|DASHBOARDS|ANALYTICS|NEWS)_[A-Z_]+$`)

// A variable that its program does not know is a typing error that nobody would hear of. Grafana's program is not to be had here: of its names only
// the sections are checked.
func TestProgramsKnowTheirVariables(t *testing.T) {
	stack.Get(t) // whoever has the stack has MinIO
	initSQL := textOf(t, "postgres/init.sql")
	minio := textOf(t, strings.TrimSpace(run(t, exec.CommandContext(t.Context(), "../stack/minio"))))
	evidently := pythonNames(t, "evidently", "evidently", "iterative_telemetry", "psycopg2_binary.libs")
	known := map[string]func(string) bool{
		"postgres": func(name string) bool {
			return name == "POSTGRES_PASSWORD" || holds(initSQL, `\getenv `+strings.ToLower(name)+" "+name)
		},
		"minio":             func(name string) bool { return holds(minio, name) },
		"buckets":           func(string) bool { return true }, // TestShellOfBuckets
		"mlflow":            pythonNames(t, "mlflow", "mlflow", "botocore", "psycopg2_binary.libs"),
		"prefect":           pythonNames(t, "prefect", "asyncpg"),
		"evidently-migrate": evidently,
		"evidently":         evidently,
		"grafana":           func(name string) bool { return name == "READER_PASSWORD" || grafanaName.MatchString(name) },
	}
	for name, service := range ours(t) {
		text := textOf(t, filepath.Join(commands(t), service.Command[0]))
		known[name] = func(variable string) bool { return holds(text, variable) }
	}
	for name, service := range project(t).Services {
		for variable := range service.Environment {
			if !known[name](variable) {
				t.Errorf("%s: no program of it reads %s", name, variable)
			}
		}
		if name != "buckets" && known[name]("MLOPS_NOBODY_KNOWS") {
			t.Errorf("%s: any name would be found", name)
		}
	}
}
