package arch_test

import (
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/arch"
)

func TestCheckImportsOnMadeUpGraph(t *testing.T) {
	rules := []arch.Rule{
		{Packages: []string{"client/codec"}, Reason: "the codec is a leaf"},
		{Packages: []string{"client/..."}, MayImport: []string{"client/...", "rest"}, Reason: "a client knows rest only"},
		{Packages: []string{"rest"}, Reason: "rest is a leaf"},
	}
	for _, test := range []struct {
		name  string
		graph []arch.Package
		want  []string // the beginnings of the lines
	}{
		{"allowed", []arch.Package{
			{Path: "client", Imports: []string{"net/http", "rest", "client/codec"}},
			{Path: "client/codec", Imports: []string{"github.com/other/rest"}},
			{Path: "rest"},
		}, nil},
		{"a leaf that imports", []arch.Package{
			{Path: "client"}, {Path: "rest", Imports: []string{"client"}},
		}, []string{"rest imports client, but rest is a leaf"}},
		{"the first rule counts", []arch.Package{
			{Path: "client/codec", Imports: []string{"rest"}}, {Path: "rest"},
		}, []string{"client/codec imports rest, but the codec is a leaf"}},
		{"a package without a rule", []arch.Package{
			{Path: "client2"}, {Path: "other"},
		}, []string{"client2: no rule covers", "other: no rule covers"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := arch.CheckImports(test.graph, rules)
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCheckLinkedOnMadeUpGraph(t *testing.T) {
	graph := []arch.Package{
		{Path: "tool", Deps: []string{"fmt", "testing/fstest", "internal/stack"}},
		{Path: "clean", Deps: []string{"fmt", "testingx"}},
	}
	got := arch.CheckLinked(graph, []string{"testing/...", "internal/stack"}, "users do not run tests")
	want := []string{"tool is linked with testing/fstest, but users do not run tests", "tool is linked with internal/stack, but users do not run tests"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
