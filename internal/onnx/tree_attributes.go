package onnx

import "fmt"

// treeAttributes are the settings of a tree ensemble, with all numbers widened to float64, which is exact.
type treeAttributes struct {
	treeIDs, nodeIDs, featureIDs, yesIDs, noIDs, missing []int64
	modes                                                []string
	values                                               []float64

	leafTrees, leafNodes, classes []int64
	weights                       []float64

	base          []float64
	labels        *Tensor
	postTransform string
	// compact is what there is instead of trees in a compact model.
	compact []byte
}

// readTreeAttributes reads the settings of TreeEnsembleClassifier and TreeEnsembleRegressor (ai.onnx.ml 1 and 3), whose leaves
// have weights for a "class" or a "target". The forms *_as_tensor are for double precision and exclude the plain ones.
func readTreeAttributes(b *builder, leaf string, double bool) (*treeAttributes, error) {
	a := &treeAttributes{
		treeIDs:    b.ints("nodes_treeids"),
		nodeIDs:    b.ints("nodes_nodeids"),
		featureIDs: b.ints("nodes_featureids"),
		yesIDs:     b.ints("nodes_truenodeids"),
		noIDs:      b.ints("nodes_falsenodeids"),
		missing:    b.ints("nodes_missing_value_tracks_true"),
		modes:      b.strings("nodes_modes"),
		values:     b.numbers("nodes_values", double),
		leafTrees:  b.ints(leaf + "_treeids"),
		leafNodes:  b.ints(leaf + "_nodeids"),
		classes:    b.ints(leaf + "_ids"),
		weights:    b.numbers(leaf+"_weights", double),
		base:       b.numbers("base_values", double),

		postTransform: b.text("post_transform", "NONE"),
	}
	b.numbers("nodes_hitrates", double) // statistics of the training, not used for predictions
	if leaf == "class" {
		var err error
		if a.labels, err = b.labels("classlabels_int64s"); err != nil {
			return nil, err
		}
	}
	if trees := b.attr(compactTrees, AttrString); trees != nil {
		a.compact = trees.S
	}
	switch {
	case b.err != nil:
		return nil, b.err
	case a.compact != nil && b.outer.compact:
		return a, nil
	case a.compact != nil:
		return nil, fmt.Errorf("%w: attribute %q", ErrUnsupported, compactTrees)
	}
	if err := a.checkLengths(); err != nil {
		return nil, err
	}
	return a, nil
}

// numbers reads name or name_as_tensor.
func (b *builder) numbers(name string, double bool) []float64 {
	plain := b.floats(name)
	tensor := b.tensor(name + "_as_tensor")
	if tensor == nil {
		out := make([]float64, len(plain))
		for i, v := range plain {
			out[i] = float64(v)
		}
		return out
	}
	switch {
	case len(plain) > 0:
		b.refuse(fmt.Errorf("%w: both %s and %s_as_tensor", ErrFormat, name, name))
	case tensor.Type != Double || !double:
		b.refuse(fmt.Errorf("%w: %s_as_tensor of type %v; it must be DOUBLE, with input of type DOUBLE",
			ErrUnsupported, name, tensor.Type))
	}
	return tensor.F64
}

func (b *builder) refuse(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (a *treeAttributes) checkLengths() error {
	n := len(a.treeIDs)
	if n == 0 {
		return fmt.Errorf("%w: the ensemble has no nodes", ErrFormat)
	}
	if n > maxTreeNodes {
		return fmt.Errorf("%w: %d nodes, the limit is %d", ErrUnsupported, n, maxTreeNodes)
	}
	for _, c := range []struct {
		name  string
		count int
	}{
		{"nodes_nodeids", len(a.nodeIDs)},
		{"nodes_featureids", len(a.featureIDs)},
		{"nodes_modes", len(a.modes)},
		{"nodes_truenodeids", len(a.yesIDs)},
		{"nodes_falsenodeids", len(a.noIDs)},
		{"nodes_values", len(a.values)},
	} {
		if c.count != n {
			return fmt.Errorf("%w: %s has %d entries, nodes_treeids has %d", ErrFormat, c.name, c.count, n)
		}
	}
	if len(a.missing) != 0 && len(a.missing) != n {
		return fmt.Errorf("%w: nodes_missing_value_tracks_true has %d entries for %d nodes", ErrFormat, len(a.missing), n)
	}
	m := len(a.classes)
	if len(a.leafTrees) != m || len(a.leafNodes) != m || len(a.weights) != m {
		return fmt.Errorf("%w: the ids, trees, nodes and weights of leaves have %d, %d, %d and %d entries",
			ErrFormat, m, len(a.leafTrees), len(a.leafNodes), len(a.weights))
	}
	return nil
}
