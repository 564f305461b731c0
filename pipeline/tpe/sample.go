package tpe

import "fmt"

// sample draws the parameters of the space together by TPE: candidates from the mixture of the good trials, of which
// the first with the largest ratio of the good to the other density is taken.
func (s *Study) sample(r *record, space []dim, out []float64) error {
	below, above, err := s.split(r)
	if err != nil {
		return err
	}
	good := newMixture(below, space, s.cfg.TieOrder)
	rest := newMixture(above, space, s.cfg.TieOrder)
	points := good.sample(s.rng, s.cfg.EICandidates)
	best := argmaxDifference(good.logDensity(points), rest.logDensity(points))
	for i := range out {
		out[i] = points[i][best]
	}
	return nil
}

// split divides the trials the model sees into the good ones and the others, both in the order of their numbers.
func (s *Study) split(r *record) (below, above []*record, err error) {
	n := s.cfg.Gamma(s.history.n)
	if n < 0 {
		return nil, nil, fmt.Errorf("Config.Gamma(%d) is %d, but a number of trials is not negative", s.history.n, n)
	}
	below = s.history.split(n)
	above = make([]*record, 0, len(s.trials)-len(below))
	left := below
	for _, t := range s.trials {
		switch {
		case len(left) > 0 && left[0] == t:
			left = left[1:]
		case t.state == Complete || t.state == Pruned:
			above = append(above, t)
		case t.state == Running && t != r && !s.cfg.IgnoreRunning:
			above = append(above, t)
		}
	}
	return below, above, nil
}

// argmaxDifference is numpy's argmax of p - q: the first largest, or the first that is not a number.
func argmaxDifference(p, q []float64) int {
	best, top := 0, p[0]-q[0]
	for i := range p {
		d := p[i] - q[i]
		if d != d {
			return i
		}
		if d > top {
			best, top = i, d
		}
	}
	return best
}
