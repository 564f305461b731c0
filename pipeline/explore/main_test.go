package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "explore")) }

func TestTheOriginalsFeaturesAreFound(t *testing.T) {
	dir := t.TempDir()
	done := program.Run(t, dir, nil)
	if done.Code != 0 {
		t.Fatalf("%+v", done)
	}
	for _, want := range []string{
		"1599 rows, 11 features; 0 rows left out since a value is missing, 240 rows repeat another",
		"Worth keeping: volatile acidity, citric acid, sulphates, alcohol\n",
		"* alcohol                    0.4762  ███",
		"  5               681   42.6 %  ███",
		"exploration/report.html",
		"go run ./pipeline/baselines\n",
	} {
		if !strings.Contains(done.Stdout, want) {
			t.Errorf("no %q in\n%s", want, done.Stdout)
		}
	}
	client, err := mlflowclient.New(t.Context(), "sqlite:///"+filepath.Join(dir, "mlflow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	experiment, err := client.Experiments.GetByName(t.Context(), "red-wine-quality-exploration")
	if err != nil {
		t.Fatal(err)
	}
	for run, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		checkRun(t, client, run)
	}
}

// checkRun looks at what MLflow has got.
func checkRun(t *testing.T, client *mlflowclient.Client, run *mlflowclient.Run) {
	t.Helper()
	if run.Status != mlflowclient.StatusFinished || run.Params["kept"] != `["volatile acidity" "citric acid" "sulphates" "alcohol"]` {
		t.Errorf("run %s: %v", run.Status, run.Params)
	}
	if got := run.Metrics["correlation/alcohol"].Value; got < 0.4761 || got > 0.4762 {
		t.Errorf("correlation of alcohol: %v", got)
	}
	if got := run.Metrics["class_rows/5"].Value; got != 681 {
		t.Errorf("%v rows of class 5", got)
	}
	store, err := client.Artifacts.ForRun(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]int64{}
	for file, err := range store.Walk(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		files[file.Path] = file.Size
	}
	for _, want := range []string{
		"report.html", "describe.csv", "pictures/correlation.png", "pictures/correlation.svg", "pictures/class_balance.png",
		"pictures/density/11_alcohol.svg", "pictures/density_by_class/02_volatile_acidity.png",
	} {
		if files[want] == 0 {
			t.Errorf("no artifact %s among %v", want, files)
		}
	}
}

// TestReportNeedsNoOtherFile opens the report in a browser that reaches no network.
func TestReportNeedsNoOtherFile(t *testing.T) {
	browser := stack.Browser(t)
	dir := t.TempDir()
	if done := program.Run(t, dir, nil, "--out", "report"); done.Code != 0 {
		t.Fatalf("%+v", done)
	}
	page := filepath.Join(dir, "report", "report.html")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{"<script", "<link", "<img", "url(", "@import"} {
		if strings.Contains(string(text), reference) {
			t.Errorf("the report has %s", reference)
		}
	}
	if err := chromedp.Do(browser, chromedp.EmulateViewport(1280, 1000), chromedp.Navigate("file://"+page)); err != nil {
		t.Fatal(err)
	}
	pictures, rows := count(t, browser, `[...document.querySelectorAll("svg")].filter(s => s.getBoundingClientRect().height > 100)`), count(t, browser, `document.querySelectorAll("tbody tr")`)
	wide, err := chromedp.Run(browser, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil {
		t.Fatal(err)
	}
	if pictures != 25 || rows != 11 || wide {
		t.Errorf("%d pictures, %d rows of the table, wider than the window: %v", pictures, rows, wide)
	}
	t.Log(stack.Screenshot(t, browser, "exploration-report"))
}

// count is the length of a list in the page.
func count(t *testing.T, browser context.Context, list string) int {
	t.Helper()
	n, err := chromedp.Run(browser, chromedp.Evaluate[int]("("+list+").length"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTextClassesAndMissingValues(t *testing.T) {
	dir := t.TempDir()
	text := "height,width,name,note\n1,5,a,x\n2,5,a,y\n3,5,b,z\n4,5,b,\n,5,b,w\n6,5,,w\n"
	if err := os.WriteFile(filepath.Join(dir, "things.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	done := program.Run(t, dir, nil, "--data", "things.csv", "--target", "name")
	if done.Code != 0 {
		t.Fatalf("%+v", done)
	}
	for _, want := range []string{
		"4 rows, 2 features; 2 rows left out since a value is missing", "correlation ratio with name", "* height                     0.8944",
		"width                         NaN", fmt.Sprintf("baselines --data %q --target %q --features all\n", "things.csv", "name"),
	} {
		if !strings.Contains(done.Stdout, want) {
			t.Errorf("no %q in\n%s", want, done.Stdout)
		}
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text.csv"), []byte("name,class\nx,a\ny,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"there is no file nowhere.csv":                           {"--data", "nowhere.csv"},
		`no such column: "grape"`:                                {"--target", "grape"},
		`column "name": "x" is not a number`:                     {"--data", "text.csv", "--target", "class", "--features", "name"},
		"there is no numeric column beside the target \"class\"": {"--data", "text.csv", "--target", "class"},
		`the target "quality" is among the features`:             {"--features", "quality,pH"},
		"--threshold is 2":                                       {"--threshold", "2"},
	} {
		done := program.Run(t, dir, nil, args...)
		if done.Code == 0 || !strings.Contains(done.Stderr, want) || strings.Count(done.Stderr, "\n") != 1 {
			t.Errorf("%v: %+v, want %q", args, done, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "exploration")); err == nil {
		t.Error("a refused exploration left a folder")
	}
}
