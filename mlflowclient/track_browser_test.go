package mlflowclient_test

import (
	"context"
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// illustratedRun is a run with all that MLflow's user interface has a view for.
func illustratedRun(t *testing.T, c *mlflowclient.Client) *mlflowclient.ActiveRun {
	t.Helper()
	var logged *mlflowclient.ActiveRun
	must(t, c.Track(t.Context(), mlflowclient.StartRun{
		ExperimentID: newExperiment(t, c), Name: "illustrated", Description: "A run with **pictures**.",
		SystemMetrics: &mlflowclient.SystemMetrics{Interval: 50 * time.Millisecond},
	}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		logged = run
		must(t, run.LogText(ctx, "notes/tasting.txt", "plum, leather and a long finish"))
		must(t, run.LogDict(ctx, "settings.yaml", map[string]any{"grape": "touriga nacional"}))
		must(t, run.LogFigure(ctx, "plots/residuals.png", figure(t, "png")))
		for step := range 4 {
			shade := color.RGBA{R: uint8(100 + 50*step), B: 32, A: 255}
			must(t, run.LogImage(ctx, mlflowclient.Image{Key: "labels/front", Step: int64(step), Picture: wineLabel(shade)}))
			must(t, run.LogMetric(ctx, mlflowclient.Metric{Key: "loss", Value: math.Exp(-float64(step)), Step: int64(step)}))
		}
		must(t, run.LogTable(ctx, "tastings.json", mlflowclient.Table{Columns: []string{"wine", "points", "label"}, Rows: [][]any{
			{"Quinta do Teste", 91.5, wineLabel(bordeaux)}, {"Casa Exemplo", 88, wineLabel(color.RGBA{G: 90, A: 255})},
		}}))
		awaitMetric(t, c, run.ID, "system/cpu_utilization_percentage", 5)
		return nil
	}))
	return logged
}

// TestUserInterfaceShowsIt opens the real user interface on a run with text, pictures, a table, a plot and system metrics.
func TestUserInterfaceShowsIt(t *testing.T) {
	c := serverEnd(t)
	run := illustratedRun(t, c)
	browser := stack.Browser(t)
	must(t, chromedp.Do(browser, chromedp.EmulateViewport(1500, 1100)))
	// loaded counts the pictures that have arrived with a width: without one they were refused.
	loaded := func(width int) string {
		return fmt.Sprintf(`[...document.images].filter(i => i.complete && i.naturalWidth == %d).length`, width)
	}
	for _, page := range []struct{ name, path, shows string }{
		{"text", "artifacts/notes/tasting.txt", hasText("plum, leather and a long finish")},
		{"yaml", "artifacts/settings.yaml", hasText("grape: touriga nacional")},
		{"plot", "artifacts/plots/residuals.png", loaded(384) + " >= 1"}, // four inches of 96 dots
		{"table", "artifacts/tastings.json", hasText("Quinta do Teste", "91.5", "points") + " && " + loaded(256) + " >= 2"},
		{"images", "model-metrics", hasText("labels/front") + " && " + loaded(256) + " >= 1"},
		{"system-metrics", "system-metrics", hasText("cpu_utilization_percentage", "network_receive_megabytes")},
	} {
		address := fmt.Sprintf("%s/#/experiments/%s/runs/%s/%s", c.TrackingURI(), run.ExperimentID, run.ID, page.path)
		// The page keeps the artifact that it shows when only what is behind # changes.
		must(t, chromedp.Do(browser, chromedp.Navigate("about:blank"), chromedp.Navigate(address)))
		pageShows(t, browser, page.name, page.shows)
	}
}

// hasText is true when the page shows all of the texts.
func hasText(texts ...string) string {
	return `["` + strings.Join(texts, `","`) + `"].every(text => document.body.innerText.includes(text))`
}

// pageShows waits until an expression is true on the page, and takes a picture then, or when it never is.
func pageShows(t *testing.T, browser context.Context, name, expression string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		done, err := chromedp.Run(browser, chromedp.Evaluate[bool](expression))
		must(t, err)
		if done {
			stack.Screenshot(t, browser, "mlflow-run-"+name)
			return
		}
	}
	file := stack.Screenshot(t, browser, "mlflow-run-"+name+"-failed")
	text, err := chromedp.Run(browser, chromedp.Evaluate[string](`document.body.innerText.slice(0, 2000)`))
	t.Errorf("%s: %s is never true, see %s; the page has %q, %v", name, expression, file, text, err)
}
