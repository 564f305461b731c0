package tpe

import (
	"maps"
	"slices"
	"strings"
)

// dim is a parameter to sample.
type dim struct {
	name  string
	index int // in record.values
	dist  *dist
}

// jointSpace gathers from the complete and pruned trials which parameters are sampled together.
type jointSpace interface {
	add(r *record)
	// spaces lists the groups, each sorted by name and without parameters of a single value.
	spaces() [][]dim
}

// intersectionSpace is the one group of the parameters that every trial had, with equal distributions.
type intersectionSpace struct {
	started bool
	dims    []dim
}

func (s *intersectionSpace) add(r *record) {
	if !s.started {
		s.started = true
		s.dims = dimsOf(r)
		return
	}
	s.dims = slices.DeleteFunc(s.dims, func(d dim) bool {
		p := r.find(d.name)
		return p == nil || !p.dist.equal(d.dist)
	})
}

func (s *intersectionSpace) spaces() [][]dim {
	return [][]dim{withoutSingles(s.dims)}
}

// groupSpace partitions the parameters so that every trial had all of a group or none of it. A parameter keeps the
// first distribution it had.
type groupSpace struct {
	groups  [][]dim
	pending []*record // trials are added in the order of their numbers when a proposal needs the groups
}

func (s *groupSpace) add(r *record) {
	s.pending = append(s.pending, r)
}

func (s *groupSpace) spaces() [][]dim {
	slices.SortFunc(s.pending, func(a, b *record) int { return a.number - b.number })
	for _, r := range s.pending {
		s.split(r)
	}
	s.pending = nil
	out := make([][]dim, len(s.groups))
	for i, group := range s.groups {
		out[i] = withoutSingles(group)
	}
	return out
}

// split divides each group into what the trial had and what it had not; the trial's other parameters are a new group.
func (s *groupSpace) split(r *record) {
	left := map[string]dim{}
	for _, d := range dimsOf(r) {
		left[d.name] = d
	}
	var next [][]dim
	for _, group := range s.groups {
		var in, out []dim
		for _, d := range group {
			if _, ok := left[d.name]; ok {
				in = append(in, d)
				delete(left, d.name)
			} else {
				out = append(out, d)
			}
		}
		next = append(next, in, out)
	}
	next = append(next, sorted(slices.Collect(maps.Values(left))))
	s.groups = slices.DeleteFunc(next, func(group []dim) bool { return len(group) == 0 })
}

func dimsOf(r *record) []dim {
	dims := make([]dim, len(r.params))
	for i, p := range r.params {
		dims[i] = dim(p)
	}
	return sorted(dims)
}

func sorted(dims []dim) []dim {
	slices.SortFunc(dims, func(a, b dim) int { return strings.Compare(a.name, b.name) })
	return dims
}

func withoutSingles(dims []dim) []dim {
	out := make([]dim, 0, len(dims))
	for _, d := range dims {
		if !d.dist.single() {
			out = append(out, d)
		}
	}
	return out
}
