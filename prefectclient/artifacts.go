package prefectclient

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"regexp"
	"time"
)

// ArtifactsService holds artifacts: what runs show in the UI.
type ArtifactsService struct{ client *Client }

// ArtifactType is how an artifact's data is shown.
type ArtifactType string

// The types that the UI shows.
const (
	ArtifactTable    ArtifactType = "table"
	ArtifactMarkdown ArtifactType = "markdown"
	ArtifactProgress ArtifactType = "progress"
	ArtifactImage    ArtifactType = "image"
)

// Artifact is one artifact. Those with the same key are versions of one.
type Artifact struct {
	ID      string       `json:"id"`
	Created time.Time    `json:"created"`
	Updated time.Time    `json:"updated"`
	Key     string       `json:"key"`
	Type    ArtifactType `json:"type"`
	// Description is Markdown.
	Description string          `json:"description"`
	Data        json.RawMessage `json:"data"`
	FlowRunID   string          `json:"flow_run_id"`
	TaskRunID   string          `json:"task_run_id"`
}

// ArtifactCreate describes a new artifact. Data is a text for Markdown (a link is written [text](address)) and for an
// image (its address), a number from 0 to 100 for progress, and a text that holds JSON for a table.
type ArtifactCreate struct {
	Key         string       `json:"key,omitempty"`
	Type        ArtifactType `json:"type"`
	Description string       `json:"description,omitempty"`
	Data        any          `json:"data"`
	FlowRunID   string       `json:"flow_run_id,omitempty"`
	TaskRunID   string       `json:"task_run_id,omitempty"`
}

// ArtifactFilter selects artifacts.
type ArtifactFilter struct {
	Operator  Operator           `json:"operator,omitempty"`
	ID        *AnyFilter         `json:"id,omitempty"`
	Key       *ArtifactKeyFilter `json:"key,omitempty"`
	FlowRunID *AnyFilter         `json:"flow_run_id,omitempty"`
	TaskRunID *AnyFilter         `json:"task_run_id,omitempty"`
	Type      *IDFilter          `json:"type,omitempty"`
}

// ArtifactKeyFilter selects by key.
type ArtifactKeyFilter struct {
	Any    []string `json:"any_,omitempty"`
	Like   string   `json:"like_,omitempty"`
	Exists *bool    `json:"exists_,omitempty"`
}

var artifactKey = regexp.MustCompile(`^[a-z0-9-]+$`)

// Create makes an artifact. Called within a run, it belongs to that run unless the description says otherwise. Keys
// hold lower-case letters, digits and dashes only.
func (s *ArtifactsService) Create(ctx context.Context, in ArtifactCreate) (*Artifact, error) {
	if in.Key != "" && !artifactKey.MatchString(in.Key) {
		return nil, fmt.Errorf("prefect: the artifact key %q holds more than lower-case letters, digits and dashes", in.Key)
	}
	if run := currentRun(ctx); run != nil && run.session != nil && in.FlowRunID == "" && in.TaskRunID == "" {
		in.FlowRunID, in.TaskRunID = run.flowRunID(), run.taskRunID()
	}
	var artifact Artifact
	if _, err := s.client.call(ctx, post("/artifacts/", in), &artifact); err != nil {
		return nil, err
	}
	return &artifact, nil
}

// CreateTable makes a table out of rows: a list of objects, or an object of columns.
func (s *ArtifactsService) CreateTable(ctx context.Context, key string, rows any, description string) (*Artifact, error) {
	data, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("prefect: the table %q cannot be written as JSON: %w", key, err)
	}
	return s.Create(ctx, ArtifactCreate{Key: key, Type: ArtifactTable, Description: description, Data: string(data)})
}

// CreateMarkdown makes a page of Markdown.
func (s *ArtifactsService) CreateMarkdown(ctx context.Context, key, markdown, description string) (*Artifact, error) {
	return s.Create(ctx, ArtifactCreate{Key: key, Type: ArtifactMarkdown, Description: description, Data: markdown})
}

// CreateLink makes a link.
func (s *ArtifactsService) CreateLink(ctx context.Context, key, text, address, description string) (*Artifact, error) {
	return s.CreateMarkdown(ctx, key, fmt.Sprintf("[%s](%s)", text, address), description)
}

// CreateImage shows the picture at an address, which the browser must reach.
func (s *ArtifactsService) CreateImage(ctx context.Context, key, address, description string) (*Artifact, error) {
	return s.Create(ctx, ArtifactCreate{Key: key, Type: ArtifactImage, Description: description, Data: address})
}

