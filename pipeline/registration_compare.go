package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// Files in which a run and its model keep the comparison with the champion.
const (
	ComparisonFile     = "comparison.json"
	ComparisonTextFile = "comparison.md"
)

type compareInput struct {
	Prepared   *prefectclient.Future[*prepared]   `json:"prepared"`
	Registered *prefectclient.Future[*Registered] `json:"registered"`
	Promotion  Promotion                          `json:"promotion"`
}

// compare is the task "Compare with Champion". What it decided is written down before the alias moves, and read back by a later attempt: once
// the alias has moved nobody could tell any more what the version was compared with.
func (r Registration) compare(ctx context.Context, in compareInput) (*Registered, error) {
	data, err := in.Prepared.Result(ctx)
	if err != nil {
		return nil, err
	}
	registered, err := in.Registered.Result(ctx)
	if err != nil {
		return nil, err
	}
	done := *registered
	if done.Comparison, err = r.recorded(ctx, &done); err != nil {
		return nil, err
	}
	for settled := false; !settled; { // again when another version became the champion meanwhile
		champion, err := r.pointedAt(ctx, r.Alias)
		if err != nil {
			return nil, err
		}
		superseded := champion != nil && number(champion.Version) > number(done.Version)
		if !superseded && !done.Comparison.with(champion, done.Version) {
			if done.Comparison, err = r.contest(ctx, data, &done, champion); err != nil {
				return nil, err
			}
			done.Comparison.decide(cmp.Or(in.Promotion, PromoteIfNotWorse))
			if err := r.record(ctx, &done); err != nil {
				return nil, err
			}
		}
		if settled, err = r.point(ctx, &done, champion); err != nil {
			return nil, err
		}
	}
	if err := r.describe(ctx, &done); err != nil {
		return nil, err
	}
	prefectclient.Logger(ctx).Info(done.verdict(r.Alias))
	r.publish(ctx, &done)
	return &done, nil
}

