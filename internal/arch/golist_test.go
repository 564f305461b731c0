package arch_test

import (
	"encoding/json"
	"errors"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mlopsgo/internal/arch"
)

const module = "mlopsgo"

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Name       string
	Imports    []string
	Deps       []string
	Export     string // file with the types of the package
	Module     *struct{ Path string }
}

func (p listed) own() bool { return p.Module != nil && p.Module.Path == module }

func (p listed) public() bool {
	return p.own() && p.Name != "main" && !strings.Contains(p.ImportPath+"/", "/internal/")
}

func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// moduleGraph is the graph of the module's packages as they are now.
func moduleGraph(t *testing.T) []arch.Package {
	t.Helper()
	var graph []arch.Package
	for _, p := range goList(t, "-json=ImportPath,Imports,Deps,Module", "./...") {
		graph = append(graph, arch.Package{Path: relative(p.ImportPath), Imports: relatives(p.Imports), Deps: relatives(p.Deps)})
	}
	if len(graph) < 5 {
		t.Fatalf("go list found %d packages", len(graph))
	}
	return graph
}

func relative(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func relatives(paths []string) []string {
	short := make([]string, len(paths))
	for i, path := range paths {
		short[i] = relative(path)
	}
	return short
}

// publicPackages are the types of the packages that other modules can import, read from what the compiler made of them.
func publicPackages(t *testing.T) []*types.Package {
	t.Helper()
	all := goList(t, "-export", "-deps", "-json=ImportPath,Name,Export,Module", "./...")
	exports := map[string]string{}
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	compiled := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var public []*types.Package
	for _, p := range all {
		if !p.public() || p.Export == "" { // a folder of tests alone exports nothing
			continue
		}
		pkg, err := compiled.Import(p.ImportPath)
		if err != nil {
			t.Fatal(err)
		}
		public = append(public, pkg)
	}
	if len(public) == 0 {
		t.Fatal("go list found no public package")
	}
	return public
}
