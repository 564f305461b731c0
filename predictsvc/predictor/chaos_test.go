package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

const chaosModel = "sk-rfc-model"

// chaos is a predictor on servers of the test's own, under load.
type chaos struct {
	t      *testing.T
	own    *stack.Own
	client *mlflowclient.Client
	env    []string
	load   *load
	now    string // the version that the alias names
}

// TestChaos swaps models under load, of its own and of wrk, while MLflow, Postgres and the store of artifacts are killed and started
// again, and while they hang; then it kills the predictor, while Postgres is up and while it is down. No request fails, none is answered
// by a version or with a label that it should not be, and what was answered is in Postgres once.
func TestChaos(t *testing.T) {
	c := &chaos{t: t, own: stack.StartOwnWithout(t, "prefect", "evidently"), now: "1"}
	var err error
	c.client, err = mlflowclient.New(t.Context(), c.own.MLflowURI, mlflowclient.WithRetries(mlflowclient.RetryPolicy{}))
	must(t, err)
	defer c.client.Close()
	for range 3 {
		c.register()
	}
	must(t, c.client.RegisteredModels.SetAlias(t.Context(), chaosModel, "champion", "1"))
	must(t, c.client.RegisteredModels.SetAlias(t.Context(), chaosModel, "challenger", "2"))
	cache := t.TempDir()
	c.env = slices.Concat(c.own.Env, []string{
		"MODEL_CACHE=" + cache, "PREDICTOR_POLL=100ms", "PREDICTOR_SPOOL_DIR=" + cache + "/log", "SHADOW_MODEL_URI=models:/" + chaosModel + "@challenger",
		"MLFLOW_HTTP_REQUEST_TIMEOUT=2", "PREDICTOR_SHUTDOWN=3s",
	})
	s := start(t, c.env...)
	c.load = startLoad(t, s.url, chaosModel, "1", 4, 20*time.Millisecond)
	wrk := startWrk(t, s.url)
	began := time.Now()
	c.swaps(5)
	c.outage("mlflow", nil)
	c.swaps(5)
	c.outage("postgres", nil)
	c.swaps(5)                                    // the last one from 3 to 1, which are in the cache
	c.outage("minio", func() { c.setAlias("2") }) // whose files are not in the cache any more
	c.awaitServed("2")
	c.swaps(4)
	c.hangs()
	for time.Since(began) < 30*time.Second {
		time.Sleep(100 * time.Millisecond)
	}
	if wrk != nil {
		c.compareWrk(wrk.stop())
	}
	c.settle()
	answered, slowest := c.load.summary()
	t.Logf("%d requests in %.1f s, swaps, the slowest took %v", answered, time.Since(began).Seconds(), slowest)
	c.compare(time.Now(), 0, "before the predictor is killed")

	s = c.killPredictor(s, "while Postgres is up", func() {})
	c.own.Kill(t, "postgres")
	s = c.killPredictor(s, "while Postgres is down", func() { c.own.Up(t) })
	c.hangAtTheEnd(s)
}

// killPredictor kills it under load, starts it again after what a test does in between, and looks for what it had answered.
func (c *chaos) killPredictor(s *started, when string, meanwhile func()) *started {
	c.t.Helper()
	before := c.load.count()
	c.await("requests are answered "+when, func() bool { return c.load.count() >= before+300 })
	c.load.ending.Store(true)
	s.signal(os.Kill)
	s.wait()
	c.load.end()
	killed := time.Now() // whatever it answered was answered before
	meanwhile()
	s = start(c.t, c.env...)
	c.load.begin(s.url)
	c.settle()
	c.compare(killed, flush+late, "after the predictor was killed "+when)
	return s
}

// register makes a version whose labels tell which it is; see labelsOf.
func (c *chaos) register() {
	c.t.Helper()
	ctx := c.t.Context()
	columns := []string{"volatile acidity", "citric acid", "sulphates", "alcohol"}
	must(c.t, c.client.Track(ctx, mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		version := "1"
		for v, err := range c.client.ModelVersions.Search(ctx, mlflowclient.SearchModelVersions{Filter: "name='" + chaosModel + "'"}) {
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(v.Version)
			if err != nil {
				return err
			}
			version = strconv.Itoa(max(n+1, int(version[0]-'0')))
		}
		low, high := labelsOf(version)
		model, err := (&onnx.Forest{
			Features: 4, IntClasses: []int64{int64(low), int64(high)}, Trees: []onnx.Tree{{
				Left: []int{1, -1, -1}, Right: []int{2, -1, -1}, Feature: []int{3, -2, -2}, Threshold: []float64{10, -2, -2},
				Values: []float64{0.5, 0.5, 1, 0, 0, 1},
			}},
		}).Model()
		if err != nil {
			return err
		}
		logged, err := run.LogModel(ctx, mlflowclient.LogModel{Name: "tiny", Files: func(id string) ([]mlmodel.File, error) {
			return mlmodel.ONNXModel{
				Data: model.Encode(), ModelID: id, Signature: &mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, columns...)},
				Example: &mlmodel.Example{Columns: columns, Rows: [][]any{{0.7, 0.0, 0.56, 9.4}}},
			}.Files()
		}})
		if err != nil {
			return err
		}
		made, err := c.client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: chaosModel, ModelID: logged.ID, RunID: run.ID})
		if err == nil && made.Version != version {
			err = fmt.Errorf("version %s, want %s", made.Version, version)
		}
		return err
	}))
}

