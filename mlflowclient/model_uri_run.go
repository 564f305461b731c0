package mlflowclient

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
)

// maxMLmodelBytes bounds a file MLmodel; signatures of many columns make it some hundred kilobytes.
const maxMLmodelBytes = 16 << 20

// resolveRun resolves what follows "runs:". A logged model of that name wins over a folder of the run's artifacts, as in
// Python's client.
func (c *Client) resolveRun(ctx context.Context, rest string) (*ResolvedModel, error) {
	id, at, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	at = strings.Trim(at, "/")
	if !strings.HasPrefix(rest, "/") || id == "" {
		return nil, invalid("it cannot be read; %s", modelURIForms)
	}
	run, err := c.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	name, below, _ := strings.Cut(at, "/")
	model, err := c.modelOfRun(ctx, run, name)
	if err != nil {
		return nil, err
	}
	found := &ResolvedModel{RunID: id}
	if model != nil {
		if err := incomplete(model); err != nil {
			return nil, err
		}
		found.ModelID = model.ID
		found.ArtifactURI, err = underURI(model.ArtifactURI, below)
	} else {
		found.ArtifactURI, err = underURI(run.ArtifactURI, at)
	}
	if err != nil {
		return nil, err
	}
	store, err := c.Artifacts.At(found.ArtifactURI)
	if err != nil {
		return nil, err
	}
	files, err := store.List(ctx, "")
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(files, func(f *FileInfo) bool { return f.Path == mlmodel.FileName && !f.IsDir }) {
		return nil, &Error{Code: CodeDoesNotExist, Message: fmt.Sprintf("run %s has no model %s: %s", id, quote(at), c.contents(ctx, run))}
	}
	return found, nil
}

// modelOfRun finds the last logged model of that name that the run made, complete ones first; nil when there is none.
func (c *Client) modelOfRun(ctx context.Context, run *Run, name string) (*LoggedModel, error) {
	quoted, err := Quote(name)
	if err != nil || name == "" {
		return nil, nil // a logged model cannot have such a name
	}
	source, err := Quote(run.ID)
	if err != nil {
		return nil, nil
	}
	var first *LoggedModel
	q := SearchLoggedModels{ExperimentIDs: []string{run.ExperimentID}, Filter: "name = " + quoted + " AND source_run_id = " + source}
	for model, err := range c.LoggedModels.Search(ctx, q) {
		switch {
		case err != nil:
			return nil, err
		case model.Status == LoggedModelReady:
			return model, nil
		case first == nil:
			first = model
		}
	}
	return first, nil
}

// contents lists what a run has, for an error.
func (c *Client) contents(ctx context.Context, run *Run) string {
	var models, files []string
	for _, output := range run.ModelOutputs {
		if model, err := c.LoggedModels.Get(ctx, output.ModelID); err == nil {
			models = append(models, quote(model.Name))
		}
	}
	if store, err := c.Artifacts.At(run.ArtifactURI); err == nil {
		entries, _ := store.List(ctx, "") // without it the error is less helpful, and no less right
		for _, f := range entries {
			files = append(files, quote(f.Path))
		}
	}
	list := func(items []string) string {
		if len(items) == 0 {
			return "none"
		}
		return strings.Join(items[:min(len(items), 10)], ", ")
	}
	return "its logged models are " + list(models) + "; its artifacts are " + list(files)
}

// underURI is a folder below an artifact URI.
func underURI(uri, dir string) (string, error) {
	if dir == "" {
		return uri, nil
	}
	if err := checkArtifactName(dir); err != nil {
		return "", err
	}
	if filepath.IsAbs(uri) {
		return filepath.Join(uri, filepath.FromSlash(dir)), nil
	}
	if !strings.HasPrefix(uri, "s3://") { // whose keys are not encoded
		segments := strings.Split(dir, "/")
		for i := range segments {
			segments[i] = url.PathEscape(segments[i])
		}
		dir = strings.Join(segments, "/")
	}
	return strings.TrimRight(uri, "/") + "/" + dir, nil
}

func readMLmodel(ctx context.Context, store *ArtifactStore) (*mlmodel.Model, error) {
	file, err := store.Open(ctx, mlmodel.FileName)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxMLmodelBytes))
	if err != nil {
		return nil, err
	}
	return mlmodel.Parse(data)
}
