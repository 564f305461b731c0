package predictsvc

import (
	"math"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// TestPageInABrowser fills the form in with the keyboard, as a user does, and reads the answer, with the metrics of a real MLflow.
func TestPageInABrowser(t *testing.T) {
	servers := stack.Get(t)
	client := newClient(t, servers.MLflowURI) // closed after the service, which would dial again
	name := unique("predictor-page")
	version := registered(t, client, name, "champion", modelFiles(t, tinyForest(5, 6), func(m *mlmodel.ONNXModel) {
		m.Signature.Inputs.Columns[1].Optional = true
	}))
	for key, value := range map[string]float64{"accuracy": 0.7031, "f1/macro": 0.41, "not a number": math.NaN()} {
		must(t, client.Runs.LogMetric(t.Context(), version.RunID, mlflowclient.Metric{Key: key, Value: value}))
	}
	s := serve(t, Config{Client: client, ModelURI: "models:/" + name + "@champion", Access: AccessConfig{Tokens: []string{tokenOne}}})
	eventually(t, "a model", func() bool { return s.follower.current.Load() != nil })
	browser := stack.Browser(t)
	text := func(selector string) string {
		t.Helper()
		got, err := chromedp.Run(browser, chromedp.Text(selector))
		must(t, err)
		return strings.TrimSpace(got)
	}
	must(t, chromedp.Do(browser, chromedp.Navigate(s.url), chromedp.WaitVisible("#token-form")))
	must(t, chromedp.Do(browser, chromedp.SendKeys("#token", tokenOne+"\r"), chromedp.WaitVisible("#field-3")))
	if got := text("#name") + text("#badges"); got != name+"version 1\n@champion" && got != name+"version 1@champion" {
		t.Errorf("the title is %q", got)
	}
	eventually(t, "metrics", func() bool { return strings.Contains(text("#metrics"), "0.70310") })
	if got := text("#metrics"); !strings.Contains(got, "0.41") || !strings.Contains(got, "NaN") {
		t.Errorf("the metrics are %q", got)
	}
	must(t, chromedp.Do(browser, chromedp.Clear("#field-3"), chromedp.Clear("#field-1"), chromedp.SendKeys("#field-3", "12.5\r"), chromedp.WaitVisible("#result")))
	if got := text("#label"); got != "6" {
		t.Errorf("the answer is %q", got)
	}
	if got := strings.Join(strings.Fields(text("#bars")), " "); got != "5 25.0 % 6 75.0 %" {
		t.Errorf("the bars say %q", got)
	}
	stack.Screenshot(t, browser, "predictor-page")
	_, err := chromedp.Call(browser, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	})
	must(t, err)
	stack.Screenshot(t, browser, "predictor-page-dark")
	must(t, chromedp.Do(browser, chromedp.Clear("#field-0"), chromedp.SendKeys("#field-0", "strong\r"), chromedp.WaitVisible("#problem")))
	if got := text("#problem"); !strings.Contains(got, `column "volatile acidity": expected double, got the text "strong"`) {
		t.Errorf("the problem is %q", got)
	}
	must(t, chromedp.Do(browser, chromedp.Navigate(s.url+"/docs"), chromedp.WaitVisible("#post-predict"),
		chromedp.Click("#post-predict > summary"), chromedp.Click("#post-predict button"), chromedp.WaitVisible("#post-predict .status")))
	if got := text("#post-predict .status + pre"); !strings.Contains(got, `"quality": 5`) {
		t.Errorf("the answer on the API's page is %q", got)
	}
	stack.Screenshot(t, browser, "predictor-docs")
}
