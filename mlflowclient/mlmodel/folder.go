package mlmodel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrOutside is in the chain of errors for a path in MLmodel that leads out of the folder.
var ErrOutside = errors.New("the path leads out of the model folder")

// WriteFolder makes the directory dir of the files. It appears complete or not at all: the files go to a directory
// beside it, which is renamed. An existing dir is an error.
func WriteFolder(dir string, files []File) error {
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return fmt.Errorf("mlmodel: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, ".mlmodel-")
	if err != nil {
		return fmt.Errorf("mlmodel: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	for _, f := range files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return fmt.Errorf("mlmodel: file %q: %w", f.Name, ErrOutside)
		}
		path := filepath.Join(tmp, filepath.FromSlash(f.Name))
		if err := writeFile(path, f.Data); err != nil {
			return fmt.Errorf("mlmodel: %w", err)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil { // MkdirTemp gives 0700, which other users of the folder cannot enter
		return fmt.Errorf("mlmodel: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("mlmodel: %w", err)
	}
	return nil
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// Folder is a model folder on disk.
type Folder struct {
	Model *Model
	dir   string
}

// OpenFolder reads the file MLmodel of a folder. Other files are read when they are asked for.
func OpenFolder(dir string) (*Folder, error) {
	f := &Folder{dir: dir}
	data, err := f.read(FileName, maxYAMLBytes)
	if err != nil {
		return nil, err
	}
	f.Model, err = Parse(data)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// maxFileBytes bounds what is read into memory: an ONNX file cannot be larger.
const maxFileBytes = 2 << 30

// ReadFile reads a file of the folder by its relative path. Paths that lead out of the folder, by their names or
// through links, are refused.
func (f *Folder) ReadFile(name string) ([]byte, error) { return f.read(name, maxFileBytes) }

func (f *Folder) read(name string, most int64) ([]byte, error) {
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return nil, fmt.Errorf("mlmodel: %q: %w", name, ErrOutside)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	defer func() { _ = root.Close() }()
	file, err := root.Open(local)
	if err != nil {
		return nil, fmt.Errorf("mlmodel: folder %s: %w", f.dir, err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("mlmodel: folder %s: %q is not a file", f.dir, name)
	}
	data := bytes.NewBuffer(make([]byte, 0, min(info.Size(), most+1)+bytes.MinRead)) // so that it need not grow
	if _, err := data.ReadFrom(io.LimitReader(file, most+1)); err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	if int64(data.Len()) > most {
		return nil, fmt.Errorf("mlmodel: folder %s: %q is larger than %d bytes", f.dir, name, most)
	}
	return data.Bytes(), nil
}

// FlavorFile reads the file that a key of a flavor names, such as "data" of "onnx" or "pickled_model" of "sklearn".
func (f *Folder) FlavorFile(flavor, key string) ([]byte, error) {
	config, ok := f.Model.Flavor(flavor)
	if !ok {
		return nil, fmt.Errorf("mlmodel: folder %s has no flavor %q", f.dir, flavor)
	}
	name := config.Text(key)
	if name == "" {
		return nil, fmt.Errorf("mlmodel: folder %s: flavor %q names no %s", f.dir, flavor, key)
	}
	return f.ReadFile(name)
}

// ONNX reads the data of flavor onnx.
func (f *Folder) ONNX() ([]byte, error) { return f.FlavorFile(onnxFlavor, "data") }

// Example reads the input example; nil when the model has none that is a table with names.
func (f *Folder) Example() (*Example, error) {
	info := f.Model.ExampleInfo
	if info == nil || info.Type != string(DataFrameExample) || info.PandasOrient != "split" {
		return nil, nil
	}
	input, err := f.InputExample()
	if err != nil {
		return nil, err
	}
	return input.Table()
}

// InputExample reads the input example of any form; nil when the model has none.
func (f *Folder) InputExample() (*InputExample, error) {
	info := f.Model.ExampleInfo
	if info == nil {
		return nil, nil
	}
	data, err := f.ReadFile(info.ArtifactPath)
	if err != nil {
		return nil, err
	}
	return ParseInputExample(info, data)
}

// Environment reads python_env.yaml and requirements.txt.
func (f *Folder) Environment() (Environment, error) {
	pythonEnv, err := f.ReadFile(pythonEnvFile)
	if err != nil {
		return Environment{}, err
	}
	requirements, err := f.ReadFile(requirementsFile)
	if err != nil {
		return Environment{}, err
	}
	return ParseEnvironment(pythonEnv, requirements)
}