// CreateProgress shows a bar, at 0 %. [ArtifactsService.SetProgress] moves it while the run goes on.
func (s *ArtifactsService) CreateProgress(ctx context.Context, key, description string) (*Artifact, error) {
	return s.Create(ctx, ArtifactCreate{Key: key, Type: ArtifactProgress, Description: description, Data: 0.0})
}

// SetProgress moves the bar of an artifact to a number of per cent, from 0 to 100.
func (s *ArtifactsService) SetProgress(ctx context.Context, id string, percent float64) error {
	if !(percent >= 0 && percent <= 100) {
		return fmt.Errorf("prefect: a progress of %v %% is not between 0 and 100", percent)
	}
	return s.SetData(ctx, id, percent)
}

// SetData replaces the data of an artifact; it is how progress goes on.
func (s *ArtifactsService) SetData(ctx context.Context, id string, data any) error {
	return s.Update(ctx, id, ArtifactUpdate{Data: Set(data)})
}

// Read gives the artifact with this id.
func (s *ArtifactsService) Read(ctx context.Context, id string) (*Artifact, error) {
	var artifact Artifact
	if _, err := s.client.call(ctx, get(pathOf("artifacts", id)), &artifact); err != nil {
		return nil, err
	}
	return &artifact, nil
}

// ReadLatest gives the latest artifact with this key.
func (s *ArtifactsService) ReadLatest(ctx context.Context, key string) (*Artifact, error) {
	// The server has a call for one key (/artifacts/{key}/latest), but its answer holds the id of the key's entry in
	// place of the artifact's.
	for artifact, err := range s.Latest(ctx, ArtifactFilter{Key: &ArtifactKeyFilter{Any: []string{key}}}) {
		return artifact, err
	}
	return nil, &Error{Status: http.StatusNotFound, Method: http.MethodPost, Path: latestPath, Message: fmt.Sprintf("there is no artifact with the key %q", key)}
}

const latestPath = "/artifacts/latest/filter"

// Latest walks the latest artifact of each key that matches; artifacts without a key are none of them. The filter's ID
// selects by the latest artifact's.
func (s *ArtifactsService) Latest(ctx context.Context, filter ArtifactFilter) iter.Seq2[*Artifact, error] {
	type entry struct {
		Artifact
		LatestID string `json:"latest_id"`
	}
	return pages(0, func(a *Artifact) string { return a.ID }, func(p page) ([]*Artifact, error) {
		entries, err := fetch[entry](ctx, s.client, latestPath, struct {
			Artifacts latestFilter `json:"artifacts"`
			page
		}{filter.latest(), p})
		artifacts := make([]*Artifact, len(entries))
		for i, e := range entries {
			e.ID = e.LatestID
			artifacts[i] = &e.Artifact
		}
		return artifacts, err
	})
}

// CountLatest gives the number of keys whose latest artifact matches.
func (s *ArtifactsService) CountLatest(ctx context.Context, filter ArtifactFilter) (int, error) {
	return count(ctx, s.client, "/artifacts/latest/count", map[string]any{"artifacts": filter.latest()})
}

// Count gives the number of artifacts that match.
func (s *ArtifactsService) Count(ctx context.Context, filter ArtifactFilter) (int, error) {
	return count(ctx, s.client, "/artifacts/count", map[string]any{"artifacts": filter})
}

// latestFilter is a filter on the entries of keys, where the artifact's id has another name.
type latestFilter struct {
	ArtifactFilter
	ID       *AnyFilter `json:"id,omitempty"` // hides the embedded one, and is never set
	LatestID *AnyFilter `json:"latest_id,omitempty"`
}

func (f ArtifactFilter) latest() latestFilter { return latestFilter{ArtifactFilter: f, LatestID: f.ID} }

// ArtifactUpdate changes an artifact; fields left zero are left alone.
type ArtifactUpdate struct {
	Data        Patch[any]               `json:"data,omitzero"`
	Description Patch[string]            `json:"description,omitzero"`
	Metadata    Patch[map[string]string] `json:"metadata_,omitzero"`
}

// Update changes what is set in the update.
func (s *ArtifactsService) Update(ctx context.Context, id string, update ArtifactUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("artifacts", id), update), nil)
	return err
}

// Delete removes an artifact.
func (s *ArtifactsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("artifacts", id)), nil)
	return err
}

// Filter walks the artifacts that match.
func (s *ArtifactsService) Filter(ctx context.Context, filter ArtifactFilter) iter.Seq2[*Artifact, error] {
	return pages(0, func(a *Artifact) string { return a.ID }, func(p page) ([]*Artifact, error) {
		return fetch[Artifact](ctx, s.client, "/artifacts/filter", struct {
			Artifacts ArtifactFilter `json:"artifacts"`
			page
		}{filter, p})
	})
}
