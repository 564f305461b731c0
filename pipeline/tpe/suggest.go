package tpe

import "fmt"

// checkDist reports whether d may follow the distribution that name had in the study before.
func (s *Study) checkDist(name string, d *dist) error {
	i, ok := s.params[name]
	if !ok {
		return nil
	}
	if err := d.compatible(s.dists[i]); err != nil {
		return fmt.Errorf("tpe: suggest %q: %w", name, err)
	}
	return nil
}

// suggest proposes a value for a distribution that checkDist accepted, in Optuna's order of preference: the value the
// trial already has, the only possible value, the one drawn together with others, one drawn alone.
func (s *Study) suggest(r *record, name string, d *dist) (float64, error) {
	if p := r.find(name); p != nil {
		if !p.dist.equal(d) {
			return 0, fmt.Errorf("tpe: suggest %q for trial %d: %w: this trial already has it from %v", name, r.number, ErrDistribution, p.dist.source)
		}
		return r.values[p.index], nil
	}
	v, err := s.propose(r, name, d)
	if err != nil {
		return 0, fmt.Errorf("tpe: suggest %q for trial %d: %w", name, r.number, err)
	}
	r.set(name, s.register(name, d), d, v)
	return v, nil
}

// register gives name an index in the trials' values and remembers its latest distribution.
func (s *Study) register(name string, d *dist) int {
	i, ok := s.params[name]
	if !ok {
		i = len(s.dists)
		s.params[name] = i
		s.dists = append(s.dists, nil)
	}
	s.dists[i] = d
	return i
}

func (s *Study) propose(r *record, name string, d *dist) (float64, error) {
	if d.single() {
		return d.low, nil
	}
	if s.cfg.Sampler == Random {
		return s.startup.random(d), nil
	}
	if err := s.drawJoint(r); err != nil {
		return 0, err
	}
	index, known := s.params[name]
	if known && index < len(r.joint) && r.joint[index] == r.joint[index] && d.contains(r.joint[index]) {
		return r.joint[index], nil
	}
	if s.history.n < s.cfg.StartupTrials {
		return s.startup.random(d), nil
	}
	if !known {
		index = len(s.dists)
	}
	var v [1]float64
	err := s.sample(r, []dim{{name: name, index: index, dist: d}}, v[:])
	return v[0], err
}

// drawJoint draws, once a trial and not before its first parameter needs it, the parameters that are sampled together.
func (s *Study) drawJoint(r *record) error {
	if r.jointDrawn || s.cfg.Univariate {
		return nil
	}
	r.jointDrawn = true
	for _, space := range s.joint.spaces() {
		if len(space) == 0 || s.history.n < s.cfg.StartupTrials {
			continue
		}
		values := make([]float64, len(space))
		if err := s.sample(r, space, values); err != nil {
			return err
		}
		for i, dim := range space {
			r.joint = put(r.joint, dim.index, values[i])
		}
	}
	return nil
}
