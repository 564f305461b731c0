package onnx

import (
	"fmt"
	"math"
)

// svmClassifier is SVMClassifier with support vectors, after libsvm: each pair of classes has a score, whose sign is a vote; the class with
// most votes wins, the first of equals. All is float32, but for the sums over the support vectors, as in onnxruntime; wider inputs are
// rounded first.
type svmClassifier struct {
	kernelFunction
	labels *Tensor
	first  []int // number of the first support vector of each class, and at last of all
	// vectors holds one row a support vector, coefficients a row of them for each class but one.
	vectors, coefficients []float32
	rho, probA, probB     []float32
	transform             string
}

func buildSVMClassifier(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float, Double, Int64, Int32); err != nil {
		return nil, nil, err
	}
	f, err := readKernelFunction(b)
	if err != nil {
		return nil, nil, err
	}
	k := &svmClassifier{
		kernelFunction: f, vectors: b.floats("support_vectors"), coefficients: b.floats("coefficients"), rho: b.floats("rho"),
		probA: b.floats("prob_a"), probB: b.floats("prob_b"), transform: b.text("post_transform", "NONE"),
	}
	if k.labels, err = b.labels("classlabels_ints"); err != nil {
		return nil, nil, err
	}
	if err := k.readVectors(b.ints("vectors_per_class")); err != nil {
		return nil, nil, err
	}
	return k, []valueType{{elem: k.labels.Type}, {elem: Float}}, nil
}

func (k *svmClassifier) pairs() int { return k.labels.Len() * (k.labels.Len() - 1) / 2 }

// readVectors checks that all lists have the lengths that the number of support vectors of each class asks for.
func (k *svmClassifier) readVectors(perClass []int64) error {
	classes, total := k.labels.Len(), 0
	k.first = []int{0}
	for _, n := range perClass {
		if n < 0 || n > int64(len(k.vectors)-total) {
			return fmt.Errorf("%w: %d support vectors of a class, and %d numbers for all", ErrFormat, n, len(k.vectors))
		}
		total += int(n)
		k.first = append(k.first, total)
	}
	switch {
	case len(k.vectors) == 0 || total == 0:
		return fmt.Errorf("%w: no support vectors; a linear model is a LinearClassifier", ErrUnsupported)
	case classes < 2 || len(perClass) != classes || len(k.vectors)%total != 0:
		return fmt.Errorf("%w: %d classes, %d counts of support vectors, %d numbers for %d vectors",
			ErrFormat, classes, len(perClass), len(k.vectors), total)
	case len(k.coefficients) != total*(classes-1):
		return fmt.Errorf("%w: %d coefficients for %d support vectors of %d classes", ErrFormat, len(k.coefficients), total, classes)
	case len(k.rho) != k.pairs():
		return fmt.Errorf("%w: %d numbers rho for %d pairs of classes", ErrFormat, len(k.rho), k.pairs())
	case len(k.probA) != len(k.probB) || (len(k.probA) != 0 && len(k.probA) != k.pairs()):
		return fmt.Errorf("%w: %d and %d numbers prob_a and prob_b for %d pairs of classes", ErrFormat, len(k.probA), len(k.probB), k.pairs())
	case k.transform != "NONE":
		return fmt.Errorf("%w: post_transform %q", ErrUnsupported, k.transform)
	}
	return nil
}

// svmBuffers are for one row.
type svmBuffers struct {
	row, kernels, scores []float32
	votes                []int
	coupling             coupling
}

func (k *svmClassifier) run(s *scratch, in, out []*Tensor) error {
	x := in[0]
	n, width, err := rows(x)
	if err != nil {
		return err
	}
	classes, total := k.labels.Len(), k.first[k.labels.Len()]
	if want := len(k.vectors) / total; width != want {
		return fmt.Errorf("%d columns, but support vectors of %d", width, want)
	}
	if s.svm == nil {
		s.svm = &svmBuffers{
			row: make([]float32, width), kernels: make([]float32, total), scores: make([]float32, k.pairs()), votes: make([]int, classes),
			coupling: newCoupling(classes),
		}
	}
	label, scores := orNew(out[0], x), orNew(out[1], x)
	s.dims = append(s.dims[:0], int64(n))
	if err := label.resize(k.labels.Type, s.dims); err != nil {
		return err
	}
	columns := k.columns()
	s.dims = append(s.dims, int64(columns))
	if err := scores.resize(Float, s.dims); err != nil {
		return err
	}
	for i := range n {
		for j := range s.svm.row {
			s.svm.row[j] = float32(x.float(i*width + j))
		}
		class := k.score(s.svm, scores.F32[i*columns:(i+1)*columns])
		copyRange(label, i, k.labels, class, 1)
	}
	return nil
}

