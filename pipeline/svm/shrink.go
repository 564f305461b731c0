package svm

import "math"

// shrink moves rows whose coefficients are at a bound, and will stay there to all appearances, behind the active ones.
func (s *solver) shrink() {
	up, down := s.violations()
	if !s.unshrunk && up+down <= s.tol*10 {
		s.unshrunk = true
		s.reconstruct()
		s.active = s.p.rows
	}
	for t := 0; t < s.active; t++ {
		if !s.settled(t, up, down) {
			continue
		}
		s.active--
		for s.active > t {
			if !s.settled(s.active, up, down) {
				s.swap(t, s.active)
				break
			}
			s.active--
		}
	}
}

// violations are the largest −y g among coefficients that can move up the side of y, and the largest y g among those that can move down.
func (s *solver) violations() (up, down float64) {
	up, down = math.Inf(-1), math.Inf(-1)
	for t := range s.active {
		raise, reduce := -s.g[t], s.g[t]
		if s.y[t] > 0 {
			if s.at[t] != upper {
				up = max(up, raise)
			}
			if s.at[t] != lower {
				down = max(down, reduce)
			}
			continue
		}
		if s.at[t] != upper {
			down = max(down, raise)
		}
		if s.at[t] != lower {
			up = max(up, reduce)
		}
	}
	return up, down
}

// settled tells that a coefficient is at a bound and its gradient points beyond it by more than any violation.
func (s *solver) settled(t int, up, down float64) bool {
	switch {
	case s.at[t] == free:
		return false
	case s.at[t] == upper && s.y[t] > 0:
		return -s.g[t] > up
	case s.at[t] == upper:
		return -s.g[t] > down
	case s.y[t] > 0:
		return s.g[t] > down
	default:
		return s.g[t] > up
	}
}

// reconstruct brings the gradient of inactive rows up to date.
func (s *solver) reconstruct() {
	n := s.p.rows
	if s.active == n {
		return
	}
	for t := s.active; t < n; t++ {
		s.g[t] = s.gUpper[t] - 1
	}
	count := 0
	for t := range s.active {
		if s.at[t] == free {
			count++
		}
	}
	// Either way gives the same sums, in another order; libsvm takes the one with fewer kernels to compute.
	if count*n > 2*s.active*(n-s.active) {
		for t := s.active; t < n; t++ {
			q := s.q.row(t, s.active)
			for k := range s.active {
				if s.at[k] == free {
					s.g[t] += float64(s.alpha[k] * float64(q[k]))
				}
			}
		}
		return
	}
	for k := range s.active {
		if s.at[k] != free {
			continue
		}
		q := s.q.row(k, n)
		for t := s.active; t < n; t++ {
			s.g[t] += float64(s.alpha[k] * float64(q[t]))
		}
	}
}

func (s *solver) swap(i, j int) {
	s.q.swap(i, j) // y too
	s.g[i], s.g[j] = s.g[j], s.g[i]
	s.gUpper[i], s.gUpper[j] = s.gUpper[j], s.gUpper[i]
	s.at[i], s.at[j] = s.at[j], s.at[i]
	s.alpha[i], s.alpha[j] = s.alpha[j], s.alpha[i]
	s.original[i], s.original[j] = s.original[j], s.original[i]
}
