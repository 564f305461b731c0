package pipeline

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"mlopsgo/prefectclient"
)

// describe writes on the pages of MLflow what the version is and came to, and where it came from.
func (r Registration) describe(ctx context.Context, done *Registered) error {
	if done.Comparison == nil {
		return nil
	}
	for key, value := range done.Comparison.tags() {
		if err := r.Client.ModelVersions.SetTag(ctx, done.Model, done.Version, key, value); err != nil {
			return fmt.Errorf("tag version %s: %w", done.Version, err)
		}
	}
	if _, err := r.Client.ModelVersions.Update(ctx, done.Model, done.Version, r.versionText(ctx, done)); err != nil {
		return fmt.Errorf("describe version %s: %w", done.Version, err)
	}
	for key, value := range map[string]string{"model_version": done.Model + "/" + done.Version, "model_version_url": pageOf(r.Client, versionPage(done.Model, done.Version))} {
		if value == "" {
			continue
		}
		if err := r.Client.Runs.SetTag(ctx, done.RunID, key, value); err != nil {
			return fmt.Errorf("tag run %s: %w", done.RunID, err)
		}
	}
	model, err := r.Client.RegisteredModels.Get(ctx, done.Model)
	if err != nil || model.Description != "" { // somebody's own words
		return err
	}
	_, err = r.Client.RegisteredModels.Update(ctx, done.Model, fmt.Sprintf(
		"Versions are registered by the flow *%s*. Alias **%s** is served; **%s** is the latest that did not replace it.", r.FlowName, r.Alias, ChallengerAlias))
	return err
}

// tags are those of the version.
func (c *Comparison) tags() map[string]string {
	tags := map[string]string{"comparison": string(c.Outcome)}
	if c.Champion != nil {
		tags["compared_with"] = c.Champion.Version
	}
	if c.Champion != nil && c.Outcome != OutcomeImpossible {
		tags["champion_accuracy"] = strconv.FormatFloat(c.Champion.Accuracy, 'g', -1, 64)
		tags["mcnemar_p_value"] = strconv.FormatFloat(c.PValue, 'g', 4, 64)
	}
	return tags
}

// versionText is the version's description.
func (r Registration) versionText(ctx context.Context, done *Registered) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Accuracy %v on the test part, trained by the run %s with the hyper-parameters of run %s", done.Accuracy,
		linkTo(r.Client, done.RunID, runPage(done.ExperimentID, done.RunID)), done.BestRunID)
	if at := originOf(ctx); at.id != "" {
		fmt.Fprintf(&text, ", in the flow run %s", at.link())
	}
	fmt.Fprintf(&text, ".\n\n%s", done.Comparison.Markdown())
	return text.String()
}

// publish shows the result on the page of the flow run, and leads from there to MLflow.
func (r Registration) publish(ctx context.Context, done *Registered) {
	client, ok := prefectclient.FromContext(ctx)
	if !ok {
		return
	}
	labels := map[string]any{"mlflow.run_id": done.RunID, "mlflow.model_version": done.Model + "/" + done.Version}
	if page := pageOf(r.Client, versionPage(done.Model, done.Version)); page != "" {
		labels["mlflow.model_version_url"], labels["mlflow.run_url"] = page, pageOf(r.Client, runPage(done.ExperimentID, done.RunID))
	}
	if at := originOf(ctx); at.id != "" {
		tellUnshown(ctx, "labels", client.FlowRuns.UpdateLabels(ctx, at.id, labels))
	}
	showMarkdown(ctx, "registered-"+done.Model, r.summary(done), "The model that the flow registered.")
	if c := done.Comparison; c != nil && c.Champion != nil && c.Outcome != OutcomeImpossible {
		showTable(ctx, "comparison-"+done.Model, c.table(), c.Verdict())
	}
}

// summary is the page of the flow run.
func (r Registration) summary(done *Registered) string {
	var text strings.Builder
	alias := done.Alias
	if alias == "" {
		alias = "none: " + r.Alias + " points at a later version"
	}
	fmt.Fprintf(&text, "| registered model | %s |\n|---|---|\n| version | %s |\n| alias | %s |\n| accuracy | %v |\n",
		linkTo(r.Client, done.Model, versionPage(done.Model, done.Version)), done.Version, alias, done.Accuracy)
	fmt.Fprintf(&text, "| run | %s |\n| hyper-parameters of | %s |\n", linkTo(r.Client, done.RunID, runPage(done.ExperimentID, done.RunID)), done.BestRunID)
	for _, one := range Named(done.Params) {
		fmt.Fprintf(&text, "| %s | %s |\n", one[0], one[1])
	}
	if done.Comparison != nil {
		fmt.Fprintf(&text, "\n%s", done.Comparison.Markdown())
	}
	return text.String()
}

// comparisonRow is a row of the table of the two versions.
type comparisonRow struct {
	Version  string  `json:"version"`
	Role     string  `json:"role"`
	Accuracy float64 `json:"accuracy"`
	F1Macro  float64 `json:"f1_macro"`
	Alone    int     `json:"rows right alone"`
	PValue   float64 `json:"mcnemar p"`
}

func (c *Comparison) table() []comparisonRow {
	return []comparisonRow{
		{c.New.Version, "new", c.New.Accuracy, c.New.F1Macro, c.OnlyNew, c.PValue},
		{c.Champion.Version, "champion before", c.Champion.Accuracy, c.Champion.F1Macro, c.OnlyChampion, c.PValue},
	}
}
