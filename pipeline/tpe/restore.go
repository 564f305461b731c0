package tpe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrState marks bytes that [Study.SamplerState] did not write.
var ErrState = errors.New("invalid sampler state")

// AddTrial adds a finished trial, perhaps of an earlier run, as the study's next one: its number is not kept. The
// generators are not advanced, as in Optuna: a study restored by AddTrial alone draws from the seed's first number
// again. [Study.SetSamplerState] continues where another study stopped. A trial that was still running then can be
// added as failed, to keep the numbers of those after it.
func (s *Study) AddTrial(t FrozenTrial) error {
	if err := s.addTrial(t); err != nil {
		return fmt.Errorf("tpe: add trial %d: %w", t.Number, err)
	}
	return nil
}

func (s *Study) addTrial(t FrozenTrial) error {
	switch {
	case t.State != Complete && t.State != Pruned && t.State != Failed:
		return fmt.Errorf("its state is %v: only finished trials can be added", t.State)
	case t.State == Complete && math.IsNaN(t.Value):
		return ErrNotANumber
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	dists, values := make([]*dist, len(t.Params)), make([]float64, len(t.Params))
	for i, p := range t.Params {
		d, err := resolve(p.Name, p.Distribution)
		if err != nil {
			return err
		}
		if err := s.checkDist(p.Name, d); err != nil {
			return err
		}
		if values[i], err = d.internal(p.Value); err != nil {
			return fmt.Errorf("parameter %q: %w", p.Name, err)
		}
		dists[i] = d
	}
	r := &record{number: len(s.trials)}
	for i, p := range t.Params {
		if r.find(p.Name) != nil {
			return fmt.Errorf("%w: parameter %q occurs twice", ErrDistribution, p.Name)
		}
		r.set(p.Name, s.register(p.Name, dists[i]), dists[i], values[i])
	}
	for step, value := range t.Reports {
		if err := r.report(step, value); err != nil {
			return err
		}
	}
	for _, c := range t.Constraints {
		if err := r.constrain(c.Name, c.Value); err != nil {
			return err
		}
	}
	r.finish(t.State, t.Value)
	s.trials = append(s.trials, r)
	s.learn(r)
	return nil
}

// stateSize is a version and two generators of 624 words and a position.
const (
	stateVersion = 1
	stateSize    = 4 * (1 + 2*(mtSize+1))
)

// SamplerState returns the state of the random generators: with it and the trials added in their order, another study
// of the same configuration proposes what this one would.
func (s *Study) SamplerState() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, stateSize), stateVersion)
	for _, g := range []*mt19937{s.startup, s.rng} {
		for _, w := range &g.key {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(g.pos))
	}
	return b
}

// SetSamplerState continues from the state another study returned. It changes nothing if it fails.
func (s *Study) SetSamplerState(state []byte) error {
	if len(state) != stateSize || binary.LittleEndian.Uint32(state) != stateVersion {
		return fmt.Errorf("tpe: %w: want %d bytes of version %d", ErrState, stateSize, stateVersion)
	}
	var generators [2]mt19937
	at := 4
	next := func() uint32 {
		w := binary.LittleEndian.Uint32(state[at:])
		at += 4
		return w
	}
	for i := range generators {
		g := &generators[i]
		for j := range g.key {
			g.key[j] = next()
		}
		pos := next()
		if pos > mtSize {
			return fmt.Errorf("tpe: %w: generator %d stands at word %d of %d", ErrState, i, pos, mtSize)
		}
		g.pos = int(pos)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startup, s.rng = &generators[0], &generators[1]
	return nil
}
