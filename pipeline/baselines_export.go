package pipeline

import (
	"bytes"
	"context"
	"slices"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/skops"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/neighbors"
	"mlopsgo/pipeline/svm"
)

// export puts a classifier behind the split's scaler into the forms that MLflow gets; graph is nil for none as ONNX.
func (s *Split) export(ctx context.Context, classifier skops.Classifier, trusted []string, graph *onnx.Vectors) (mlmodel.ONNXModel, error) {
	pipeline := skops.Pipeline{
		Scaler: skops.Scaler{Features: s.Features, Mean: s.Scaler.Mean, Var: s.Scaler.Var, Scale: s.Scaler.Scale, Rows: s.TrainX.Rows},
		Other:  classifier,
	}
	var object bytes.Buffer
	if err := pipeline.Write(ctx, &object); err != nil {
		return mlmodel.ONNXModel{}, err
	}
	out := s.Model(nil).described(&mlmodel.SklearnObject{Data: object.Bytes(), Version: skops.SklearnVersion, Trusted: trusted})
	if graph == nil {
		return out, nil
	}
	graph.Mean, graph.Scale, graph.Producer = s.Scaler.Mean, s.Scaler.Scale, "mlopsgo"
	model, err := graph.Model()
	if err != nil {
		return mlmodel.ONNXModel{}, err
	}
	out.Data = model.Encode()
	return out, nil
}

func (s *Split) exportLinear(ctx context.Context, m *svm.Linear) (mlmodel.ONNXModel, error) {
	p, labels, coef := m.Params(), labelsOf(m.Classes(), s.Classes.texts), m.Coef()
	object := &skops.LinearSVC{
		C: p.C, Tol: p.Tol, FitIntercept: !p.NoIntercept, InterceptScaling: p.InterceptScaling, MaxIter: p.MaxIter,
		Classes: labels, Coef: coef.Data, Intercept: m.Intercept(), Iterations: slices.Max(m.Iterations()),
	}
	return s.export(ctx, object, nil, &onnx.Vectors{
		IntClasses: labels.Ints, StringClasses: labels.Texts, Coef: coef.Data, Intercept: m.Intercept(),
	})
}

func (s *Split) exportSVC(ctx context.Context, m *svm.SVC) (mlmodel.ONNXModel, error) {
	p, labels := m.Params(), labelsOf(m.Classes(), s.Classes.texts)
	object := &skops.SVC{
		Kernel: string(p.Kernel), Degree: p.Degree, Gamma: p.GammaRule, Coef0: p.Coef0, Tol: p.Tol, C: p.C, Shrinking: !p.NoShrinking,
		CacheSize: p.CacheMB, MaxIter: p.MaxIter, Classes: labels, UsedGamma: m.Gamma(), Rows: m.TrainingRows(),
		Support: converted[int32](m.Support()), Counts: converted[int32](m.Counts()), Vectors: m.SupportVectors().Data,
		DualCoef: m.DualCoef().Data, Intercept: m.Intercept(), Iterations: converted[int32](m.Iterations()),
	}
	return s.export(ctx, object, nil, &onnx.Vectors{
		IntClasses: labels.Ints, StringClasses: labels.Texts, Coef: pairWeights(m), Intercept: m.Intercept(),
		Support: m.SupportVectors().Data, Gamma: m.Gamma(),
	})
}

// pairWeights are the support vectors' coefficients, a row for each pair of classes.
func pairWeights(m *svm.SVC) []float64 {
	coef, counts := m.DualCoef(), m.Counts()
	starts := make([]int, len(counts)+1)
	for i, n := range counts {
		starts[i+1] = starts[i] + n
	}
	var weights []float64
	for i := range counts {
		for j := i + 1; j < len(counts); j++ {
			row := make([]float64, coef.Cols)
			copy(row[starts[i]:starts[i+1]], coef.Row(j - 1)[starts[i]:])
			copy(row[starts[j]:starts[j+1]], coef.Row(i)[starts[j]:])
			weights = append(weights, row...)
		}
	}
	return weights
}

// exportNeighbors gives the form of scikit-learn only: which of equally distant rows vote hangs on the order in which the tree is searched, for
// which ONNX has no operator, and the data have many such rows.
func (s *Split) exportNeighbors(ctx context.Context, m *neighbors.Classifier) (mlmodel.ONNXModel, error) {
	object := &skops.KNeighbors{
		NNeighbors: m.Params().NNeighbors, LeafSize: m.Params().LeafSize, Classes: labelsOf(m.Classes(), s.Classes.texts),
		X: m.TrainingRows().Data, Y: converted[int64](m.TrainingClasses()),
	}
	tree := m.Tree()
	if tree == nil {
		return s.export(ctx, object, nil, nil)
	}
	object.Tree = &skops.KDTree{Levels: tree.Levels, Order: converted[int64](tree.Order), Lower: tree.Lower, Upper: tree.Upper}
	for _, node := range tree.Nodes {
		object.Tree.Nodes = append(object.Tree.Nodes, skops.KDNode{
			Start: int64(node.Start), End: int64(node.End), Leaf: node.Leaf, Radius: node.Radius,
		})
	}
	return s.export(ctx, object, []string{skops.DistanceType, skops.KDTreeType}, nil)
}
