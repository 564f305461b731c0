package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"mlopsgo/internal/dataset"
	"mlopsgo/mlflowclient"
)

// ExplorationExperiment is where explorations are recorded when nothing else is said.
const ExplorationExperiment = "red-wine-quality-exploration"

// DefaultThreshold is the correlation with the target above which a feature counts as telling: the original kept the four features that pass it.
const DefaultThreshold = 0.2

// ExplorationReport is the report's file, in the folder and among the run's artifacts.
const ExplorationReport = "report.html"

// Exploration looks at a table before anything is learnt from it: figures, pictures and a report. Only Data and Target are required.
type Exploration struct {
	Data *Data
	// Features are numeric columns; none means every numeric column but the target.
	Features []string
	// Target is the column that holds the class: whole numbers or text.
	Target string
	// Threshold is the least correlation with the target, whatever its sign, of a feature that is worth keeping; 0 is DefaultThreshold.
	Threshold float64
	// Out is the folder for the report and the pictures, made when missing; files of an earlier exploration are replaced. "" keeps none.
	Out string
	// Client and Experiment say where the exploration is recorded, with all files as artifacts; the experiment is made when missing, and
	// is ExplorationExperiment when empty. A nil Client records nothing.
	Client     *mlflowclient.Client
	Experiment string
	// OnStep is called before each step with the number of those done. Nil is fine.
	OnStep func(done, total int, what string)
}

// Explored is what an exploration found.
type Explored struct {
	// Name is the table's, Location its address.
	Name, Location string
	// Rows were looked at, of Columns numeric columns and the target; Incomplete others lack a value, and Duplicates of Rows repeat an earlier row.
	Rows, Columns, Incomplete, Duplicates int
	Target                                string
	// Threshold is that of Exploration.
	Threshold float64
	// Measure says what Feature.Correlation is: "Pearson correlation" for a target of numbers, "correlation ratio" for one of texts.
	Measure string
	// Features are in the order of the table, Classes in ascending order.
	Features []FeatureFacts
	Classes  []ClassFacts
	// Names are the features, and the target behind them when it holds numbers; Correlation is Pearson's coefficient between every two of
	// them, 0 where one of them has only one value.
	Names       []string
	Correlation [][]float64
	// Outliers is the number of rows that an isolation forest finds unlike the others.
	Outliers int
	// Report is the report's path; empty when no folder was asked for.
	Report string
	// Run is the run in MLflow; its ID is empty when nothing was recorded.
	Run mlflowclient.RunInfo
}

// Kept are the names of the features worth keeping.
func (e *Explored) Kept() []string {
	var kept []string
	for _, f := range e.Features {
		if f.Kept {
			kept = append(kept, f.Name)
		}
	}
	return kept
}

// Run explores. Files are made in memory, then written and recorded, so that a failure on the way leaves no half of a report.
func (e Exploration) Run(ctx context.Context) (*Explored, error) {
	e.Threshold, e.Experiment = cmp.Or(e.Threshold, DefaultThreshold), cmp.Or(e.Experiment, ExplorationExperiment)
	switch {
	case e.Data == nil || e.Target == "":
		return nil, errors.New("an exploration needs data and a target")
	case !(e.Threshold > 0 && e.Threshold <= 1):
		return nil, fmt.Errorf("exploration: the threshold is %v: a correlation lies between 0 and 1", e.Threshold)
	}
	steps := explorationSteps{on: e.OnStep, total: 4}
	steps.next("figures")
	look, err := e.look(ctx)
	if err != nil {
		return nil, err
	}
	steps.next("pictures")
	pictures, err := look.pictures(ctx)
	if err != nil {
		return nil, err
	}
	steps.next("report")
	files, err := look.files(pictures)
	if err != nil {
		return nil, err
	}
	if e.Out != "" {
		look.found.Report = filepath.Join(e.Out, ExplorationReport)
		if err := writeFiles(e.Out, files); err != nil {
			return nil, fmt.Errorf("exploration: %w", err)
		}
	}
	if e.Client != nil {
		steps.next("MLflow")
		if err := e.record(ctx, look.found, files); err != nil {
			return nil, err
		}
	}
	steps.done()
	return look.found, nil
}