// pointedAt is the version that an alias points at; nil when there is none.
func (r Registration) pointedAt(ctx context.Context, alias string) (*mlflowclient.ModelVersion, error) {
	version, err := r.Client.ModelVersions.GetByAlias(ctx, r.Model, alias)
	switch {
	case errors.Is(err, mlflowclient.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("alias %s of %s: %w", alias, r.Model, err)
	}
	return version, nil
}

// with tells whether this is the comparison of a version with the champion, which may be that version by now, or be gone.
func (c *Comparison) with(champion *mlflowclient.ModelVersion, version string) bool {
	switch {
	case c == nil:
		return false
	case champion == nil || champion.Version == version:
		return true
	}
	return c.Champion != nil && c.Champion.Version == champion.Version
}

// verdict says what became of the version.
func (d *Registered) verdict(alias string) string {
	if d.Alias == "" {
		return fmt.Sprintf("version %s is left as it is: a later version has alias %s or %s", d.Version, alias, ChallengerAlias)
	}
	return fmt.Sprintf("alias %s points at version %s. %s", d.Alias, d.Version, d.Comparison.Verdict())
}

// contest has the new version and the champion, nil for none, predict the test rows.
func (r Registration) contest(ctx context.Context, data *prepared, done *Registered, champion *mlflowclient.ModelVersion) (*Comparison, error) {
	c := &Comparison{Model: r.Model, Rows: len(data.testRows), Digest: data.dataset.Digest}
	c.New = Contender{Version: done.Version, RunID: done.RunID, Accuracy: done.Accuracy, Digest: data.dataset.Digest}
	var truth []string
	for _, class := range data.split.TestY {
		truth = append(truth, data.split.Classes.Text(class))
	}
	fresh, err := r.labels(ctx, done.Version, data.data.Table, data.testRows)
	if errors.Is(err, errNotEvaluable) && champion != nil {
		return c.impossible(champion, "the new version: "+err.Error()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("evaluate version %s: %w", done.Version, err)
	}
	if champion == nil {
		err := c.compare(truth, fresh, nil)
		return c, err
	}
	before, err := r.labels(ctx, champion.Version, data.data.Table, data.testRows)
	if errors.Is(err, errNotEvaluable) {
		return c.impossible(champion, err.Error()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("evaluate the champion, version %s: %w", champion.Version, err)
	}
	c.Champion = &Contender{Version: champion.Version, RunID: champion.RunID, Digest: champion.Tags["dataset_digest"]}
	err = c.compare(truth, fresh, before)
	return c, err
}

func (c *Comparison) impossible(champion *mlflowclient.ModelVersion, problem string) *Comparison {
	c.Champion = &Contender{Version: champion.Version, RunID: champion.RunID, Digest: champion.Tags["dataset_digest"]}
	c.Outcome, c.Problem, c.PValue = OutcomeImpossible, strings.TrimSuffix(problem, "."), 1
	return c
}

// recorded gives the comparison that an earlier attempt wrote down; nil when there is none.
func (r Registration) recorded(ctx context.Context, done *Registered) (*Comparison, error) {
	if !done.Found {
		return nil, nil
	}
	store, err := r.Client.Artifacts.ForRun(ctx, done.RunID)
	if err != nil {
		return nil, err
	}
	// A proxied artifact that is not there is an error 500 of the server when it is opened.
	files, err := store.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("look for an earlier comparison: %w", err)
	}
	if !slices.ContainsFunc(files, func(file *mlflowclient.FileInfo) bool { return file.Path == ComparisonFile }) {
		return nil, nil
	}
	content, err := store.Open(ctx, ComparisonFile)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	var c Comparison
	if err := json.NewDecoder(io.LimitReader(content, 1<<20)).Decode(&c); err != nil {
		return nil, fmt.Errorf("%s of run %s: %w", ComparisonFile, done.RunID, err)
	}
	return &c, nil
}

// record writes the comparison to the model, and then to the run, where an attempt looks for it.
func (r Registration) record(ctx context.Context, done *Registered) error {
	text, err := json.MarshalIndent(done.Comparison, "", "  ")
	if err != nil {
		return err
	}
	model, err := r.Client.LoggedModels.Get(ctx, done.ModelID)
	if err != nil {
		return err
	}
	run, err := r.Client.Runs.Get(ctx, done.RunID)
	if err != nil {
		return err
	}
	for _, uri := range []string{model.ArtifactURI, run.ArtifactURI} {
		store, err := r.Client.Artifacts.At(uri)
		if err != nil {
			return err
		}
		for _, file := range []struct{ name, text string }{{ComparisonTextFile, done.Comparison.Markdown()}, {ComparisonFile, string(text) + "\n"}} {
			if err := store.Upload(ctx, file.name, bytes.NewReader([]byte(file.text)), int64(len(file.text))); err != nil {
				return fmt.Errorf("record the comparison: %w", err)
			}
		}
	}
	return nil
}

// point moves the aliases as was decided, but never back: an old flow run that is executed again must not replace what a later one registered.
// Nor does it replace a champion that the version was not compared with; it is then not settled.
func (r Registration) point(ctx context.Context, done *Registered, champion *mlflowclient.ModelVersion) (settled bool, err error) {
	if champion != nil && number(champion.Version) > number(done.Version) {
		return true, nil
	}
	done.Alias = ChallengerAlias
	if done.Comparison.Promoted {
		done.Alias = r.Alias
	}
	current, err := r.pointedAt(ctx, done.Alias)
	switch {
	case err != nil:
		return false, err
	case current == nil:
	case number(current.Version) == number(done.Version):
		return true, nil
	case number(current.Version) > number(done.Version):
		done.Alias = ""
		return true, nil
	case done.Alias == r.Alias && !done.Comparison.with(current, done.Version):
		return false, nil
	}
	if err := r.Client.RegisteredModels.SetAlias(ctx, r.Model, done.Alias, done.Version); err != nil {
		return false, fmt.Errorf("alias %s of %s: %w", done.Alias, r.Model, err)
	}
	done.Moved = true
	return true, nil
}

// number reads a version, which MLflow counts from 1.
func number(version string) int {
	n, err := strconv.Atoi(version)
	if err != nil {
		return 0
	}
	return n
}
