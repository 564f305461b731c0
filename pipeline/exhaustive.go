package pipeline

import (
	"fmt"
	"slices"
)

// exhaustive is the source that settles every point of the space with as few forests as possible. Three rules, all exact, make points
// share one:
//
//   - the first k trees of a forest are the forest of k trees, so the largest n_estimators serves all;
//   - points of one [family] have the same trees;
//   - a max_depth that no tree of the forest reaches acts like none, so all larger ones give the same forest.
//
// Each forest is one trial. Its Params are the best point among those it settles (the fewest trees of equally accurate ones, the
// smallest depth and split), and its Curve the accuracy at every n_estimators of the space.
//
// A family's depths are tried in ascending order, each when the one before is known; different families do not wait for each other.
type exhaustive struct {
	families []family
	depths   []int
	sizes    []int

	asked  int
	chains []chain
	// at finds the family of a trial under way.
	at map[int]int
}

// chain is how far a family is: the next depth, and whether one is under way.
type chain struct {
	next int
	busy bool
}

func (s *Study) exhaustive() (*exhaustive, error) {
	families, err := s.Space.families(s.Split.TrainX.Cols)
	if err != nil {
		return nil, err
	}
	return &exhaustive{
		families: families, depths: values(s.Space.MaxDepth), sizes: values(s.Space.NEstimators),
		chains: make([]chain, len(families)), at: map[int]int{},
	}, nil
}

func (e *exhaustive) next() (*assignment, error) {
	for i, chain := range e.chains {
		if !chain.busy && chain.next < len(e.depths) {
			return e.begin(i), nil
		}
	}
	return nil, nil
}

// begin gives the next depth of a family.
func (e *exhaustive) begin(family int) *assignment {
	e.asked++
	e.chains[family].busy = true
	e.at[e.asked] = family
	params := e.families[family].params
	params.MaxDepth = e.depths[e.chains[family].next]
	return &assignment{
		number: e.asked, place: family*len(e.depths) + e.chains[family].next + 1, params: params, sizes: e.sizes, points: e.families[family].equal,
	}
}

func (e *exhaustive) tell(trial Trial) error {
	family, ok := e.at[trial.Number]
	if !ok {
		return fmt.Errorf("trial %d was not under way", trial.Number)
	}
	delete(e.at, trial.Number)
	chain := &e.chains[family]
	chain.busy = false
	chain.next++
	if trial.deepest < trial.Params.MaxDepth {
		chain.next = len(e.depths) // deeper ones are the same forest
	}
	return nil
}

// drop ends the family: without this depth it is not known whether larger ones differ.
func (e *exhaustive) drop(number int) error {
	e.chains[e.at[number]] = chain{next: len(e.depths)}
	delete(e.at, number)
	return nil
}

// again finds the family and the depth by the trial's place.
func (e *exhaustive) again(past *pastTrial) (*assignment, error) {
	family, depth := (past.place-1)/len(e.depths), (past.place-1)%len(e.depths)
	if past.place < 1 || family >= len(e.families) {
		return nil, fmt.Errorf("trial %d has place %d in a space of %d: the study was begun with another space", past.number, past.place, len(e.families)*len(e.depths))
	}
	if e.chains[family] != (chain{next: depth}) {
		return nil, fmt.Errorf("trial %d is out of turn in its family: was a run before it deleted?", past.number)
	}
	e.asked = past.number - 1
	a := e.begin(family)
	return a, past.check(a)
}

// settles is how many points of the space a trial settles, when the depth of its trees is known.
func (a *assignment) settles(trial Trial, space ForestSpace) int {
	if len(a.sizes) == 0 {
		return 1
	}
	depths := 1
	if trial.deepest < a.params.MaxDepth {
		all := values(space.MaxDepth)
		at, _ := slices.BinarySearch(all, a.params.MaxDepth)
		depths = len(all) - at
	}
	return a.points * depths * len(a.sizes)
}
