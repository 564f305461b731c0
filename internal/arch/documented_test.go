package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportedNamesAreDocumented asks for a comment on every exported name of the stable packages. A group of constants or
// variables may share one, and Error of an error says nothing that its name does not.
func TestExportedNamesAreDocumented(t *testing.T) {
	names := 0
	for _, pkg := range stable {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pkg), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has %d files (%v)", pkg, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range parsed.Decls {
				for _, name := range exportedIn(decl) {
					if names++; !name.documented {
						t.Errorf("%s: %s has no comment", fset.Position(decl.Pos()), name.name)
					}
				}
			}
		}
	}
	if names < 500 {
		t.Errorf("only %d exported names", names)
	}
}

type exportedName struct {
	name       string
	documented bool
}

func exportedIn(decl ast.Decl) []exportedName {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Name.IsExported() && decl.Name.Name != "Error" && (decl.Recv == nil || ast.IsExported(receiver(decl.Recv.List[0].Type))) {
			return []exportedName{{decl.Name.Name, decl.Doc != nil}}
		}
	case *ast.GenDecl:
		var names []exportedName
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, exportedName{spec.Name.Name, spec.Doc != nil || decl.Doc != nil})
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names = append(names, exportedName{name.Name, spec.Doc != nil || spec.Comment != nil || decl.Doc != nil})
				}
			}
		}
		exported := names[:0]
		for _, n := range names {
			if ast.IsExported(n.name) {
				exported = append(exported, n)
			}
		}
		return exported
	}
	return nil
}

// receiver is the name of a method's type, of which it may be a pointer or an instance.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
