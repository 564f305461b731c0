package mlmodel

import (
	"errors"
	"fmt"
	"strings"
)

// Environment says what must be installed to load a model in Python.
type Environment struct {
	// Python is the version of Python, such as "3.11.7".
	Python string
	// Build are the requirements of the installation itself: pip, setuptools, wheel.
	Build []string
	// Requirements are lines of requirements.txt.
	Requirements []string
}

// DefaultEnvironment is what a model of flavor onnx needs: the versions with which this package is tested.
func DefaultEnvironment() Environment {
	return Environment{
		Python:       "3.11.7",
		Build:        []string{"pip==23.2.1", "setuptools==65.5.0", "wheel"},
		Requirements: []string{"mlflow==3.17.2", "numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0"},
	}
}

// Names of the files of an environment.
const (
	requirementsFile = "requirements.txt"
	condaFile        = "conda.yaml"
	pythonEnvFile    = "python_env.yaml"
)

func (e Environment) check() error {
	for _, s := range append(append([]string{e.Python}, e.Build...), e.Requirements...) {
		if strings.TrimSpace(s) == "" || strings.ContainsAny(s, "\r\n") {
			return fmt.Errorf("the environment has an empty line or one with a line break: %q", s)
		}
	}
	return nil
}

// RequirementsTXT writes requirements.txt.
func (e Environment) RequirementsTXT() []byte { return []byte(strings.Join(e.Requirements, "\n")) }

// CondaYAML writes conda.yaml. The pip of Build becomes an upper bound, because conda gets new versions later.
func (e Environment) CondaYAML() ([]byte, error) {
	dependencies := []any{"python=" + e.Python}
	for _, b := range e.Build {
		if v, ok := strings.CutPrefix(b, "pip=="); ok {
			dependencies = append(dependencies, "pip<="+v)
		} else if b == "pip" {
			dependencies = append(dependencies, b)
		}
	}
	dependencies = append(dependencies, Map{{"pip", texts(e.Requirements)}})
	return writeYAML(Map{
		{"channels", []any{"conda-forge"}},
		{"dependencies", dependencies},
		{"name", "mlflow-env"},
	}, true)
}

// PythonEnvYAML writes python_env.yaml.
func (e Environment) PythonEnvYAML() ([]byte, error) {
	return writeYAML(Map{
		{"python", e.Python},
		{"build_dependencies", texts(e.Build)},
		{"dependencies", []any{"-r " + requirementsFile}},
	}, false)
}

func texts(s []string) []any {
	items := []any{}
	for _, v := range s {
		items = append(items, v)
	}
	return items
}

// ParseEnvironment reads python_env.yaml and requirements.txt.
func ParseEnvironment(pythonEnv, requirements []byte) (Environment, error) {
	var e Environment
	doc, err := readYAML(pythonEnv)
	if err != nil {
		return e, fmt.Errorf("mlmodel: %w: %s: %w", ErrFormat, pythonEnvFile, err)
	}
	if e.Python, err = version(doc.value("python")); err != nil {
		return e, fmt.Errorf("mlmodel: %w: %s: python: %w", ErrFormat, pythonEnvFile, err)
	}
	build, _ := doc.value("build_dependencies").([]any)
	for _, b := range build {
		if s, ok := b.(string); ok {
			e.Build = append(e.Build, s)
		}
	}
	e.Requirements = ParseRequirements(requirements)
	return e, nil
}

// version reads a version that may look like a number, such as 3.11.
func version(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case float64:
		return pythonFloat(v), nil
	default:
		return "", errors.New("want a version")
	}
}

// ParseRequirements returns the lines of a requirements.txt without comments and empty ones.
func ParseRequirements(data []byte) []string {
	var lines []string
	for line := range strings.Lines(string(data)) {
		if before, _, ok := strings.Cut(line, " #"); ok {
			line = before
		}
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}
