package prefectclient

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
)

// page is Prefect's own user interface in a real browser.
type uiPage struct {
	t       *testing.T
	browser context.Context
	address string
}

func (p *uiPage) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.browser, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *uiPage) eval(script string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.browser, chromedp.Evaluate[string](script))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func (p *uiPage) open(path string) { p.do(chromedp.Navigate(p.address + path)) }

func (p *uiPage) sees(texts ...string) {
	p.t.Helper()
	var missing []string
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		body := p.eval(`document.body ? document.body.innerText : ""`)
		missing = nil
		for _, text := range texts {
			if !strings.Contains(body, text) {
				missing = append(missing, text)
			}
		}
		if len(missing) == 0 {
			return
		}
	}
	stack.Screenshot(p.t, p.browser, "prefectclient-missing")
	p.t.Fatalf("the page does not show %q, but\n%s", missing, p.eval(`document.body.innerText`))
}

// press clicks what shows a text, as soon as it is there.
func (p *uiPage) press(text string) {
	p.t.Helper()
	find := fmt.Sprintf(`(() => {
		document.querySelectorAll("[data-pressed]").forEach(e => e.removeAttribute("data-pressed"));
		const found = [...document.querySelectorAll("button,a,label,[role=menuitem],[role=tab],[role=switch],[role=radio]")].
			filter(e => (e.innerText.trim() == %[1]q || e.getAttribute("aria-label") == %[1]q || e.textContent.trim() == %[1]q) && e.offsetParent !== null);
		found.slice(-1).forEach(e => e.setAttribute("data-pressed", ""));
		return "" + found.length;
	})()`, text)
	for end := time.Now().Add(30 * time.Second); p.eval(find) == "0"; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			stack.Screenshot(p.t, p.browser, "prefectclient-missing")
			p.t.Fatalf("there is nothing to press that shows %q", text)
		}
	}
	p.do(chromedp.Click(chromedp.CSS("[data-pressed]")))
}

