package arch

import (
	"fmt"
	"go/types"
)

// CheckAPI returns a line for each exported name of the package whose type speaks of a type of a forbidden package. Forbidden is asked
// with a package's import path.
func CheckAPI(pkg *types.Package, forbidden func(path string) bool) []string {
	a := api{pkg: pkg, forbidden: forbidden, seen: map[seenType]bool{}}
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		if object := scope.Lookup(name); object.Exported() {
			a.object(object)
		}
	}
	return a.wrong
}

type api struct {
	pkg       *types.Package
	forbidden func(path string) bool
	seen      map[seenType]bool
	wrong     []string
}

type seenType struct {
	name string
	typ  types.Type
}

func (a *api) object(object types.Object) {
	a.typ(object.Name(), object.Type())
	declared, ok := object.(*types.TypeName)
	if !ok {
		return
	}
	if alias, ok := declared.Type().(*types.Alias); ok {
		a.typ(object.Name(), alias.Rhs())
		return
	}
	named, ok := declared.Type().(*types.Named)
	if !ok {
		return
	}
	a.typ(object.Name(), named.Underlying())
	a.typeParams(object.Name(), named.TypeParams())
	for method := range named.Methods() {
		if method.Exported() {
			a.typ(object.Name()+"."+method.Name(), method.Signature())
		}
	}
}

// typ looks for forbidden types in what the exported name is made of. A named type of another allowed package is not opened: its own
// package answers for it.
func (a *api) typ(name string, t types.Type) {
	if t == nil || a.seen[seenType{name, t}] {
		return
	}
	a.seen[seenType{name, t}] = true
	switch t := t.(type) {
	case *types.Alias:
		a.reference(name, t.Obj())
		a.typeArgs(name, t.TypeArgs())
		if t.Obj().Pkg() == a.pkg {
			a.typ(name, t.Rhs())
		}
	case *types.Named:
		a.reference(name, t.Obj())
		a.typeArgs(name, t.TypeArgs())
	case *types.Pointer:
		a.typ(name, t.Elem())
	case *types.Slice:
		a.typ(name, t.Elem())
	case *types.Array:
		a.typ(name, t.Elem())
	case *types.Chan:
		a.typ(name, t.Elem())
	case *types.Map:
		a.typ(name, t.Key())
		a.typ(name, t.Elem())
	case *types.Signature:
		a.signature(name, t)
	case *types.Struct:
		a.fields(name, t)
	case *types.Interface:
		a.methods(name, t)
	case *types.Union:
		for term := range t.Terms() {
			a.typ(name, term.Type())
		}
	}
}

func (a *api) reference(name string, referred *types.TypeName) {
	if pkg := referred.Pkg(); pkg != nil && a.forbidden(pkg.Path()) {
		a.wrong = append(a.wrong, fmt.Sprintf("%s.%s exposes %s.%s", a.pkg.Path(), name, pkg.Path(), referred.Name()))
	}
}

func (a *api) signature(name string, s *types.Signature) {
	a.typeParams(name, s.TypeParams())
	for v := range s.Params().Variables() {
		a.typ(name, v.Type())
	}
	for v := range s.Results().Variables() {
		a.typ(name, v.Type())
	}
}

func (a *api) fields(name string, s *types.Struct) {
	for field := range s.Fields() {
		// An embedded field hands its methods on whether its name is exported or not.
		if field.Exported() || field.Embedded() {
			a.typ(name+"."+field.Name(), field.Type())
		}
	}
}

func (a *api) methods(name string, i *types.Interface) {
	for embedded := range i.EmbeddedTypes() {
		a.typ(name, embedded)
	}
	for method := range i.ExplicitMethods() {
		if method.Exported() {
			a.typ(name+"."+method.Name(), method.Type())
		}
	}
}

func (a *api) typeParams(name string, params *types.TypeParamList) {
	for param := range params.TypeParams() {
		a.typ(name, param.Constraint())
	}
}

func (a *api) typeArgs(name string, args *types.TypeList) {
	for arg := range args.Types() {
		a.typ(name, arg)
	}
}
