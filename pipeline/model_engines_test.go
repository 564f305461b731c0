package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/onnx"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

// What is compared: so many rows, of which the first are those of the table, and how far probabilities may be apart.
const (
	engineRows = 20_000
	sameWithin = 1e-7
)

// engine is a forest that four engines evaluate.
type engine struct {
	name   string
	split  *Split
	model  *forest.Classifier
	folder string
}

// TestEnginesAgree has the same 20,000 rows answered by onnxruntime and scikit-learn, which load the folder that Go wrote, by Go's evaluator
// of ONNX, and by the forest itself. Labels are the same but where two classes have the same probability, which for no wine is so;
// probabilities of scikit-learn are the forest's to the last bit, those of ONNX, which has them as float32, within 1e-7.
func TestEnginesAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates 2,000 trees on 20,000 rows four times")
	}
	python, dir := stack.Python(t, "mlflow"), t.TempDir()
	engines := engineCases(t)
	var rows forest.Matrix
	var folders []string
	for i := range engines {
		e := &engines[i]
		e.folder = filepath.Join(dir, strconv.Itoa(i))
		export, err := e.split.Model(e.model).Export(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		files, err := export.Files()
		if err == nil {
			err = mlmodel.WriteFolder(e.folder, files)
		}
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, e.folder)
	}
	rows = hardRows(engines[0].split)
	file := filepath.Join(dir, "rows")
	writeFloats(t, file, rows.Data)
	command := exec.CommandContext(t.Context(), python, append([]string{"testdata/engines.py", file, strconv.Itoa(rows.Cols)}, folders...)...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { e.compare(t, rows) })
	}
}

