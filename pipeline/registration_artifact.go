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
	fmt.Fprintf(&text, "| | |\n|---|---|\n| registered model | %s |\n| version | %s |\n| alias | %s |\n| accuracy | %v |\n",
		linkTo(a.Client, done.Model, "/#/models/"+done.Model+"/versions/"+done.Version), done.Version, done.aliasText(), done.Accuracy)
	fmt.Fprintf(&text, "| run | %s |\n| hyper-parameters of | %s |\n",
		linkTo(a.Client, done.RunID, "/#/experiments/"+done.ExperimentID+"/runs/"+done.RunID), done.BestRunID)
	for _, one := range Named(done.Params) {
		fmt.Fprintf(&text, "| %s | %s |\n", one[0], one[1])
	}
	if _, err := client.Artifacts.CreateMarkdown(ctx, registeredArtifact, text.String(), "The model that the flow registered."); err != nil {
		prefectclient.Logger(ctx).Warn("the result could not be shown as an artifact", "error", err)
	}
}

// registeredArtifact is the key of the artifact that shows a flow run's result.
const registeredArtifact = "registered-model"

// linkTo writes a Markdown link to a page of MLflow, or the text alone where no server shows pages.
func linkTo(client *mlflowclient.Client, text, page string) string {
	uri := client.TrackingURI()
	if strings.HasPrefix(uri, "sqlite:") {
		return text
	}
	return fmt.Sprintf("[%s](%s%s)", text, strings.TrimSuffix(uri, "/"), page)
}
