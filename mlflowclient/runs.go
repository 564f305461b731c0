package mlflowclient

import (
	"context"
	"net/url"
	"time"
)

// RunStatus is how far a run is.
type RunStatus string

// The states of a run.
const (
	StatusRunning   RunStatus = "RUNNING"
	StatusScheduled RunStatus = "SCHEDULED"
	StatusFinished  RunStatus = "FINISHED"
	StatusFailed    RunStatus = "FAILED"
	StatusKilled    RunStatus = "KILLED"
)

// Ended reports that nothing more is to be expected of the run.
func (s RunStatus) Ended() bool {
	return s == StatusFinished || s == StatusFailed || s == StatusKilled
}

func (s RunStatus) valid() bool {
	return s.Ended() || s == StatusRunning || s == StatusScheduled
}

// RunInfo is what a run is, without what was logged to it.
type RunInfo struct {
	ID           string
	Name         string
	ExperimentID string
	UserID       string
	Status       RunStatus
	StartTime    time.Time
	// EndTime is zero while the run goes on.
	EndTime     time.Time
	ArtifactURI string
	Stage       LifecycleStage
}

// Run is a run and what was logged to it.
type Run struct {
	RunInfo
	Params map[string]string
	// Metrics holds, by key, the point with the highest step; of several, the latest.
	Metrics map[string]Metric
	Tags    map[string]string
	// Datasets and ModelInputs are what the run read, ModelOutputs what it made.
	Datasets     []DatasetInput
	ModelInputs  []string
	ModelOutputs []ModelOutput
}

// RunService is [Client.Runs].
type RunService struct{ api *api }

// CreateRun is what a run starts with. The zero value is a run of experiment "0" that starts now, with a name that the
// server invents. [Client.Start] adds the tags that MLflow's user interface expects.
type CreateRun struct {
	ExperimentID string
	Name         string
	UserID       string
	StartTime    time.Time
	Tags         map[string]string
}

// UpdateRun changes what is not zero.
type UpdateRun struct {
	Status  RunStatus
	EndTime time.Time
	Name    string
}

type runInfoJSON struct {
	ID           string         `json:"run_id"`
	Name         string         `json:"run_name"`
	ExperimentID text           `json:"experiment_id"`
	UserID       string         `json:"user_id"`
	Status       RunStatus      `json:"status"`
	StartTime    *integer       `json:"start_time"`
	EndTime      *integer       `json:"end_time"`
	ArtifactURI  string         `json:"artifact_uri"`
	Stage        LifecycleStage `json:"lifecycle_stage"`
}

type runJSON struct {
	Info runInfoJSON `json:"info"`
	Data struct {
		Metrics []metricJSON `json:"metrics"`
		Params  []tagJSON    `json:"params"`
		Tags    []tagJSON    `json:"tags"`
	} `json:"data"`
	Inputs struct {
		Datasets []datasetInputJSON `json:"dataset_inputs"`
		Models   []modelInputJSON   `json:"model_inputs"`
	} `json:"inputs"`
	Outputs struct {
		Models []modelOutputJSON `json:"model_outputs"`
	} `json:"outputs"`
}

func (r *runInfoJSON) value() RunInfo {
	return RunInfo{
		ID: r.ID, Name: r.Name, ExperimentID: string(r.ExperimentID), UserID: r.UserID, Status: r.Status,
		StartTime: fromMillis(r.StartTime), EndTime: fromMillis(r.EndTime), ArtifactURI: r.ArtifactURI, Stage: r.Stage,
	}
}

func (r *runJSON) value() *Run {
	run := &Run{
		RunInfo: r.Info.value(), Params: fromTags(r.Data.Params), Tags: fromTags(r.Data.Tags),
		Metrics: make(map[string]Metric, len(r.Data.Metrics)),
	}
	for _, m := range r.Data.Metrics {
		run.Metrics[m.Key] = m.value()
	}
	for _, d := range r.Inputs.Datasets {
		run.Datasets = append(run.Datasets, d.value())
	}
	for _, m := range r.Inputs.Models {
		run.ModelInputs = append(run.ModelInputs, m.ID)
	}
	for _, m := range r.Outputs.Models {
		run.ModelOutputs = append(run.ModelOutputs, ModelOutput{ModelID: m.ID, Step: int64(m.Step)})
	}
	return run
}