// engineCases are forests on the original's four features: prefixes of one of 2,000 trees, and small ones with other parameters and classes.
func engineCases(t *testing.T) []engine {
	t.Helper()
	split := redWine(t)
	p := forest.DefaultParams()
	p.NEstimators = 2000
	full, err := forest.Fit(t.Context(), split.TrainX, split.TrainY, p)
	if err != nil {
		t.Fatal(err)
	}
	var engines []engine
	for _, trees := range []int{1, 50, 500, 2000} {
		part, err := full.Prefix(trees)
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, engine{name: fmt.Sprintf("%d trees", trees), split: split, model: part})
	}
	data, err := LoadTable(t.Context(), wineInGrades(t), dataset.ReadOptions{Text: []string{"grade"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []struct {
		name, target string
		change       func(*forest.Params)
	}{
		{"no bootstrap", "quality", func(p *forest.Params) { p.Bootstrap, p.MinSamplesSplit = false, 10 }},
		{"balanced", "quality", func(p *forest.Params) { p.ClassWeightRule, p.MinSamplesLeaf = forest.ClassWeightBalanced, 2 }},
		{"class weights without bootstrap", "quality", func(p *forest.Params) {
			p.ClassWeights, p.Bootstrap, p.MaxDepth = map[int]float64{5: 0.3, 6: 1.7}, false, 9
		}},
		{"entropy, all features", "quality", func(p *forest.Params) { p.Criterion, p.MaxFeatures = forest.Entropy, forest.MaxFeaturesAll }},
		{"texts, weighed anew by each tree", "grade", func(p *forest.Params) {
			p.ClassWeightRule, p.MaxSamplesFraction = forest.ClassWeightBalancedSubsample, 0.6
		}},
		{"two classes", "good", func(p *forest.Params) { p.MaxLeafNodes = 60 }},
	} {
		problem := RedWine()
		problem.Target = other.target
		split, err := problem.Prepare(data.Table)
		if err != nil {
			t.Fatal(err)
		}
		p := forest.DefaultParams()
		p.NEstimators = 50
		other.change(&p)
		model, err := forest.Fit(t.Context(), split.TrainX, split.TrainY, p)
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, engine{name: other.name, split: split, model: model})
	}
	return engines
}

// hardRows are all wines, a grid over the range of each feature, and rows of midpoints between wines: thresholds are such midpoints, and a
// value that falls on one shows every rounding that is not scikit-learn's.
func hardRows(split *Split) forest.Matrix {
	wines := slices.Concat(split.RawTestX.Data, split.RawTrainX.Data)
	rows, cols := slices.Clone(wines), split.RawTestX.Cols
	values := make([][]float64, cols)
	for i, v := range wines {
		values[i%cols] = append(values[i%cols], v)
	}
	for c := range values {
		slices.Sort(values[c])
		values[c] = slices.Compact(values[c])
	}
	const steps = 11
	for cell := range steps * steps * steps * steps {
		for c := range values {
			low, high := values[c][0], values[c][len(values[c])-1]
			rows = append(rows, low+(high-low)*float64(cell%steps)/(steps-1))
			cell /= steps
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for len(rows) < engineRows*cols {
		for c := range values {
			i := random.IntN(len(values[c]) - 1)
			rows = append(rows, values[c][i]/2+values[c][i+1]/2)
		}
	}
	return forest.Matrix{Data: rows, Rows: engineRows, Cols: cols}
}

// answers are a row's label, by its position among the classes, and probabilities.
type answers struct {
	labels        []int
	probabilities []float64
}

func (e *engine) compare(t *testing.T, rows forest.Matrix) {
	t.Helper()
	classes := len(e.model.Classes())
	want := e.forest(t, rows)
	ties := make([]bool, rows.Rows)
	for r := range ties {
		p := slices.Sorted(slices.Values(want.probabilities[r*classes : (r+1)*classes]))
		ties[r] = p[classes-1]-p[classes-2] < 1e-12 // sums of equal shares in another order
	}
	wines := e.split.RawTestX.Rows + e.split.RawTrainX.Rows
	for name, got := range map[string]answers{
		"scikit-learn": readAnswers(t, filepath.Join(e.folder, "sklearn"), classes), "onnxruntime": readAnswers(t, filepath.Join(e.folder, "onnx"), classes),
		"Go's ONNX": e.onnx(t, rows),
	} {
		if len(got.labels) != engineRows {
			t.Fatalf("%s answered %d rows", name, len(got.labels))
		}
		different, tied, apart := 0, 0, 0.0
		for r, label := range got.labels {
			if label != want.labels[r] {
				if ties[r] && r >= wines {
					tied++
				} else {
					different++
				}
			}
		}
		for i, p := range got.probabilities {
			apart = max(apart, math.Abs(p-want.probabilities[i]))
		}
		limit := sameWithin
		if name == "scikit-learn" {
			limit = 0
		}
		if different > 0 || !(apart <= limit) {
			t.Errorf("%s: %d labels differ, probabilities by up to %g", name, different, apart)
		}
		t.Logf("%s: labels differ in %d of 20,000 rows, and in %d ties; probabilities by up to %.2g", name, different, tied, apart)
	}
}

// forest answers with the forest itself.
func (e *engine) forest(t *testing.T, rows forest.Matrix) answers {
	t.Helper()
	scaled, err := e.split.Scaler.Transform(rows)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.model.PredictProba(t.Context(), scaled)
	if err != nil {
		t.Fatal(err)
	}
	out := answers{probabilities: p.Data}
	labels, err := e.model.Predict(context.WithoutCancel(t.Context()), scaled)
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range labels {
		out.labels = append(out.labels, slices.Index(e.model.Classes(), label))
	}
	return out
}

// onnx answers with Go's evaluator.
func (e *engine) onnx(t *testing.T, rows forest.Matrix) answers {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(e.folder, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := onnx.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	session, err := onnx.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := session.NewRunner().Run(onnx.NewDoubles(rows.Data, int64(rows.Rows), int64(rows.Cols)))
	if err != nil {
		t.Fatal(err)
	}
	var out answers
	labels := labelsOf(e.model.Classes(), e.split.Classes.texts)
	for r := range rows.Rows {
		if labels.Texts != nil {
			out.labels = append(out.labels, slices.Index(labels.Texts, tensors[0].Str[r]))
		} else {
			out.labels = append(out.labels, slices.Index(labels.Ints, tensors[0].I64[r]))
		}
		for _, column := range tensors[1:] {
			out.probabilities = append(out.probabilities, float64(column.F32[r]))
		}
	}
	return out
}

func readAnswers(t *testing.T, file string, classes int) answers {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float64, len(data)/8)
	if err := binary.Read(bytes.NewReader(data), binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	var out answers
	for row := range slices.Chunk(values, classes+1) {
		out.labels = append(out.labels, int(row[0]))
		out.probabilities = append(out.probabilities, row[1:]...)
	}
	return out
}

func writeFloats(t *testing.T, file string, values []float64) {
	t.Helper()
	var data bytes.Buffer
	if err := binary.Write(&data, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
