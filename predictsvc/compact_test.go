package predictsvc

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mlopsgo/mlflowclient/mlmodel"
)

// TestCompactFormONNX is testCompactForm for our own export.
func TestCompactFormONNX(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	must(t, mlmodel.WriteFolder(dir, modelFiles(t, bigForest(20), nil)))
	testCompactForm(t, dir, "model.onnx", "mlopsgo_trees", "mlopsgo_trunk")
}

// testCompactForm: a model that was loaded before is read from its compact form, gives the same answers, and a form that cannot be trusted
// changes nothing. It works on a copy of a folder; the model is in a file of it, and another version would write newer where this one writes
// older.
func testCompactForm(t *testing.T, written, name, older, newer string) {
	c := cache{t.TempDir()}
	from := source{Name: "forest", ArtifactURI: "x"}
	dir := c.folder(from)
	must(t, os.CopyFS(dir, os.DirFS(written)))
	must(t, c.seal(from))
	answers := func() ([]float64, []int64) {
		m, err := loadModel(t.Context(), dir, from, DefaultTarget)
		must(t, err)
		must(t, writeCompact(dir, m.engine))
		var rows []float64
		for i := range 4 * 500 {
			rows = append(rows, float64(i*7919%1000)/250-2)
		}
		out, err := m.engine.newEvaluator().evaluate(rows, nil, 500)
		must(t, err)
		probabilities := make([]float64, 500)
		for i := range probabilities {
			probabilities[i] = number(out[1], i*width(out[1]))
		}
		return probabilities, slices.Clone(out[0].I64)
	}
	probabilities, labels := answers()
	form, err := os.ReadFile(compactPath(dir))
	must(t, err)
	path := filepath.Join(dir, name)
	file, err := os.ReadFile(path)
	must(t, err)
	if len(form) > len(file)/2 {
		t.Errorf("the compact form has %d bytes, and the file %d", len(form), len(file))
	}
	same := func(what string) {
		t.Helper()
		must(t, c.valid(from))
		again, labelsAgain := answers()
		if !slices.Equal(again, probabilities) || !slices.Equal(labelsAgain, labels) {
			t.Errorf("other predictions from %s", what)
		}
	}
	must(t, os.WriteFile(path, nil, 0o600)) // so that only the compact form can be it
	same("the compact form")
	must(t, os.WriteFile(path, file, 0o600))
	for what, damaged := range map[string][]byte{
		"a form with another bit":        append(append([]byte{}, form[:len(form)-1]...), form[len(form)-1]^1),
		"a form of another file":         bytes.Replace(form, []byte(`"of":"`), []byte(`"of":"0`), 1),
		"half a form":                    form[:len(form)/2],
		"a form of another version":      otherVersion(t, form, older, newer),
		"an empty file":                  nil,
		"a form that says it is MLmodel": bytes.Replace(form, []byte(name), []byte("MLmodel"), 1),
	} {
		must(t, os.WriteFile(compactPath(dir), damaged, 0o600))
		same(what)
		if anew, err := os.ReadFile(compactPath(dir)); err != nil || !bytes.Equal(anew, form) {
			t.Errorf("%s is not made anew: %v", what, err)
		}
	}
	must(t, os.WriteFile(compactPath(dir), otherVersion(t, form, older, newer), 0o600))
	changed := slices.Clone(file)
	changed[len(changed)/2] ^= 1
	must(t, os.WriteFile(path, changed, 0o600))
	if _, err := loadModel(t.Context(), dir, from, DefaultTarget); !errors.Is(err, errChanged) {
		t.Errorf("a changed file beside a form of another version: %v", err)
	}
	must(t, os.Remove(compactPath(dir)))
	must(t, os.WriteFile(path, nil, 0o600))
	if c.valid(from) == nil {
		t.Error("a damaged file is valid without a compact form")
	}
}

// otherVersion is a form with its own sum that this version of the program does not read.
func otherVersion(t *testing.T, form []byte, older, newer string) []byte {
	t.Helper()
	header, data, _ := bytes.Cut(form, []byte("\n"))
	changed := bytes.Replace(data, []byte(older), []byte(newer), 1)
	if bytes.Equal(changed, data) {
		t.Fatalf("the form has no %s", older)
	}
	return append(append(bytes.Replace(header, []byte(sumOf(data)), []byte(sumOf(changed)), 1), '\n'), changed...)
}