// Create makes a run. It is not sent again when its end is unknown, because that could make two.
func (s *RunService) Create(ctx context.Context, in CreateRun) (*Run, error) {
	if in.ExperimentID == "" {
		in.ExperimentID = DefaultExperimentID
	}
	if in.StartTime.IsZero() {
		in.StartTime = time.Now()
	}
	body := struct {
		ExperimentID string    `json:"experiment_id"`
		Name         string    `json:"run_name,omitempty"`
		UserID       string    `json:"user_id,omitempty"`
		StartTime    *int64    `json:"start_time"`
		Tags         []tagJSON `json:"tags,omitempty"`
	}{in.ExperimentID, in.Name, in.UserID, millis(in.StartTime), toTags(in.Tags)}
	var out struct {
		Run runJSON `json:"run"`
	}
	if err := s.api.call(ctx, creates("runs/create"), body, &out); err != nil {
		return nil, err
	}
	return out.Run.value(), nil
}

// Get returns a run, deleted or not, or ErrNotFound.
func (s *RunService) Get(ctx context.Context, runID string) (*Run, error) {
	var out struct {
		Run runJSON `json:"run"`
	}
	if err := s.api.call(ctx, reads("runs/get"), url.Values{"run_id": {runID}}, &out); err != nil {
		return nil, err
	}
	return out.Run.value(), nil
}

// Update changes status, end time and name. A status that MLflow does not know is refused here: the server would
// ignore it in silence.
func (s *RunService) Update(ctx context.Context, runID string, in UpdateRun) (*RunInfo, error) {
	if in.Status != "" && !in.Status.valid() {
		return nil, invalid("%q is not a run's status; the states are RUNNING, SCHEDULED, FINISHED, FAILED and KILLED", in.Status)
	}
	body := struct {
		RunID   string    `json:"run_id"`
		Status  RunStatus `json:"status,omitempty"`
		EndTime *int64    `json:"end_time,omitempty"`
		Name    string    `json:"run_name,omitempty"`
	}{runID, in.Status, millis(in.EndTime), in.Name}
	var out struct {
		Info runInfoJSON `json:"run_info"`
	}
	if err := s.api.call(ctx, writes("runs/update"), body, &out); err != nil {
		return nil, err
	}
	info := out.Info.value()
	return &info, nil
}

// Delete marks a run as deleted. Nothing is erased; nothing can be logged to it until it is restored.
func (s *RunService) Delete(ctx context.Context, runID string) error {
	return s.api.call(ctx, writes("runs/delete"), map[string]string{"run_id": runID}, nil)
}

// Restore takes a deletion back.
func (s *RunService) Restore(ctx context.Context, runID string) error {
	return s.api.call(ctx, writes("runs/restore"), map[string]string{"run_id": runID}, nil)
}

// LogMetric logs one point; a zero Timestamp is now. The same point twice is stored once. Points that several goroutines
// log to one run at the same time share calls; each caller is answered when its own point is stored.
func (s *RunService) LogMetric(ctx context.Context, runID string, m Metric) error {
	return s.api.metrics.log(ctx, runID, m.wire(time.Now()), metricSender{s.api})
}

// LogParam logs a param, once: the same value again is fine, another is ErrInvalidParameter. Values over 6000
// characters are cut by the server, in silence.
func (s *RunService) LogParam(ctx context.Context, runID, key, value string) error {
	body := map[string]string{"run_id": runID, "key": key, "value": value}
	return s.api.call(ctx, writes("runs/log-parameter"), body, nil)
}

// SetTag sets a tag, or overwrites it.
func (s *RunService) SetTag(ctx context.Context, runID, key, value string) error {
	body := map[string]string{"run_id": runID, "key": key, "value": value}
	return s.api.call(ctx, writes("runs/set-tag"), body, nil)
}

// DeleteTag takes a tag away; a tag that is not there is ErrNotFound.
func (s *RunService) DeleteTag(ctx context.Context, runID, key string) error {
	err := s.api.call(ctx, writes("runs/delete-tag"), map[string]string{"run_id": runID, "key": key}, nil)
	return doneBefore(err, ErrNotFound)
}