// columns is the number of scores of a row: one a class with probabilities or two classes, else one a pair of classes.
func (k *svmClassifier) columns() int {
	if len(k.probA) > 0 || k.labels.Len() == 2 {
		return k.labels.Len()
	}
	return k.pairs()
}

// score fills dst for the row in w and returns the class.
func (k *svmClassifier) score(w *svmBuffers, dst []float32) int {
	k.evaluate(w.kernels, w.row, k.vectors)
	clear(w.votes)
	classes, pair := k.labels.Len(), 0
	for i := range classes {
		for j := i + 1; j < classes; j++ {
			sum := k.add(k.add(0, w.kernels, j-1, i), w.kernels, i, j) + float64(k.rho[pair])
			w.scores[pair] = float32(sum)
			if sum > 0 {
				w.votes[i]++
			} else {
				w.votes[j]++
			}
			pair++
		}
	}
	class := 0
	for c, v := range w.votes {
		if v > w.votes[class] {
			class = c
		}
	}
	switch {
	case len(k.probA) > 0:
		w.coupling.probabilities(dst, w.scores, k.probA, k.probB)
	case classes == 2:
		dst[0], dst[1] = -w.scores[0], w.scores[0]
	default:
		copy(dst, w.scores)
	}
	return class
}

// add adds one row of coefficients over the support vectors of a class to a sum. Products are rounded to float32.
func (k *svmClassifier) add(sum float64, kernels []float32, row, class int) float64 {
	from, to := k.first[class], k.first[class+1]
	coefficients := k.coefficients[row*len(kernels):][from:to]
	for i, v := range kernels[from:to] {
		sum += float64(float32(coefficients[i] * v))
	}
	return sum
}

// kernelFunction compares a row with a support vector.
type kernelFunction struct {
	name                 string
	gamma, coef0, degree float32
}

func readKernelFunction(b *builder) (kernelFunction, error) {
	f := kernelFunction{name: b.text("kernel_type", "LINEAR")}
	p := b.floats("kernel_params")
	if len(p) != 0 && len(p) != 3 {
		return f, fmt.Errorf("%w: %d kernel_params, want gamma, coef0 and degree", ErrFormat, len(p))
	}
	if len(p) == 3 {
		f.gamma, f.coef0, f.degree = p[0], p[1], p[2]
	}
	switch f.name {
	case "LINEAR", "POLY", "RBF", "SIGMOID":
		return f, nil
	default:
		return f, fmt.Errorf("%w: kernel_type %q", ErrUnsupported, f.name)
	}
}

// evaluate compares a row with all vectors.
func (f *kernelFunction) evaluate(dst, row, vectors []float32) {
	width := len(row)
	for i := range dst {
		v := vectors[i*width : (i+1)*width]
		if f.name == "RBF" {
			var sum float32
			for j, a := range row {
				d := a - v[j]
				sum += float32(d * d)
			}
			dst[i] = float32(math.Exp(float64(-f.gamma * sum)))
			continue
		}
		dst[i] = f.ofProduct(dot(row, 1, v, 1, width))
	}
}

func (f *kernelFunction) ofProduct(product float32) float32 {
	switch f.name {
	case "POLY":
		base := fused(f.gamma, product, f.coef0)
		switch f.degree {
		case 2:
			return base * base
		case 3:
			return float32(base*base) * base
		default:
			return float32(math.Pow(float64(base), float64(f.degree)))
		}
	case "SIGMOID":
		return float32(math.Tanh(float64(fused(f.gamma, product, f.coef0))))
	default:
		return product
	}
}
