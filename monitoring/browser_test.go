package monitoring_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring"
)

// TestPagesShowTheResults opens the report and the dashboard in Evidently's own pages, with two versions and some windows.
func TestPagesShowTheResults(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	w.append(all.rows(1000, 1599).predictions("1", noon)...)
	w.append(all.rows(1000, 1599).shifted(600).predictions("1", noon.Add(time.Hour))...)
	w.append(all.rows(500, 1000).predictions("1", noon.Add(2*time.Hour))...)
	w.append(all.rows(300, 800).predictions("2", noon.Add(time.Hour))...)
	w.append(all.rows(1000, 1300).shifted(300).predictions("2", noon.Add(2*time.Hour))...)
	publisher, _, _ := newPublisher(t)
	summary, err := w.monitor(t, all.rows(0, 1000).file(t, "reference.csv", true), func(config *monitoring.Config) {
		config.Publisher = publisher
		config.Outliers.Contamination = 0.01
	}).Run(t.Context(), monitoring.Range{})
	if err != nil || len(summary.Results) != 5 {
		t.Fatalf("%d results, %v", len(summary.Results), err)
	}
	shifted := summary.Results[1]
	if shifted.Rows != 600 {
		t.Fatalf("the second window has %d rows", shifted.Rows)
	}

	browser := stack.Browser(t)
	if err := chromedp.Do(browser, chromedp.EmulateViewport(1400, 3300)); err != nil { // all of a page in one picture
		t.Fatal(err)
	}
	open := func(address string) {
		t.Helper()
		if err := chromedp.Do(browser, chromedp.Navigate(address)); err != nil {
			t.Fatal(err)
		}
	}
	open(summary.URLs[shifted.ID()])
	shows(t, browser, pageHas("Dataset Drift", "Share of Drifted Columns", "alcohol", "K-S p_value", "chi-square p_value", "22 of 600 predictions are outliers"))
	if err := chromedp.Do(browser, chromedp.Click(`tbody tr button`)); err != nil { // opens the first column's picture
		t.Fatal(err)
	}
	shows(t, browser, `document.querySelectorAll(".js-plotly-plot .bars .point").length >= 20`)
	stack.Screenshot(t, browser, "evidently-report")
	open(publisher.DashboardURL())
	shows(t, browser, pageHas("Share of drifted columns", "Share of outliers", "Drift by column", "alcohol v1", "v2"))
	// A rectangle or more for each of 5 windows in three panels of bars, a circle for each in three of lines.
	shows(t, browser, `document.querySelectorAll("main svg rect, svg rect").length >= 15 && document.querySelectorAll("svg circle").length >= 15`)
	stack.Screenshot(t, browser, "evidently-dashboard")
}

// pageHas is true when the page shows all of the texts.
func pageHas(texts ...string) string {
	list, err := json.Marshal(texts)
	if err != nil {
		panic(err)
	}
	return string(list) + `.every(text => document.body.innerText.includes(text))`
}

// shows waits until an expression is true on the page.
func shows(t *testing.T, browser context.Context, expression string) {
	t.Helper()
	for end := time.Now().Add(120 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		done, err := chromedp.Run(browser, chromedp.Evaluate[bool](expression))
		if err != nil {
			t.Fatal(err)
		}
		if done {
			return
		}
	}
	page, err := chromedp.Run(browser, chromedp.Evaluate[string]("document.body.innerText"))
	stack.Screenshot(t, browser, "evidently-failed")
	t.Fatalf("not within two minutes: %s\n%s%v", expression, page, err)
}
