package pipeline

import (
	"context"
	"fmt"
	"strings"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// publish shows the result on the page of the flow run. What is shown there is in MLflow too, so a failure is only told.
func (a *attempt) publish(ctx context.Context, done *Registered) {
	client, ok := prefectclient.FromContext(ctx)
	if !ok {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "| registered model | %s |\n|---|---|\n| version | %s |\n| alias | %s |\n| accuracy | %v |\n",
		linkTo(a.Client, done.Model, "/#/models/"+done.Model+"/versions/"+done.Version), done.Version, done.aliasText(), done.Accuracy)
	fmt.Fprintf(&text, "| run | %s |\n| hyper-parameters of | %s |\n",
		linkTo(a.Client, done.RunID, "/#/experiments/"+done.ExperimentID+"/runs/"+done.RunID), done.BestRunID)
	for _, one := range Named(done.Params) {
		fmt.Fprintf(&text, "| %s | %s |\n", one[0], one[1])
	}
	if _, err := client.Artifacts.CreateMarkdown(ctx, artifactKey(done.Model), text.String(), "The model that the flow registered."); err != nil {
		prefectclient.Logger(ctx).Warn("the result could not be shown as an artifact", "error", err)
	}
}

// artifactKey is the key under which the results for one registered model follow each other: Prefect's keys hold lower-case letters, digits
// and dashes.
func artifactKey(model string) string {
	return "registered-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(model))
}

// linkTo writes a Markdown link to a page of MLflow, or the text alone where no server shows pages.
func linkTo(client *mlflowclient.Client, text, page string) string {
	uri := client.TrackingURI()
	if strings.HasPrefix(uri, "sqlite:") {
		return text
	}
	return fmt.Sprintf("[%s](%s%s)", text, strings.TrimSuffix(uri, "/"), page)
}
