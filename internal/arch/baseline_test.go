package arch_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/gcexportdata"
)

// stable are the packages whose exported names other modules rely on.
var stable = []string{
	"mlflowclient", "mlflowclient/mlmodel", "prefectclient", "pipeline/forest", "pipeline/tpe", "monitoring/drift",
}

var updateBaseline = flag.Bool("update-api", false, "take the public packages as they are for the baseline of their compatibility")

// baselineFile holds a package's types in the compiler's export format, which is text and numbers without positions: the
// same API gives the same bytes.
func baselineFile(pkg string) string {
	return filepath.Join("testdata", "api", strings.ReplaceAll(pkg, "/", "_")+".gz")
}

// TestAPICompatible compares the stable packages with the baseline. What breaks a user of it must be named in the
// changelog under Unreleased, as package.Name or package.Type.Method; `make api-baseline` takes the new API for granted.
func TestAPICompatible(t *testing.T) {
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range publicPackages(t) {
		path := relative(pkg.Path())
		if !slices.Contains(stable, path) {
			continue
		}
		if *updateBaseline {
			writeBaseline(t, pkg)
		}
		for _, line := range breaks(readBaseline(t, pkg.Path()), pkg, unreleased(string(changelog))) {
			t.Errorf("%s: %s; put it right, or name it in CHANGELOG.md", path, line)
		}
	}
}

// TestBreaksAreFound makes sure that the comparison can fail.
func TestBreaksAreFound(t *testing.T) {
	one, none := types.NewPackage("mlopsgo/x", "x"), types.NewPackage("mlopsgo/x", "x")
	one.Scope().Insert(types.NewFunc(token.NoPos, one, "Gone", types.NewSignatureType(nil, nil, nil, nil, nil, false)))
	if lines := breaks(one, none, "nothing of x"); len(lines) != 1 || !strings.Contains(lines[0], "Gone") {
		t.Errorf("a function that is gone: %q", lines)
	}
	if lines := breaks(one, none, "- `x.Gone` is gone."); len(lines) != 0 {
		t.Errorf("one that the changelog names: %q", lines)
	}
	if lines := breaks(none, one, ""); len(lines) != 0 {
		t.Errorf("a new function: %q", lines)
	}
}

// breaks lists the incompatible changes that the changelog does not name.
func breaks(old, now *types.Package, changelog string) []string {
	var lines []string
	for _, change := range apidiff.Changes(old, now).Changes {
		name, _, _ := strings.Cut(change.Message, ":")
		name = strings.NewReplacer("(*", "", "(", "", ")", "").Replace(name)
		if !change.Compatible && !strings.Contains(changelog, "`"+now.Name()+"."+name+"`") {
			lines = append(lines, change.Message)
		}
	}
	return lines
}

// unreleased is the part of the changelog about what nobody has yet.
func unreleased(changelog string) string {
	_, after, _ := strings.Cut(changelog, "## [Unreleased]")
	part, _, _ := strings.Cut(after, "\n## [")
	return part
}

func writeBaseline(t *testing.T, pkg *types.Package) {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	// A set of files that knows none leaves the positions out, which would name the folders of this machine.
	err := errors.Join(gcexportdata.Write(zip, token.NewFileSet(), pkg), zip.Close(),
		os.MkdirAll(filepath.Dir(baselineFile("")), 0o755), os.WriteFile(baselineFile(relative(pkg.Path())), b.Bytes(), 0o644))
	if err != nil {
		t.Fatal(err)
	}
}

func readBaseline(t *testing.T, path string) *types.Package {
	t.Helper()
	file, err := os.Open(baselineFile(relative(path)))
	if err != nil {
		t.Fatalf("%v; make api-baseline", err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := gcexportdata.Read(bytes.NewReader(data), token.NewFileSet(), map[string]*types.Package{}, path)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
