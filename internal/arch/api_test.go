package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/arch"
)

// imports answers every import with one made-up package that declares what the test needs.
type imports struct{ pkg *types.Package }

func (i imports) Import(string) (*types.Package, error) { return i.pkg, nil }

func check(t *testing.T, path, source string, importer types.Importer) *types.Package {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path+".go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := (&types.Config{Importer: importer}).Check(path, files, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

func TestCheckAPIOnMadeUpPackage(t *testing.T) {
	web := check(t, "example.com/web", `package web
		type Client struct{}
		func (Client) Get() {}
		type List[T any] []T
		type Doer interface{ Do() }`, nil)
	for _, test := range []struct {
		declared string
		exposed  string // the exported name that exposes something; "" for none
	}{
		{"type hidden struct { Client web.Client }", ""},
		{"type Kept struct { client web.Client }", ""},
		{"func (Kept) use(web.Client) {}; type Kept struct{}", ""},
		{"func private() web.Client { panic(0) }", ""},
		{"type Open struct { Client *web.Client }", "Open.Client"},
		{"type Embeds struct { web.Client }", "Embeds.Client"},
		{"type Nested struct { In struct { List map[string][]web.Client } }", "Nested.In.List"},
		{"func Make() (chan [2]web.Client, error) { panic(0) }", "Make"},
		{"func Hook(func(web.Client)) {}", "Hook"},
		{"type T struct{}; func (*T) Use(...web.Client) {}", "T.Use"},
		{"type Face interface { Use(web.Client) }", "Face.Use"},
		{"type Wide interface { web.Doer }", "Wide"},
		{"func Generic[T web.Doer]() {}", "Generic"},
		{"type Box[T interface { ~map[string]int | web.List[int] }] struct{}", "Box"},
		{"type Same = web.Client", "Same"},
		{"type New web.List[int]", ""}, // a type of its own: nothing of web is left in it
		{"var Shared web.List[int]", "Shared"},
		{"type own[T any] struct{}; var Of own[web.Client]", "Of"},
	} {
		t.Run(test.declared, func(t *testing.T) {
			pkg := check(t, "example.com/api", "package api; import \"web\"; var _ web.Client; "+test.declared, imports{web})
			got := arch.CheckAPI(pkg, func(path string) bool { return path == web.Path() })
			if test.exposed == "" {
				if len(got) > 0 {
					t.Errorf("got %q, want nothing", got)
				}
				return
			}
			hasName := func(line string) bool { return strings.HasPrefix(line, "example.com/api."+test.exposed+" ") }
			if !slices.ContainsFunc(got, hasName) {
				t.Errorf("got %q, want a line about %s", got, test.exposed)
			}
		})
	}
}
