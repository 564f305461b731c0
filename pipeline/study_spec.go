package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"mlopsgo/internal/dataset"
	"mlopsgo/mlflowclient"
)

// Origin says where a split comes from.
type Origin struct {
	// Data is the address of the table, as [DataLoader] reads it, and Digest the table's.
	Data   string `json:"data"`
	Digest string `json:"digest"`
	// Problem says what is learnt from it.
	Problem Problem `json:"problem"`
}

// Load reads the data again, and makes sure that it is the same.
func (o Origin) Load(ctx context.Context, loader *DataLoader) (*Split, *Data, error) {
	split, data, err := o.Problem.Load(ctx, loader, o.Data)
	if err != nil {
		return nil, nil, err
	}
	if digest := data.Table.Digest(); digest != o.Digest {
		return nil, nil, fmt.Errorf("data %s has digest %s, and had %s when the study began: a study goes on with the same rows or not at all", o.Data, digest, o.Digest)
	}
	return split, data, nil
}

// Load reads the table at an address and divides it.
func (p Problem) Load(ctx context.Context, loader *DataLoader, address string) (*Split, *Data, error) {
	data, err := loader.Load(ctx, address, dataset.ReadOptions{
		Need: append([]string{p.Target}, p.Features...),
		Text: []string{p.Target},
		// With named features, a column that nobody asked for may hold anything.
		DropOthers: len(p.Features) > 0,
	})
	if err != nil {
		return nil, nil, err
	}
	split, err := p.Prepare(data.Table)
	if err != nil {
		return nil, nil, fmt.Errorf("data %s: %w", data.Location, err)
	}
	return split, data, nil
}

// Origin says where the data of a problem comes from. A file is named by its whole path, so that it is found from another folder.
func (d *Data) Origin(p Problem) Origin {
	address := d.Location
	if place, err := parseDataURI(address); err == nil && place.kind == fileData {
		if whole, err := filepath.Abs(address); err == nil {
			address = whole
		}
	}
	return Origin{Data: address, Digest: d.Table.Digest(), Problem: p}
}

// StudySpec is what a study's run in MLflow keeps of it, so that it can be taken up again with nothing else.
type StudySpec struct {
	Origin
	Sampler Sampler     `json:"sampler"`
	Trials  int         `json:"n_trials"`
	Seed    uint32      `json:"seed"`
	Space   ForestSpace `json:"space"`
	Halving *Halving    `json:"halving,omitempty"`
	// Parallel is the most trials at once, and Pool and Queue say where; an empty Pool is the study's own process.
	Parallel int    `json:"parallel"`
	Pool     string `json:"pool,omitempty"`
	Queue    string `json:"queue,omitempty"`

	// RunID and ExperimentID are those of the study's run.
	RunID        string `json:"-"`
	ExperimentID string `json:"-"`
}

func (s Study) spec() StudySpec {
	spec := StudySpec{
		Origin: s.Origin, Sampler: s.Sampler, Trials: s.Trials, Seed: s.Seed, Space: s.Space, Halving: s.Halving, Parallel: s.Parallel,
	}
	if s.Pool != nil {
		spec.Pool, spec.Queue = s.Pool.Name, s.Pool.Queue
	}
	return spec
}

// text is the value of tagSpec. It fails when a tag cannot hold it: a study with a thousand named features is not taken up again.
func (s StudySpec) text() (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	if len(text) > tagLimit {
		return "", fmt.Errorf("the study's description has %d bytes, and a tag in MLflow holds %d: name fewer features, or leave them out to take all columns", len(text), tagLimit)
	}
	return string(text), nil
}

// LoadStudy reads what the study of a run in MLflow is, to take it up again by [Study.Resume].
func LoadStudy(ctx context.Context, client *mlflowclient.Client, runID string) (*StudySpec, error) {
	run, err := client.Runs.Get(ctx, runID)
	if err != nil {
		return nil, fmt.Errorf("study %s: %w", runID, err)
	}
	return readSpec(run)
}

func readSpec(run *mlflowclient.Run) (*StudySpec, error) {
	text, ok := run.Tags[tagSpec]
	if !ok {
		return nil, fmt.Errorf("run %s (%s) is no study: it has no tag %s; name the parent run of the trials", run.ID, run.Name, tagSpec)
	}
	spec := &StudySpec{RunID: run.ID, ExperimentID: run.ExperimentID}
	if err := json.Unmarshal([]byte(text), spec); err != nil {
		return nil, fmt.Errorf("study %s: tag %s: %w", run.ID, tagSpec, err)
	}
	return spec, nil
}

// takeUpSpec makes the study the one of the spec, on the data that it has already: where it is carried out, and how much at once, is its own
// matter, and it may have more trials than before.
func (s *Study) takeUpSpec(spec *StudySpec) error {
	if spec.Digest != s.Origin.Digest {
		return fmt.Errorf("the study of run %s is about data %s with digest %s, and this is %s with digest %s: a study goes on with the same rows or not at all",
			spec.RunID, spec.Data, spec.Digest, s.Origin.Data, s.Origin.Digest)
	}
	s.Origin, s.Space, s.Sampler, s.Seed, s.Halving = spec.Origin, spec.Space, spec.Sampler, spec.Seed, spec.Halving
	s.Trials, s.Resume = max(s.Trials, spec.Trials), spec.RunID
	return nil
}

// Study makes the study that the spec describes, to be taken up again on its data. Tracker, pool and what is called back are left to the caller.
func (s *StudySpec) Study(split *Split) Study {
	return Study{
		Split: split, Origin: s.Origin, Space: s.Space, Sampler: s.Sampler, Trials: s.Trials, Seed: s.Seed, Halving: s.Halving, Parallel: s.Parallel,
		Resume: s.RunID,
	}
}
