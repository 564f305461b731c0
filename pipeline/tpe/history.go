package tpe

import (
	"cmp"
	"math"
	"slices"
)

// history keeps the complete and pruned trials in the order in which they are preferred: complete ones by value,
// pruned ones by how far they got, infeasible ones by their violation; ties by number.
type history struct {
	maximize                     bool
	n                            int
	complete, pruned, infeasible []*record
}

func (h *history) add(r *record) {
	h.n++
	switch {
	case r.violation > 0:
		h.infeasible = insert(h.infeasible, r, byViolation)
	case r.state == Complete:
		h.complete = insert(h.complete, r, h.byValue)
	default:
		h.pruned = insert(h.pruned, r, h.byProgress)
	}
}

func insert(a []*record, r *record, order func(a, b *record) int) []*record {
	at, _ := slices.BinarySearchFunc(a, r, func(x, y *record) int {
		return cmp.Or(order(x, y), x.number-y.number)
	})
	return slices.Insert(a, at, r)
}

func byViolation(a, b *record) int {
	return cmp.Compare(a.violation, b.violation)
}

func (h *history) byValue(a, b *record) int {
	if h.maximize {
		a, b = b, a
	}
	return cmp.Compare(a.value, b.value)
}

// byProgress prefers the later last step, then the better value; without reports a trial comes last.
func (h *history) byProgress(a, b *record) int {
	as, av := h.progress(a)
	bs, bv := h.progress(b)
	return cmp.Or(cmp.Compare(as, bs), cmp.Compare(av, bv))
}

func (h *history) progress(r *record) (rank int, value float64) {
	step, value, ok := r.lastReport()
	switch {
	case !ok:
		return 1, 0
	case math.IsNaN(value):
		value = math.Inf(1)
	case h.maximize:
		value = -value
	}
	return -step, value
}

// split marks the n preferred trials and returns them in the order of their numbers.
func (h *history) split(n int) []*record {
	var below []*record
	for _, part := range [][]*record{h.complete, h.pruned, h.infeasible} {
		below = append(below, part[:min(n-len(below), len(part))]...)
	}
	slices.SortFunc(below, func(a, b *record) int { return a.number - b.number })
	return below
}