// swaps sets the alias to another version, n times, and waits each time until that answers.
func (c *chaos) swaps(n int) {
	c.t.Helper()
	for range n {
		next := c.next()
		c.setAlias(next)
		c.awaitServed(next)
	}
}

// next is the version whose files are not in the cache: it keeps those of the two that were served last, of three.
func (c *chaos) next() string { return strconv.Itoa(int(c.now[0]-'0')%3 + 1) }

func (c *chaos) setAlias(version string) {
	c.t.Helper()
	c.load.allow(c.now, version)
	c.await("the alias is set", func() bool {
		return c.client.RegisteredModels.SetAlias(c.t.Context(), chaosModel, "champion", version) == nil
	})
}

func (c *chaos) awaitServed(version string) {
	c.t.Helper()
	c.await("version "+version+" is served", func() bool {
		report, err := c.load.health()
		return err == nil && report.Model.Version == version
	})
	c.load.allow(version)
	c.now = version
	answered := c.load.count()
	c.await("it has answered", func() bool { return c.load.count() > answered+5 })
}

// outage kills a server, lets the predictor go on without it for two seconds, and starts it again.
func (c *chaos) outage(server string, meanwhile func()) {
	c.t.Helper()
	began := time.Now()
	c.own.Kill(c.t, server)
	if meanwhile != nil {
		meanwhile()
	}
	c.await(server+" is missed", func() bool {
		report, err := c.load.health()
		return err == nil && report.Status == "degraded"
	})
	time.Sleep(time.Until(began.Add(2 * time.Second)))
	c.own.Up(c.t)
	c.await("all is well again", func() bool {
		report, err := c.load.health()
		return err == nil && report.Status == "ok"
	})
	c.t.Logf("%s was away; %.1f s until all was well", server, time.Since(began).Seconds())
}

// settle waits until everything that was answered is in Postgres, but what has come within the last moments.
func (c *chaos) settle() {
	c.t.Helper()
	c.await("nothing waits for Postgres", func() bool {
		report, err := c.load.health()
		return err == nil && report.Log.Waiting < 3000 && report.Status == "ok"
	})
}

func (c *chaos) await(what string, done func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			report, err := c.load.health()
			c.t.Fatalf("still not: %s (%+v, %v)", what, report, err)
		}
	}
}

const (
	flush = 500 * time.Millisecond
	late  = 200 * time.Millisecond // on a machine that has something else to do
)

// compare holds what was answered before a moment against Postgres. What was answered within the time spared before it may be missing: a
// predictor that was killed then has lost it.
func (c *chaos) compare(moment time.Time, spared time.Duration, when string) {
	c.t.Helper()
	missing, longest := c.lost(moment)
	for deadline := time.Now().Add(time.Minute); missing > 0 && longest > spared; missing, longest = c.lost(moment) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: %d rows are not in Postgres, the first of which was answered %v before", when, missing, longest)
		}
		time.Sleep(time.Second) // looking reads all rows
	}
	found := map[string]bool{}
	for _, p := range c.kept() {
		key := fmt.Sprintf("%s %d", p.RequestID, p.Row)
		if found[key] {
			c.t.Errorf("%s: request %s is there twice", when, key)
		}
		found[key] = true
		c.load.mu.Lock()
		answer, ok := c.load.told[p.RequestID]
		c.load.mu.Unlock()
		if ok && (answer.version != p.Version || strconv.Itoa(answer.labels[p.Row]) != p.Prediction) {
			c.t.Errorf("%s: request %s was answered %v by version %s, and Postgres has %s by %s", when, key, answer.labels, answer.version, p.Prediction, p.Version)
		}
	}
	report, err := c.load.health()
	must(c.t, err)
	c.load.forget(moment)
	c.t.Logf("%s: %d rows in Postgres, %d of the last %v are not; %+v", when, len(found), missing, longest, report)
	if report.Log.Dropped != 0 || report.Shadow.Failed != 0 {
		c.t.Errorf("%s: %+v", when, report)
	}
}

// lost counts the rows that were answered before a moment and are not in Postgres, and says how long before it the first of them was answered.
func (c *chaos) lost(before time.Time) (missing int, longest time.Duration) {
	c.t.Helper()
	found := map[string]int{}
	for _, p := range c.kept() {
		found[p.RequestID]++
	}
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	for id, answer := range c.load.told {
		if lacks := len(answer.labels) - found[id]; lacks > 0 && answer.at.Before(before) {
			missing += lacks
			longest = max(longest, before.Sub(answer.at))
		}
	}
	return missing, longest
}

// keptRow is a row of the table of predictions.
type keptRow struct {
	RequestID           string
	Row                 int
	Version, Prediction string
}

// kept reads the rows of all requests but those of wrk.
func (c *chaos) kept() []keptRow {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.own.PostgresURL)
	must(c.t, err)
	defer conn.Close(c.t.Context())
	rows, err := conn.Query(c.t.Context(), "SELECT request_id, row_number, model_version, prediction FROM predictions WHERE request_id <> $1", wrkID)
	must(c.t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[keptRow])
	must(c.t, err)
	return all
}
