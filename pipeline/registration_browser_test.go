package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
	"mlopsgo/prefectclient"
)

// pages looks at user interfaces, and keeps a picture of each page.
type pages struct {
	context.Context
	t *testing.T
}

func (p pages) open(address string) {
	p.t.Helper()
	if err := chromedp.Do(p, chromedp.Navigate(address)); err != nil {
		p.t.Fatalf("open %s: %v", address, err)
	}
}

// until waits until a script gives true.
func (p pages) until(picture, what, script string) {
	p.t.Helper()
	_, err := chromedp.Run(p, chromedp.Poll[bool](script, chromedp.WithPollingTimeout(time.Minute)))
	stack.Screenshot(p.t, p, picture)
	if err != nil {
		p.t.Fatalf("page %s: not %s: %v", picture, what, err)
	}
}

// shows waits until the page holds every text, in its inputs too.
func (p pages) shows(picture string, texts ...string) {
	p.t.Helper()
	list, err := json.Marshal(texts)
	if err != nil {
		p.t.Fatal(err)
	}
	all := `document.body.innerText + [...document.querySelectorAll('input, textarea')].map(i => i.value).join('\n')`
	p.until(picture, fmt.Sprintf("showing %s", list), fmt.Sprintf("(all => %s.every(text => all.includes(text)))(%s)", list, all))
}

// press clicks the last button that holds just the text.
func (p pages) press(picture, text string) {
	p.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button, a')].filter(b => b.innerText.trim() === %q && !b.disabled).at(-1)`, text)
	p.until(picture, "having a button "+text, find+" !== undefined")
	if _, err := chromedp.Run(p, chromedp.Evaluate[bool](find+".click(), true")); err != nil {
		p.t.Fatal(err)
	}
}

// draws waits until the page's canvas holds some area in the green of completed task runs, which its text does not tell.
func (p pages) draws(picture string) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		box, err := chromedp.Run(p, chromedp.Evaluate[[4]float64](
			`(b => [b.left, b.top, b.right, b.bottom])(document.querySelector('canvas')?.getBoundingClientRect() ?? {left: 0, top: 0, right: 0, bottom: 0})`))
		if err != nil {
			p.t.Fatal(err)
		}
		green := greenPixels(p.t, stack.Screenshot(p.t, p, picture), image.Rect(int(box[0]), int(box[1]), int(box[2]), int(box[3])))
		if green > 3000 { // one bar has about ten thousand
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("page %s: %d green pixels in the graph", picture, green)
		}
	}
}

// greenPixels counts those of a picture's part.
func greenPixels(t *testing.T, file string, part image.Rectangle) int {
	t.Helper()
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	picture, err := png.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	part = part.Intersect(picture.Bounds())
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if r, g, b, _ := picture.At(x, y).RGBA(); g>>8 > 140 && r>>8 < 70 && b>>8 < 110 {
				count++
			}
		}
	}
	return count
}

func TestTheUserInterfacesShowTheRegistration(t *testing.T) {
	r := onServers(t)
	studied(t, r.Client, r.params.ExperimentName, 0.6, nil)
	r.serve(t)
	p := pages{stack.Browser(t), t}

	// The form is drawn from the parameters, and its button starts a run.
	p.open(r.prefect.UIURL() + "/deployments/deployment/" + r.deployment.ID + "/run")
	p.shows("registration-form", "Bucket that holds the data", r.params.BucketName, "Object", "winequality-red.csv", "Target column", "quality",
		"Feature columns", "volatile acidity", "sulphates", "Experiment of the study", r.params.ExperimentName, "Promotion", "if_not_worse")
	p.press("registration-form", "Submit")
	var run *prefectclient.FlowRun
	until(t, "the form's run exists", func() bool {
		query := prefectclient.FlowRunQuery{Related: prefectclient.Related{FlowRuns: &prefectclient.FlowRunFilter{
			DeploymentID: &prefectclient.LinkFilter{Any: []string{r.deployment.ID}},
			CreatedBy:    &prefectclient.CreatedByFilter{IsNull: new(true)}, // the schedule's have one
		}}}
		for found, err := range r.prefect.FlowRuns.Filter(t.Context(), query) {
			if err != nil {
				t.Fatal(err)
			}
			run = found
		}
		return run != nil
	})
	r.ends(t, run.ID, prefectclient.StateCompleted)
	r.tasks(t, run.ID)
	p.open(r.prefect.UIURL() + "/runs/flow-run/" + run.ID)
	p.shows("registration-run", run.Name, "Completed", "trained 10 trees", "registered "+r.Model+" version 1")
	p.draws("registration-run")
	artifact, err := r.prefect.Artifacts.ReadLatest(t.Context(), artifactKey("registered-"+r.Model))
	if err != nil {
		t.Fatal(err)
	}
	p.open(r.prefect.UIURL() + "/artifacts/artifact/" + artifact.ID)
	p.shows("registration-artifact", r.Model, "accuracy", "n_estimators", "is the champion")

	p.open(r.Client.TrackingURI() + "/#/models/" + r.Model)
	p.shows("registered-model", r.Model, "Version 1", "champion")
}
