package prefectclient

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// claims notes when a worker first proposes a state for each flow run.
type claims struct {
	next http.RoundTripper
	mu   sync.Mutex
	at   map[string]time.Time
}

func (c *claims) RoundTrip(req *http.Request) (*http.Response, error) {
	if before, ok := strings.CutSuffix(req.URL.Path, "/set_state"); ok {
		c.mu.Lock()
		id := path.Base(before)
		if c.at[id].IsZero() {
			c.at[id] = time.Now()
		}
		c.mu.Unlock()
	}
	return c.next.RoundTrip(req)
}

// TestSchedulesFireInTime waits for runs of an interval and of a recurrence rule: the worker takes each within a second of
// its time. (When the server then lets it run depends on what else the server has to do.)
func TestSchedulesFireInTime(t *testing.T) {
	t.Parallel()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	seen := &claims{next: transport, at: map[string]time.Time{}}
	c := server(t, WithTransport(seen))
	ctx := t.Context()
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{Schedules: []ScheduleSpec{
		{Schedule: Every(4 * time.Second), Slug: "interval"},
		{Schedule: RRule("FREQ=SECONDLY;INTERVAL=5", "Europe/Vienna"), Slug: "rule"},
	}})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	// The server's own scheduler comes by once a minute; this is what it does then.
	if err := c.Deployments.Schedule(ctx, d.ID, time.Now().Add(4*time.Second), time.Now().Add(20*time.Second)); err != nil {
		t.Fatal(err)
	}
	completed := FlowRunQuery{Related: Related{FlowRuns: &FlowRunFilter{DeploymentID: &LinkFilter{Any: []string{d.ID}}, State: StateIs(StateCompleted)}}}
	eventually(t, 60*time.Second, "six runs", func() bool { return must[int](t)(c.FlowRuns.Count(ctx, completed.Related)) >= 6 })
	if err := c.Deployments.Pause(ctx, d.ID); err != nil {
		t.Error(err)
	}
	var late []time.Duration
	for run, err := range c.FlowRuns.Filter(ctx, completed) {
		if err != nil {
			t.Fatal(err)
		}
		seen.mu.Lock()
		late = append(late, seen.at[run.ID].Sub(run.ExpectedStartTime))
		seen.mu.Unlock()
	}
	slices.Sort(late)
	t.Logf("taken after %v", late)
	if late[0] < 0 || late[len(late)/2] > time.Second {
		t.Error("that is not in time")
	}
}

// TestSchedulesArePythons plans the same schedules by Python's client and by this one, over a change of the clocks: the
// server must come to the same times.
func TestSchedulesArePythons(t *testing.T) {
	t.Parallel()
	c, name := server(t), unique(t)
	ctx := t.Context()
	forget(t, c, name)
	flow := must[*FlowEntry](t)(c.Flows.Create(ctx, name, nil, nil))
	anchor := time.Date(2027, 3, 26, 7, 30, 0, 0, time.UTC)
	dayOr := false
	schedules := []Schedule{
		Cron("30 2 * * *", "Europe/Vienna"),
		{Cron: "0 4 1-31 * 0", Timezone: "America/New_York", DayOr: &dayOr},
		{Interval: (6 * time.Hour).Seconds(), AnchorDate: anchor, Timezone: "Europe/Vienna"},
		RRule("DTSTART:20270326T013000\nFREQ=DAILY;BYHOUR=1,13;BYMINUTE=30;BYSECOND=0", "Europe/Vienna"),
	}
	data, err := json.Marshal(schedules)
	if err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(ctx, stack.Python(t, "prefect"), "testdata/schedules.py", flow.ID, string(data))
	script.Env = append(os.Environ(), "PREFECT_API_URL="+c.APIURL(), "PREFECT_HOME="+t.TempDir(), "DO_NOT_TRACK=1")
	out, err := script.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr(err))
	}
	var theirs []string
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	from := time.Date(2027, 3, 26, 0, 0, 0, 0, time.UTC) // clocks change on the 14th in America, on the 28th in Europe
	for i, schedule := range schedules {
		d := must[*Deployment](t)(c.Deployments.Apply(ctx, DeploymentSpec{Name: "go-" + string(rune('a'+i)), FlowID: flow.ID, Schedules: []ScheduleSpec{{Schedule: schedule}}}))
		mine, python := plannedTimes(t, c, d.ID, from), plannedTimes(t, c, theirs[i], from)
		t.Logf("%+v: %d runs, the first %v", schedule, len(mine), mine[:min(3, len(mine))])
		if len(mine) < 3 || !reflect.DeepEqual(mine, python) {
			t.Errorf("%+v is planned for\n%v, Python's for\n%v", schedule, mine, python)
		}
	}
}

// plannedTimes makes a deployment's runs of a week and gives their times.
func plannedTimes(t *testing.T, c *Client, id string, from time.Time) []string {
	t.Helper()
	to := from.AddDate(0, 0, 28)
	if err := c.Deployments.Schedule(t.Context(), id, from, to); err != nil {
		t.Fatal(err)
	}
	var times []string
	query := FlowRunQuery{Sort: "EXPECTED_START_TIME_ASC", Related: Related{FlowRuns: &FlowRunFilter{
		DeploymentID: &LinkFilter{Any: []string{id}}, ExpectedStartTime: &TimeFilter{After: from, Before: to},
	}}}
	for run, err := range c.FlowRuns.Filter(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, run.ExpectedStartTime.UTC().Format(time.RFC3339))
	}
	return times
}