// fill types into the input below a label.
func (p *uiPage) fill(label, text string) {
	p.t.Helper()
	found := p.eval(fmt.Sprintf(`(() => {
		const label = [...document.querySelectorAll("label")].filter(l => l.innerText.trim().startsWith(%q))[0];
		for (let e = label; e; e = e.parentElement) {
			const input = e.querySelector("input");
			if (input) { input.setAttribute("data-filled", ""); return "yes"; }
		}
		return "no";
	})()`, label))
	if found != "yes" {
		stack.Screenshot(p.t, p.browser, "prefectclient-missing")
		p.t.Fatalf("the form has no input %q", label)
	}
	p.do(
		chromedp.Focus(chromedp.CSS("[data-filled]")),
		chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)),
		chromedp.SendKeys(chromedp.CSS("[data-filled]"), text),
		chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("[data-filled]").forEach(e => e.removeAttribute("data-filled"))`),
	)
}

// seesGraph waits until the graph of a run has come to rest, with the names of its task runs in it.
func (p *uiPage) seesGraph() {
	p.t.Helper()
	const letters = 400 // dots that the names of four task runs have at least; the time axis alone has half as many
	before := 0
	for looks, end := 1, time.Now().Add(3*time.Minute); time.Now().Before(end); looks++ {
		time.Sleep(time.Second)
		switch looks % 20 { // a graph that is drawn slowly may have moved on from the run
		case 10:
			p.do(chromedp.KeyEvent("c")) // the page's key for "Recenter"
		case 0:
			p.do(chromedp.Reload())
		}
		dark := p.darkDots("canvas")
		if dark == before && dark >= letters {
			return
		}
		before = dark
	}
	stack.Screenshot(p.t, p.browser, "prefectclient-missing")
	p.t.Fatalf("the run's graph shows no names: %d dark dots", before)
}

// darkDots counts the dark dots of an element.
func (p *uiPage) darkDots(selector string) int {
	p.t.Helper()
	data, err := chromedp.Run(p.browser, chromedp.Screenshot(chromedp.CSS(selector)))
	if err != nil {
		p.t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	n := 0
	for x := range picture.Bounds().Dx() {
		for y := range picture.Bounds().Dy() {
			if gray, _ := color.GrayModel.Convert(picture.At(x, y)).(color.Gray); gray.Y < 70 {
				n++
			}
		}
	}
	return n
}

// wine is what the form of the test's deployment asks for.
type wine struct {
	Bottles int    `json:"bottles" default:"1" min:"1" max:"600" title:"Bottles"`
	What    string `json:"what" default:"done" enum:"done,wait,ask"`
}

// TestUserInterface does in Prefect's own pages what a user does: starts a run by its form and follows it, cancels another,
// resumes a third with an input, and looks at the pool's worker.
func TestUserInterface(t *testing.T) {
	t.Parallel()
	c := server(t)
	worker := unique(t)
	pack := NewTask("pack", func(ctx context.Context, n int) (int, error) {
		Logger(ctx).Info(fmt.Sprintf("packing bottle %d", n))
		return n, nil
	}, RunName("pack {input}"))
	seal := NewTask("seal", func(_ context.Context, ns []int) (int, error) { return len(ns), nil }, RunName("seal"))
	flow := NewFlow(unique(t), func(ctx context.Context, p wine) (int, error) {
		switch p.What {
		case "wait":
			<-ctx.Done()
			return 0, context.Cause(ctx)
		case "ask":
			answer, err := Pause[approval](ctx, Pausing{Description: "# Is it good?"})
			Logger(ctx).Info(fmt.Sprintf("the answer is %v", answer.Approve))
			return 0, err
		}
		bottles := make([]int, p.Bottles)
		for i := range bottles {
			bottles[i] = i + 1
		}
		packed := pack.Map(ctx, bottles)
		ns, err := packed.Results(ctx)
		if err != nil {
			return 0, err
		}
		if _, err := c.Artifacts.CreateTable(ctx, "delivery", []map[string]int{{"bottles": p.Bottles}}, "what is sent"); err != nil {
			return 0, err
		}
		return seal.Run(ctx, ns, packed)
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: worker}, flow)
	p := &uiPage{t, stack.Browser(t), strings.TrimSuffix(c.APIURL(), "/api") + "/v2"}

	p.open("/deployments/deployment/" + d.ID + "/run")
	p.sees("Bottles", "Enforce Parameter Schema")
	p.fill("Bottles", "3")
	stack.Screenshot(t, p.browser, "prefectclient-form")
	p.press("Submit")
	first := p.latest(c, d.ID)
	p.open("/runs/flow-run/" + first)
	p.sees("Completed")
	// The page asks for logs no more when the run has ended, and the last ones may come just then.
	eventually(t, 20*time.Second, "the logs are there", func() bool {
		var logs bytes.Buffer
		err := c.FlowRuns.DownloadLogs(t.Context(), first, &logs)
		return err == nil && strings.Contains(logs.String(), "Finished in state Completed()")
	})
	p.open("/runs/flow-run/" + first)
	p.sees("Completed", "4 Task runs", "packing bottle 3")
	p.seesGraph()
	stack.Screenshot(t, p.browser, "prefectclient-run")
	p.press("Task Runs")
	p.sees("pack 1", "pack 3", "seal")
	p.press("Artifacts")
	p.sees("delivery")
	stack.Screenshot(t, p.browser, "prefectclient-artifacts")

	second := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: wine{1, "wait"}}))
	inState(t, c, second.ID, StateRunning, 20*time.Second)
	p.open("/runs/flow-run/" + second.ID)
	p.sees("Running")
	p.press("Open menu")
	p.press("Cancel")
	p.sees("Cancel Flow Run")
	p.press("Cancel Flow Run")
	pressed := time.Now()
	inState(t, c, second.ID, StateCancelled, 20*time.Second)
	t.Logf("cancelled after %v", time.Since(pressed))
	p.sees("Cancelled")
	stack.Screenshot(t, p.browser, "prefectclient-cancelled")

	third := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: wine{1, "ask"}}))
	inState(t, c, third.ID, StatePaused, 20*time.Second)
	p.open("/runs/flow-run/" + third.ID)
	p.press("Open menu")
	p.press("Resume")
	p.sees("Register the model?", "Is it good?")
	p.do(chromedp.Click(chromedp.CSS(`[role="dialog"] [role="switch"]`)))
	stack.Screenshot(t, p.browser, "prefectclient-resume")
	p.press("Resume")
	inState(t, c, third.ID, StateCompleted, 20*time.Second)
	p.sees("Completed")

	p.open("/work-pools/work-pool/" + d.WorkPoolName + "?tab=Workers")
	p.sees(worker, "Online")
	stack.Screenshot(t, p.browser, "prefectclient-pool")
}

// latest is the last run of a deployment, as soon as there is one.
func (p *uiPage) latest(c *Client, deploymentID string) (id string) {
	p.t.Helper()
	query := FlowRunQuery{Sort: "EXPECTED_START_TIME_DESC", Related: Related{FlowRuns: &FlowRunFilter{DeploymentID: &LinkFilter{Any: []string{deploymentID}}}}}
	eventually(p.t, 20*time.Second, "there is a run", func() bool {
		for run, err := range c.FlowRuns.Filter(p.t.Context(), query) {
			if err != nil {
				p.t.Fatal(err)
			}
			id = run.ID
			return true
		}
		return false
	})
	return id
}
