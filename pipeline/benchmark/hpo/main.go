// Command hpo times the study of ./pipeline/hpo against the Python original beside it, both logged to the same real MLflow server.
//
//	make bench-hpo
//	go run ./pipeline/benchmark/hpo --trials 50 --rounds 1 --at-least 7
//
// Both sides are whole processes, started in turn, and must report the same accuracy for every trial.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/internal/original"
)

const description = `Times the study against the Python original (Optuna, scikit-learn, MLflow), both logged to the same MLflow server.

Run it in the module's folder with the stack up; it needs MLFLOW_TRACKING_URI, as stack/up prints it. Exits with 1 when the ratio is too low or the
accuracies differ.`

// benchmark is the command's flags.
type benchmark struct {
	Trials   int     `help:"Trials of each study." default:"50"`
	Rounds   int     `help:"How often both are timed, in turn; the fastest of each counts." default:"1"`
	AtLeast  float64 `help:"The ratio of wall times to reach." default:"7"`
	Tracking string  `help:"The MLflow server." env:"MLFLOW_TRACKING_URI" required:""`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "bench-hpo", Description: description}, &benchmark{}))
}

// side is one of the two programs.
type side struct {
	name    string
	command func(ctx context.Context) *exec.Cmd
	read    func(stdout []byte) ([]float64, error)
	times   []time.Duration
	results []float64
}

// Run times both sides.
func (b *benchmark) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "bench-hpo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ours, theirs, err := b.sides(ctx, dir)
	if err != nil {
		return err
	}
	for round := range b.Rounds {
		for _, s := range []*side{theirs, ours} {
			if err := s.run(ctx, fmt.Sprintf("bench-hpo-%s-%d", s.name, time.Now().UnixNano()), stderr); err != nil {
				return fmt.Errorf("round %d: %w", round+1, err)
			}
		}
	}
	if !slices.Equal(ours.results, theirs.results) {
		return fmt.Errorf("the accuracies differ:\n%v (Python)\n%v (Go)", theirs.results, ours.results)
	}
	slow, fast := slices.Min(theirs.times), slices.Min(ours.times)
	ratio := slow.Seconds() / fast.Seconds()
	if _, err := fmt.Fprintf(stdout, "%d trials, equal accuracies, best %v\nPython  %7.2f s\nGo      %7.2f s\nratio   %7.1f\n",
		b.Trials, slices.Max(ours.results), slow.Seconds(), fast.Seconds(), ratio); err != nil {
		return err
	}
	if ratio < b.AtLeast {
		return fmt.Errorf("the ratio is %.1f, not at least %v", ratio, b.AtLeast)
	}
	return nil
}

// sides prepares both programs: everything that a user has installed before is built or looked up now.
func (b *benchmark) sides(ctx context.Context, dir string) (ours, theirs *side, err error) {
	binary := filepath.Join(dir, "hpo")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./pipeline/hpo").CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("build ./pipeline/hpo: %w: %s", err, out)
	}
	python, err := original.Interpreter(ctx, "mlflow")
	if err != nil {
		return nil, nil, err
	}
	trials := strconv.Itoa(b.Trials)
	ours = &side{name: "go", read: readLines, command: func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, binary, trials)
	}}
	theirs = &side{name: "python", read: readJSON, command: func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, python, "pipeline/benchmark/hpo/original.py", "internal/wine/winequality-red.csv", trials)
	}}
	return ours, theirs, nil
}

// run runs the side once.
func (s *side) run(ctx context.Context, experiment string, stderr io.Writer) error {
	process := s.command(ctx)
	process.Env = append(os.Environ(), "MLFLOW_EXPERIMENT_NAME="+experiment)
	var out bytes.Buffer
	var noise bytes.Buffer
	process.Stdout, process.Stderr = &out, &noise
	start := time.Now()
	if err := process.Run(); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", s.name, err), errors.New(noise.String()))
	}
	s.times = append(s.times, time.Since(start))
	results, err := s.read(out.Bytes())
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	s.results = results
	_, err = fmt.Fprintf(stderr, "%-6s  %7.2f s\n", s.name, s.times[len(s.times)-1].Seconds())
	return err
}

// readJSON reads the last line that original.py prints; those before are MLflow's.
func readJSON(stdout []byte) ([]float64, error) {
	stdout = bytes.TrimSpace(stdout)
	stdout = stdout[bytes.LastIndexByte(stdout, '\n')+1:]
	var result struct{ Accuracy []float64 }
	if err := json.Unmarshal(stdout, &result); err != nil {
		return nil, fmt.Errorf("%w in %q", err, stdout)
	}
	return result.Accuracy, nil
}

var trialLine = regexp.MustCompile(`(?m)^trial +\d+ +accuracy ([0-9.]+) `)

// readLines reads what ./pipeline/hpo prints.
func readLines(stdout []byte) ([]float64, error) {
	var all []float64
	for _, found := range trialLine.FindAllSubmatch(stdout, -1) {
		value, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, nil
}
