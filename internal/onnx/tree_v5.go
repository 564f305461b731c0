package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// buildTreeEnsemble reads TreeEnsemble of ai.onnx.ml 5, which keeps branches and leaves apart and gives no node an id. The trees are written
// out in the form of the older operators, which is checked and laid out in one place.
func buildTreeEnsemble(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double)
	if err != nil {
		return nil, nil, err
	}
	v, err := readTreesV5(b, t)
	if err != nil {
		return nil, nil, err
	}
	a, err := v.written()
	if err != nil {
		return nil, nil, err
	}
	aggregate, err := nameOf(b.int("aggregate_function", 1), "aggregate_function", "AVERAGE", "SUM", "MIN", "MAX")
	if err != nil {
		return nil, nil, err
	}
	post, err := nameOf(b.int("post_transform", 0), "post_transform", "NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
	if err != nil {
		return nil, nil, err
	}
	if t == Double && post != "NONE" {
		return nil, nil, fmt.Errorf("%w: post_transform %q of DOUBLE", ErrUnsupported, post)
	}
	f, err := newTargets(b.int("n_targets", 1), aggregate, post, nil)
	if err != nil {
		return nil, nil, err
	}
	f.elem = t
	return f.build(b, a, aggregate)
}

func nameOf(i int64, what string, names ...string) (string, error) {
	if i < 0 || i >= int64(len(names)) {
		return "", fmt.Errorf("%w: %s %d", ErrFormat, what, i)
	}
	return names[i], nil
}

type treesV5 struct {
	roots, features, missing []int64
	yes, no, yesLeaf, noLeaf []int64
	modes                    []byte
	splits, weights          []float64
	targets                  []int64

	out     *treeAttributes
	visited []bool
}

func readTreesV5(b *builder, t DataType) (*treesV5, error) {
	v := &treesV5{
		roots: b.ints("tree_roots"), features: b.ints("nodes_featureids"), missing: b.ints("nodes_missing_value_tracks_true"),
		yes: b.ints("nodes_truenodeids"), no: b.ints("nodes_falsenodeids"),
		yesLeaf: b.ints("nodes_trueleafs"), noLeaf: b.ints("nodes_falseleafs"),
		splits: b.numbersV5("nodes_splits", t), weights: b.numbersV5("leaf_weights", t), targets: b.ints("leaf_targetids"),
	}
	if a := b.attr("nodes_hitrates", AttrTensor); a != nil && b.err != nil { // statistics of the training, not used for predictions
		return nil, b.err
	}
	b.attr("membership_values", AttrTensor) // of branches that are refused
	if a := b.attr("nodes_modes", AttrTensor); a != nil && a.T != nil {
		v.modes = uint8s(a.T)
	}
	if b.err != nil {
		return nil, b.err
	}
	n := len(v.modes)
	for name, list := range map[string][]int64{
		"nodes_featureids": v.features, "nodes_truenodeids": v.yes, "nodes_falsenodeids": v.no, "nodes_trueleafs": v.yesLeaf, "nodes_falseleafs": v.noLeaf,
	} {
		if len(list) != n {
			return nil, fmt.Errorf("%w: %s has %d entries, nodes_modes has %d", ErrFormat, name, len(list), n)
		}
	}
	if len(v.splits) != n || len(v.targets) != len(v.weights) || (v.missing != nil && len(v.missing) != n) {
		return nil, fmt.Errorf("%w: %d modes, %d splits, %d targets and %d weights of leaves", ErrFormat, n, len(v.splits), len(v.targets), len(v.weights))
	}
	return v, nil
}

// numbersV5 reads a tensor of the type of the input.
func (b *builder) numbersV5(name string, t DataType) []float64 {
	x := b.tensor(name)
	if x == nil {
		return nil
	}
	if x.Type != t {
		b.refuse(fmt.Errorf("%w: %s of type %v for an input of type %v", ErrFormat, name, x.Type, t))
		return nil
	}
	out := make([]float64, x.Len())
	for i := range out {
		out[i] = x.float(i)
	}
	return out
}

// uint8s reads the elements of a UINT8 tensor, a type that no value of a graph has here, out of the fields kept as bytes.
func uint8s(t *Tensor) (out []byte) {
	const typeUint8, fieldInt32s, fieldRaw = 2, 5, 9
	if t.Type != typeUint8 {
		return nil
	}
	d := &decoder{budget: memoryFor(len(t.Unknown))}
	for f := d.message("tensor", t.Unknown, 0); f.next(); {
		switch {
		case f.num == fieldRaw && f.typ == protowire.BytesType:
			out = append(out, f.b...)
		case f.num == fieldInt32s:
			for _, v := range f.appendInts(nil) {
				out = append(out, byte(v))
			}
		}
	}
	return out
}

// written makes node lists of each tree. A branch may be reached once; a leaf may serve several branches.
func (v *treesV5) written() (*treeAttributes, error) {
	v.out, v.visited = &treeAttributes{}, make([]bool, len(v.modes))
	for tree, root := range v.roots {
		if err := v.write(int64(tree), root); err != nil {
			return nil, fmt.Errorf("tree %d: %w", tree, err)
		}
	}
	return v.out, v.out.checkLengths()
}

// entryV5 is a branch, or a leaf.
type entryV5 struct {
	at   int64
	leaf bool
}

func (v *treesV5) write(tree, root int64) error {
	names := [...]string{"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER"}
	queue := []entryV5{{at: root}}
	for id := 0; id < len(queue); id++ {
		e := queue[id]
		if e.leaf {
			if e.at < 0 || e.at >= int64(len(v.weights)) {
				return fmt.Errorf("%w: a leaf %d that does not exist", ErrFormat, e.at)
			}
			v.add(tree, int64(id), "LEAF", 0, 0, 0, 0, 0)
			v.out.leafTrees, v.out.leafNodes = append(v.out.leafTrees, tree), append(v.out.leafNodes, int64(id))
			v.out.classes, v.out.weights = append(v.out.classes, v.targets[e.at]), append(v.out.weights, v.weights[e.at])
			continue
		}
		switch {
		case e.at < 0 || e.at >= int64(len(v.modes)):
			return fmt.Errorf("%w: a branch %d that does not exist", ErrFormat, e.at)
		case v.visited[e.at]:
			return fmt.Errorf("%w: branch %d is reached twice; a tree has no cycles", ErrFormat, e.at)
		case int(v.modes[e.at]) >= len(names):
			return fmt.Errorf("%w: branch %d has mode %d", ErrFormat, e.at, v.modes[e.at])
		}
		v.visited[e.at] = true
		var missing int64
		if v.missing != nil {
			missing = v.missing[e.at]
		}
		child := int64(len(queue))
		v.add(tree, int64(id), names[v.modes[e.at]], v.features[e.at], v.splits[e.at], child, child+1, missing)
		queue = append(queue, entryV5{v.yes[e.at], v.yesLeaf[e.at] != 0}, entryV5{v.no[e.at], v.noLeaf[e.at] != 0})
	}
	return nil
}

func (v *treesV5) add(tree, id int64, mode string, feature int64, split float64, yes, no, missing int64) {
	a := v.out
	a.treeIDs, a.nodeIDs, a.modes = append(a.treeIDs, tree), append(a.nodeIDs, id), append(a.modes, mode)
	a.featureIDs, a.values = append(a.featureIDs, feature), append(a.values, split)
	a.yesIDs, a.noIDs, a.missing = append(a.yesIDs, yes), append(a.noIDs, no), append(a.missing, missing)
}
