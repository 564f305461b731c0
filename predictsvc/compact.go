package predictsvc

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

// compactForm is a model in a form that is read in a tenth of the time that its file takes: a forest of scikit-learn is 45 MB of text and
// arrays on disk, one in ONNX 30 MB of numbers, and either 4 MB in memory. It lies beside a model's folder in the cache, and is made anew
// when it is missing, damaged, or of another version of this program.
type compactForm struct {
	// File is the file of the folder that it was made of, and Of is that file's SHA-256. Sum is that of the data.
	File string `json:"file"`
	Of   string `json:"of"`
	Sum  string `json:"sum"`
	data []byte
}

// compactAtLeast is the size of a file from which on its compact form is worth keeping: smaller ones are read within milliseconds.
const compactAtLeast = 256 << 10

func compactPath(dir string) string { return dir + ".compact" }

// readCompact reads the compact form of the model in a folder of the cache, nil when there is none that can be trusted: one of the file that
// the folder's sums name, with its own sum.
func readCompact(dir string) *compactForm {
	text, err := os.ReadFile(compactPath(dir))
	if err != nil {
		return nil
	}
	header, data, _ := bytes.Cut(text, []byte("\n"))
	form := &compactForm{data: data}
	sums, err := readSums(dir)
	if err != nil || json.Unmarshal(header, form) != nil || form.Of == "" || sums[form.File] != form.Of || form.Sum != sumOf(data) {
		return nil
	}
	return form
}

// writeCompact keeps the compact form of an engine, if it has one that is worth it and was not read from it.
func writeCompact(dir string, e *engine) error {
	if e.compact == nil {
		return nil
	}
	if file, err := os.Stat(filepath.Join(dir, e.file)); err != nil || file.Size() < compactAtLeast {
		return err
	}
	data, ok := e.compact()
	if !ok {
		return nil
	}
	sums, err := readSums(dir)
	if err != nil {
		return err
	}
	header, err := json.Marshal(compactForm{File: e.file, Of: sums[e.file], Sum: sumOf(data)})
	if err != nil {
		return err
	}
	return replaceFile(compactPath(dir), append(append(header, '\n'), data...))
}
