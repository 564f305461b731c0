package tpe

import (
	"math"
	"slices"
	"testing"
)

// trialWith returns a finished trial with the named parameters.
func trialWith(number int, names ...string) *record {
	r := &record{number: number, state: Complete}
	for i, name := range names {
		r.set(name, i, &dist{high: 1}, 0)
	}
	return r
}

func groupNames(spaces [][]dim) [][]string {
	out := make([][]string, len(spaces))
	for i, space := range spaces {
		for _, d := range space {
			out[i] = append(out[i], d.name)
		}
	}
	return out
}

func equalGroups(a, b [][]string) bool {
	return slices.EqualFunc(a, b, slices.Equal[[]string])
}

func TestIntersectionSpace(t *testing.T) {
	var s intersectionSpace
	if got := groupNames(s.spaces()); !equalGroups(got, [][]string{nil}) {
		t.Errorf("empty study: %v", got)
	}
	s.add(trialWith(0, "b", "a", "c"))
	s.add(trialWith(1, "c", "a", "d"))
	if got, want := groupNames(s.spaces()), [][]string{{"a", "c"}}; !equalGroups(got, want) {
		t.Errorf("parameters of both trials: %v, want %v, sorted", got, want)
	}
	moved := &record{number: 2, state: Complete}
	moved.set("a", 0, &dist{high: 2}, 0)
	moved.set("c", 1, &dist{high: 1}, 0)
	s.add(moved)
	if got, want := groupNames(s.spaces()), [][]string{{"c"}}; !equalGroups(got, want) {
		t.Errorf("after a's range moved: %v, want %v", got, want)
	}
	s.add(trialWith(3))
	s.add(trialWith(4, "c"))
	if got := groupNames(s.spaces()); !equalGroups(got, [][]string{nil}) {
		t.Errorf("after a trial without parameters: %v, want none", got)
	}
}

// TestGroupSpace: trials count in the order of their numbers, however they finish.
func TestGroupSpace(t *testing.T) {
	var s groupSpace
	s.add(trialWith(1, "x", "b"))
	s.add(trialWith(0, "x", "a", "y"))
	if got, want := groupNames(s.spaces()), [][]string{{"x"}, {"a", "y"}, {"b"}}; !equalGroups(got, want) {
		t.Errorf("groups are %v, want %v", got, want)
	}
	s.add(trialWith(2, "y", "b", "z"))
	if got, want := groupNames(s.spaces()), [][]string{{"x"}, {"y"}, {"a"}, {"b"}, {"z"}}; !equalGroups(got, want) {
		t.Errorf("groups are %v, want %v", got, want)
	}
}

func TestSpacesLeaveOutSingleValues(t *testing.T) {
	r := trialWith(0, "a")
	r.set("b", 1, &dist{low: 1, high: 1}, 1)
	for _, s := range []jointSpace{&intersectionSpace{}, &groupSpace{}} {
		s.add(r)
		if got, want := groupNames(s.spaces()), [][]string{{"a"}}; !equalGroups(got, want) {
			t.Errorf("%T: %v, want %v", s, got, want)
		}
	}
}

func numbers(trials []*record) []int {
	out := make([]int, len(trials))
	for i, r := range trials {
		out[i] = r.number
	}
	return out
}

func TestHistoryOrder(t *testing.T) {
	h := history{maximize: true}
	nan := math.NaN()
	for i, r := range []record{
		{state: Complete, value: 1},
		{state: Complete, value: 3},
		{state: Complete, value: 3},
		{state: Pruned},                                       // no report: last of the pruned
		{state: Pruned, reports: map[int]float64{0: 9, 5: 1}}, //
		{state: Pruned, reports: map[int]float64{5: 2}},       // as far, and better when maximizing
		{state: Pruned, reports: map[int]float64{5: nan}},     // as far, but not a number
		{state: Pruned, reports: map[int]float64{2: 100}},     // less far
		{state: Complete, value: 99, violation: 2},            // infeasible: behind all others
		{state: Pruned, violation: 1},                         //
		{state: Complete, value: math.Inf(-1)},                // still complete
	} {
		r.number = i
		h.add(&r)
	}
	all := numbers(slices.Concat(h.complete, h.pruned, h.infeasible))
	if want := []int{1, 2, 0, 10, 5, 4, 6, 7, 3, 9, 8}; !slices.Equal(all, want) || h.n != 11 {
		t.Errorf("order of preference is %v, want %v", all, want)
	}
	for n, want := range map[int][]int{0: {}, 2: {1, 2}, 5: {0, 1, 2, 5, 10}, 10: {0, 1, 2, 3, 4, 5, 6, 7, 9, 10}, 99: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}} {
		if got := numbers(h.split(n)); !slices.Equal(got, want) {
			t.Errorf("the %d preferred are %v, want %v", n, got, want)
		}
	}
}

// TestRunningTrialsShowWhatWasDrawn: a running trial counts with all it will have, also before it is suggested.
func TestRunningTrialsShowWhatWasDrawn(t *testing.T) {
	r := &record{}
	if v := r.at(0); v == v {
		t.Errorf("a trial without parameters has %v", v)
	}
	r.joint = put(r.joint, 2, 5)
	r.set("a", 0, &dist{}, 1)
	if r.at(0) != 1 || r.at(2) != 5 || !math.IsNaN(r.at(1)) || !math.IsNaN(r.at(7)) {
		t.Errorf("values are %v, %v, %v", r.at(0), r.at(1), r.at(2))
	}
	r.set("c", 2, &dist{}, 6)
	if r.at(2) != 6 {
		t.Errorf("the suggested value is %v, want 6 instead of the drawn one", r.at(2))
	}
	if r.finish(Complete, 0); r.at(1) == r.at(1) {
		t.Error("a finished trial shows what it never had")
	}
}
