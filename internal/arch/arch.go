// Package arch holds the architecture of the module as tests: which package may import which, what is never linked into a program,
// and which libraries the public packages keep to themselves.
//
// The rules, each with its reason, are the table in rules_test.go. A new package belongs to no rule until somebody decides what it may
// import: the test fails and says so. The files beside it are the checkers, which know nothing of this module, and are tested on
// made-up graphs, so that they are known to fail when they should.
package arch

import (
	"fmt"
	"slices"
	"strings"
)

// Package is one package of the import graph. Paths are relative to the module for its own packages ("pipeline/forest"; "." for the
// package in the module's folder) and full for all others.
type Package struct {
	Path    string
	Imports []string // what its code imports, without its tests
	Deps    []string // what is linked with it, directly or not
}

// Rule says what some packages may import of the module.
type Rule struct {
	Packages  []string // paths; "x/..." stands for x and everything below
	MayImport []string // likewise
	Reason    string
}

// CheckImports returns a line for each import of a module's package that no rule allows, and for each package that no rule covers.
// The first rule that covers a package counts. The graph holds the packages of the module only.
func CheckImports(graph []Package, rules []Rule) []string {
	own := map[string]bool{}
	for _, p := range graph {
		own[p.Path] = true
	}
	var wrong []string
	for _, p := range graph {
		i := slices.IndexFunc(rules, func(r Rule) bool { return Covers(r.Packages, p.Path) })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("%s: no rule covers this package; add it to one in internal/arch/rules_test.go, "+
				"or add a rule with the reason for what it may import", p.Path))
			continue
		}
		for _, imported := range p.Imports {
			if own[imported] && !Covers(rules[i].MayImport, imported) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s, but %s", p.Path, imported, rules[i].Reason))
			}
		}
	}
	return wrong
}

// CheckLinked returns a line for each of the forbidden packages (patterns as in a Rule) that one of the packages is linked with.
func CheckLinked(graph []Package, forbidden []string, reason string) []string {
	var wrong []string
	for _, p := range graph {
		for _, dep := range p.Deps {
			if Covers(forbidden, dep) {
				wrong = append(wrong, fmt.Sprintf("%s is linked with %s, but %s", p.Path, dep, reason))
			}
		}
	}
	return wrong
}

// Covers tells whether one of the patterns stands for the path.
func Covers(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
			return path == tree || strings.HasPrefix(path, tree+"/")
		}
		return path == pattern
	})
}
