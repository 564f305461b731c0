package sklearn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"mlopsgo/internal/onnx"
)

// compactModel is what a compact form holds beside the trees.
type compactModel struct {
	Features int             `json:"features"`
	Names    []string        `json:"names,omitempty"`
	Steps    []compactScaler `json:"steps,omitempty"`
	Classes  Classes         `json:"classes"`
	Trees    float64         `json:"trees"`
}

// compactScaler is a scaler.
type compactScaler struct {
	RoundsOwn bool      `json:"rounds_own,omitempty"`
	Minus     []float64 `json:"minus,omitempty"`
	By        []float64 `json:"by,omitempty"`
	Times     []float64 `json:"times,omitempty"`
	Plus      []float64 `json:"plus,omitempty"`
	Clip      bool      `json:"clip,omitempty"`
	Lowest    float64   `json:"lowest,omitempty"`
	Highest   float64   `json:"highest,omitempty"`
}

// Compact is a form of a model that [ReadCompact] reads much faster than its file; false for those that gain nothing by it, which are all but
// forests, and for the few forests that have none.
//
// It is the length of a JSON object in four bytes, the object, and the trees.
func (m *Model) Compact() ([]byte, bool) {
	final, ok := m.final.(*forest)
	if !ok {
		return nil, false
	}
	about := compactModel{Features: m.features, Names: m.names, Classes: m.classes, Trees: final.trees}
	for _, step := range m.steps {
		s, ok := step.(*scaler)
		if !ok {
			return nil, false
		}
		about.Steps = append(about.Steps, compactScaler{s.roundsOwn, s.minus, s.by, s.times, s.plus, s.clip, s.lowest, s.highest})
	}
	text, err := json.Marshal(about) // fails for a scaler that holds infinity
	if err != nil {
		return nil, false
	}
	trees, ok := final.sums.Compact()
	if !ok {
		return nil, false
	}
	return append(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...), trees...), true
}

// ReadCompact reads what Compact wrote. One of another version, or one that is damaged, is refused: [ErrFormat].
func ReadCompact(data []byte) (*Model, error) {
	refused := func(what string) error { return fmt.Errorf("sklearn: %w: a compact model with %s", ErrFormat, what) }
	if len(data) < 4 || int64(binary.LittleEndian.Uint32(data)) > int64(len(data)-4) {
		return nil, refused("no beginning")
	}
	n := binary.LittleEndian.Uint32(data)
	var about compactModel
	decoder := json.NewDecoder(bytes.NewReader(data[4 : 4+n]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&about); err != nil {
		return nil, refused(err.Error())
	}
	sums, err := onnx.ReadTreeSums(data[4+n:])
	if err != nil {
		return nil, fmt.Errorf("sklearn: %w: %w", ErrFormat, err)
	}
	m := &Model{features: about.Features, names: about.Names, classes: about.Classes, final: &forest{sums: sums, trees: about.Trees}}
	kinds := 0
	for _, n := range []int{len(m.classes.Ints), len(m.classes.Floats), len(m.classes.Texts), len(m.classes.Bools)} {
		kinds += min(n, 1)
	}
	if m.features < 1 || sums.Features() != m.features || kinds != 1 || m.classes.Len() < 2 || sums.Columns() != m.classes.Len() || !(about.Trees >= 1) ||
		(m.names != nil && len(m.names) != m.features) {
		return nil, refused("numbers that do not fit")
	}
	for _, s := range about.Steps {
		for _, values := range [][]float64{s.Minus, s.By, s.Times, s.Plus} {
			if values != nil && len(values) != m.features {
				return nil, refused("a scaler of another width")
			}
		}
		if (s.Times == nil) != (s.Plus == nil) {
			return nil, refused("half a scaler")
		}
		m.steps = append(m.steps, &scaler{s.RoundsOwn, s.Minus, s.By, s.Times, s.Plus, s.Clip, s.Lowest, s.Highest})
	}
	return m, nil
}
