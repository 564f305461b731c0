package looptest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// pages looks at what a user looks at, in a real browser. Each page leaves a screenshot.
func (l *loop) pages(t *testing.T) {
	browser := stack.Browser(t)
	l.submitForm(t, browser)
	l.comparison(t, browser)
	show(t, browser, "loop-mlflow-model", l.own.MLflowURI+"/#/models/"+modelName, "Version 1", "Version 2", "champion")
	show(t, browser, "loop-evidently-report", l.report, "Drift", "alcohol")
}

// submitForm starts a run by the form of Prefect's page and follows it to its end.
func (l *loop) submitForm(t *testing.T, browser context.Context) {
	t.Helper()
	worker := l.run.start(t, "worker", "--name", "loop")
	ui := strings.TrimSuffix(l.own.PrefectAPIURL, "/api") + "/v2"
	show(t, browser, "loop-prefect-form", ui+"/deployments/deployment/"+l.deployment+"/run", "Bucket", "Feature columns", "Promotion", "Enforce Parameter Schema")
	const name = "from-the-form"
	press(t, browser,
		chromedp.Focus(chromedp.CSS(`input[name="name"]`)),
		chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)),
		chromedp.SendKeys(chromedp.CSS(`input[name="name"]`), name),
		chromedp.Click(chromedp.CSS(`button[type="submit"]`)),
	)
	id := l.runNamed(t, name)
	l.awaitState(t, id, prefectclient.StateCompleted)
	worker.stop(t)
	show(t, browser, "loop-prefect-run", ui+"/runs/flow-run/"+id, "Completed", "4 Task runs", "1199 are for training", "the best run of experiment")
	l.championIs(t, "2")
}

func (l *loop) runNamed(t *testing.T, name string) (id string) {
	t.Helper()
	query := prefectclient.FlowRunQuery{Related: prefectclient.Related{
		FlowRuns: &prefectclient.FlowRunFilter{Name: &prefectclient.NameFilter{Any: []string{name}}},
	}}
	await(t, 30*time.Second, "a flow run "+name, func() bool {
		for run, err := range l.prefect.FlowRuns.Filter(t.Context(), query) {
			if err != nil {
				t.Fatal(err)
			}
			id = run.ID
		}
		return id != ""
	})
	return id
}

// comparison opens MLflow's page that compares the study's trials.
func (l *loop) comparison(t *testing.T, browser context.Context) {
	t.Helper()
	experiment, err := l.mlflow.Experiments.GetByName(t.Context(), "red-wine-quality-hyperopt")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for run, err := range l.mlflow.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		if run.Tags[mlflowclient.TagParentRun] != "" {
			ids = append(ids, run.ID)
		}
	}
	runs, err := json.Marshal(ids)
	if err != nil {
		t.Fatal(err)
	}
	page := fmt.Sprintf("%s/#/compare-runs?runs=%s&experiments=%s", l.own.MLflowURI, url.QueryEscape(string(runs)), url.QueryEscape(`["`+experiment.ID+`"]`))
	show(t, browser, "loop-mlflow-compare", page, "trial-1", fmt.Sprint("trial-", trials), "Parallel Coordinates Plot", "n_estimators")
	// The tabs listen to the button going down.
	tab := `[...document.querySelectorAll("[role=tab]")].filter(e => e.textContent.trim() == "Scatter Plot").
		forEach(e => e.dispatchEvent(new MouseEvent("mousedown", {bubbles: true, cancelable: true, button: 0})))`
	press(t, browser, chromedp.Evaluate[chromedp.Void](tab))
	await(t, 30*time.Second, "the scatter plot is there", func() bool {
		text, err := chromedp.Run(browser, chromedp.Evaluate[string](`document.body.innerText`))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(text, "X-axis:") && strings.Contains(text, "Y-axis:")
	})
	time.Sleep(time.Second) // its dots come
	stack.Screenshot(t, browser, "loop-mlflow-scatter")
}

// show opens a page, waits until it shows all the texts, and takes a picture of it.
func show(t *testing.T, browser context.Context, name, page string, texts ...string) {
	t.Helper()
	press(t, browser, chromedp.Navigate(page))
	var missing []string
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		body, err := chromedp.Run(browser, chromedp.Evaluate[string](`document.body ? document.body.innerText + " " + [...document.querySelectorAll("iframe")].map(f => f.contentDocument ? f.contentDocument.body.innerText : "").join(" ") : ""`))
		if err != nil {
			t.Fatal(err)
		}
		missing = nil
		for _, text := range texts {
			if !strings.Contains(body, text) {
				missing = append(missing, text)
			}
		}
		if len(missing) == 0 || time.Now().After(end) {
			break
		}
	}
	time.Sleep(time.Second) // what moves comes to rest
	stack.Screenshot(t, browser, name)
	if len(missing) > 0 {
		t.Errorf("%s does not show %q", page, missing)
	}
}

func press(t *testing.T, browser context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(browser, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}
