package pipeline

import (
	"context"
	"fmt"
	"strings"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// showMarkdown shows a text on the page of the flow run, and nothing without Prefect. What is shown is kept in MLflow too, so a failure is only
// told.
func showMarkdown(ctx context.Context, key, text, description string) {
	if client, ok := prefectclient.FromContext(ctx); ok {
		_, err := client.Artifacts.CreateMarkdown(ctx, artifactKey(key), text, description)
		tellUnshown(ctx, key, err)
	}
}

// showTable is showMarkdown for rows of a table.
func showTable(ctx context.Context, key string, rows any, description string) {
	if client, ok := prefectclient.FromContext(ctx); ok {
		_, err := client.Artifacts.CreateTable(ctx, artifactKey(key), rows, description)
		tellUnshown(ctx, key, err)
	}
}

func tellUnshown(ctx context.Context, key string, err error) {
	if err != nil {
		prefectclient.Logger(ctx).Warn("a result could not be shown as an artifact", "key", key, "error", err)
	}
}

// artifactKey makes the key under which results of one kind follow each other: Prefect's keys hold lower-case letters, digits and dashes.
func artifactKey(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}

// linkTo writes a Markdown link to a page of MLflow, or the text alone where no server shows pages.
func linkTo(client *mlflowclient.Client, text, page string) string {
	url := pageOf(client, page)
	if url == "" {
		return text
	}
	return fmt.Sprintf("[%s](%s)", text, url)
}

// pageOf is the address of a page of MLflow; empty where no server shows pages.
func pageOf(client *mlflowclient.Client, page string) string {
	if pages := client.UIURL(); pages != "" {
		return pages + page
	}
	return ""
}

func runPage(experiment, run string) string { return "/#/experiments/" + experiment + "/runs/" + run }

func experimentPage(experiment string) string { return "/#/experiments/" + experiment + "/runs" }

func versionPage(model, version string) string { return "/#/models/" + model + "/versions/" + version }