// Load reads the table that an [Exploration] looks at: the target may hold text, columns of text that nobody asked for and rows that lack a
// value are left out.
func (e Exploration) Load(ctx context.Context, loader *DataLoader, address string) (*Data, error) {
	return loader.Load(ctx, address, dataset.ReadOptions{
		Need: append([]string{e.Target}, e.Features...), Text: []string{e.Target}, DropOthers: true, SkipIncomplete: true,
	})
}

// explorationSteps tells how far an exploration is.
type explorationSteps struct {
	on        func(done, total int, what string)
	at, total int
}

func (s *explorationSteps) next(what string) {
	if s.on != nil {
		s.on(s.at, s.total, what)
	}
	s.at++
}

func (s *explorationSteps) done() {
	if s.on != nil {
		s.on(s.total, s.total, "done")
	}
}

// artifactFile is a file of the report, with a name relative to its folder.
type artifactFile struct {
	name string
	data []byte
}

// writeFiles puts the files into a folder, each whole or not at all; the report comes last.
func writeFiles(folder string, files []artifactFile) error {
	for _, file := range files {
		path := filepath.Join(folder, filepath.FromSlash(file.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		temporary := path + ".tmp"
		if err := os.WriteFile(temporary, file.data, 0o644); err != nil {
			return errors.Join(err, os.Remove(temporary))
		}
		if err := os.Rename(temporary, path); err != nil {
			return errors.Join(err, os.Remove(temporary))
		}
	}
	return nil
}

// record makes the run with its figures and files.
func (e Exploration) record(ctx context.Context, found *Explored, files []artifactFile) error {
	experiment, err := e.Client.Experiments.GetOrCreate(ctx, e.Experiment)
	if err != nil {
		return fmt.Errorf("experiment %q: %w", e.Experiment, err)
	}
	start := mlflowclient.StartRun{ExperimentID: experiment.ID, Name: e.runName(), Description: found.note()}
	return e.Client.Track(ctx, start, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		if err := run.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{e.Data.TrainingInput(e.Client)}}); err != nil {
			return err
		}
		if err := run.LogBatch(ctx, found.batch()); err != nil {
			return err
		}
		folder, err := os.MkdirTemp("", "exploration-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }() // a temporary folder
		if err := writeFiles(folder, files); err != nil {
			return err
		}
		store, err := run.Artifacts()
		if err != nil {
			return err
		}
		if err := store.UploadDir(ctx, folder, ""); err != nil {
			return fmt.Errorf("upload the report: %w", err)
		}
		found.Run = run.RunInfo
		return nil
	})
}

func (e Exploration) runName() string { return "exploration of " + e.Data.Table.Name() }

// batch is the exploration as parameters and metrics.
func (e *Explored) batch() mlflowclient.Batch {
	batch := mlflowclient.Batch{
		Params: map[string]string{
			"target": e.Target, "threshold": strconv.FormatFloat(e.Threshold, 'g', -1, 64), "measure": e.Measure, "kept": fmt.Sprintf("%q", e.Kept()),
		},
	}
	add := func(key string, value float64) {
		if !math.IsNaN(value) {
			batch.Metrics = append(batch.Metrics, mlflowclient.Metric{Key: key, Value: value})
		}
	}
	add("rows", float64(e.Rows))
	add("rows_incomplete", float64(e.Incomplete))
	add("rows_duplicate", float64(e.Duplicates))
	add("rows_outlier", float64(e.Outliers))
	for _, f := range e.Features {
		add("correlation/"+metricName(f.Name), f.Correlation)
	}
	for _, c := range e.Classes {
		add("class_rows/"+metricName(c.Name), float64(c.Rows))
	}
	return batch
}
