package prefectclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// differences of a Go run's record from that of the same Python flow, each with its reason. A field that differs and is
// not here fails the test.
var differences = map[string]string{
	"artifact[FLOW-table].data":                     "the same table; Python's JSON has a blank after each colon",
	"flow_run.state.state_details.deferred":         noDeferred,
	"subflow[0].state.state_details.deferred":       noDeferred,
	"task[FLOW-child].state.state_details.deferred": noDeferred,
	"task[FLOW-child].task_key":                     "Python takes the function's name, Go the flow's: Go's functions may have none",
	"task[bad].state.message":                       noClass,
	"task[bad].state.state_details.retriable":       "Python writes false where it has asked for a retry condition; there was none",
	"log[bad] 1":       noClass,
	"log[bad] 2":       noClass,
	"log[flaky] 2":     noClass,
	"log[impatient] 1": noClass,
	"log[slow] 1":      noClass,
}

const (
	noDeferred = "only of deferred task runs; the server's default stands where Python writes null"
	noClass    = "Python names the exception's class, which errors in Go do not have"
)

// runParityInGo is testdata/parity.py in Go.
func runParityInGo(t *testing.T, c *Client, name string) string {
	type number struct {
		X int `json:"x"`
	}
	type sum struct {
		X *Future[int] `json:"x"`
		Y int          `json:"y"`
	}
	attempts := 0
	flaky := NewTask("flaky", func(ctx context.Context, in number) (int, error) {
		attempts++
		Logger(ctx).Info(fmt.Sprintf("attempt %d", attempts))
		if attempts == 1 {
			return 0, errors.New("boom")
		}
		return in.X + 1, nil
	}, Retries(2, 300*time.Millisecond), Tags("fragile"))
	impatient := NewTask("impatient", func(_ context.Context, in number) (int, error) {
		attempts++
		if attempts == 3 {
			return 0, errors.New("boom again")
		}
		return in.X, nil
	}, Retries(1))
	double := NewTask("double", func(_ context.Context, in number) (int, error) { return 2 * in.X, nil })
	add := NewTask("add", func(ctx context.Context, in sum) (int, error) {
		x, err := in.X.Result(ctx)
		return x + in.Y, err
	})
	finish := NewTask("finish", func(ctx context.Context, in sum) (int, error) {
		x, err := in.X.Result(ctx)
		return x + in.Y, err
	})
	slow := NewTask("slow", func(ctx context.Context, _ struct{}) (int, error) {
		<-ctx.Done()
		return 0, context.Cause(ctx)
	}, Timeout(200*time.Millisecond))
	bad := NewTask("bad", func(context.Context, struct{}) (int, error) { return 0, errors.New("bad one") })
	table := NewTask("table", func(ctx context.Context, _ struct{}) (int, error) {
		_, err := c.Artifacts.CreateTable(ctx, name+"-table", []map[string]int{{"a": 1}}, "a table")
		return 0, err
	})
	child := NewFlow(name+"-child", func(ctx context.Context, in struct {
		K int `json:"k"`
	},
	) (int, error) {
		return double.Run(ctx, number{in.K})
	}, Version("v1"))
	var id string
	flow := NewFlow(name, func(ctx context.Context, p struct {
		N     int    `json:"n"`
		Label string `json:"label" default:"a"`
	},
	) (int, error) {
		info, _ := Info(ctx)
		id = info.FlowRunID
		Logger(ctx).Info("start")
		if _, err := flaky.Run(ctx, number{p.N}); err != nil {
			return 0, err
		}
		if _, err := impatient.Run(ctx, number{p.N}); err != nil {
			return 0, err
		}
		doubled := double.Map(ctx, []number{{1}, {2}, {3}})
		total := add.Submit(ctx, sum{doubled[0], 5})
		last := finish.Submit(ctx, sum{total, 1}, doubled[1])
		if _, err := child.Run(ctx, struct {
			K int `json:"k"`
		}{2}); err != nil {
			return 0, err
		}
		_, _ = slow.Run(ctx, struct{}{}) // fails as it shall
		_, _ = bad.Run(ctx, struct{}{})
		if _, err := table.Run(ctx, struct{}{}); err != nil {
			return 0, err
		}
		if _, err := c.Artifacts.CreateMarkdown(ctx, name+"-markdown", "# hi", ""); err != nil {
			return 0, err
		}
		Logger(ctx).Warn("almost done")
		return last.Result(ctx)
	}, Version("v1"), Retries(1, time.Second))
	n, err := flow.Run(NewContext(t.Context(), c), struct {
		N     int    `json:"n"`
		Label string `json:"label" default:"a"`
	}{4, "b"})
	if err != nil || n != 8 {
		t.Fatalf("the Go flow gave %d, %v", n, err)
	}
	return id
}

func runParityInPython(t *testing.T, c *Client, name string) string {
	cmd := exec.CommandContext(t.Context(), stack.Python(t, "prefect"), "testdata/parity.py", name)
	cmd.Env = append(os.Environ(), "PREFECT_API_URL="+c.APIURL(), "PREFECT_HOME="+t.TempDir(), "DO_NOT_TRACK=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("Python: %v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func TestRecordIsPythons(t *testing.T) {
	c := server(t)
	names := []string{unique(t) + "-go", unique(t) + "-py"}
	forget(t, c, names[0], names[1], names[0]+"-child", names[1]+"-child")
	ids := []string{runParityInGo(t, c, names[0]), runParityInPython(t, c, names[1])}
	var records [2]map[string]string
	for i, id := range ids {
		eventually(t, 30*time.Second, "task runs are recorded", func() bool {
			r := TaskRunsOf(id)
			r.TaskRuns.State = StateIs(StateCompleted, StateFailed)
			return must[int](t)(c.TaskRuns.Count(t.Context(), r)) == 11
		})
		records[i] = record(t, c, id, names[i])
	}
	goRecord, pyRecord := records[0], records[1]
	fields := map[string]bool{}
	for _, r := range records {
		for field := range r {
			fields[field] = true
		}
	}
	compared := 0
	for _, field := range slices.Sorted(mapsKeys(fields)) {
		compared++
		same := goRecord[field] == pyRecord[field]
		switch reason := differences[field]; {
		case same && reason != "":
			t.Errorf("%s does not differ any more; take it off the list", field)
		case !same && reason == "":
			t.Errorf("%s: Go %q, Python %q", field, goRecord[field], pyRecord[field])
		}
	}
	t.Logf("%d fields compared", compared)
	if compared < 500 {
		t.Errorf("only %d fields were compared", compared)
	}
}

func mapsKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// record reads a flow run with all that belongs to it, flattened to fields, with what differs by chance taken out.
func record(t *testing.T, c *Client, id, name string) map[string]string {
	out := map[string]string{}
	clean := func(prefix string, v any) { flattenRecord(out, prefix, v, name) }
	clean("flow_run", rawGet(t, c, "/flow_runs/"+id))
	labels := map[string]string{} // task run id → label
	var tasks []map[string]any
	rawPost(t, c, "/task_runs/filter", map[string]any{
		"task_runs": map[string]any{"flow_run_id": map[string]any{"any_": []string{id}}}, "sort": "EXPECTED_START_TIME_ASC",
	}, &tasks)
	seen := map[string]int{}
	for _, task := range tasks {
		label := regexp.MustCompile(`-[0-9a-f]{1,3}$`).ReplaceAllString(strings.ReplaceAll(task["name"].(string), name, "FLOW"), "")
		labels[task["id"].(string)] = label // Python's mapped runs start in any order: edges tell them not apart
		seen[label]++
		if seen[label] > 1 {
			label += fmt.Sprint(" ", seen[label])
		}
		task["name"] = label
	}
	for _, task := range tasks {
		label := task["name"].(string)
		if inputs, ok := task["task_inputs"].(map[string]any); ok {
			for _, list := range inputs {
				for _, input := range list.([]any) {
					if m := input.(map[string]any); m["id"] != nil {
						m["id"] = "run of " + labels[m["id"].(string)]
					}
				}
			}
		}
		clean("task["+label+"]", task)
		states := must[[]*State](t)(c.TaskRuns.States(t.Context(), task["id"].(string)))
		out["task["+label+"].states"] = fmt.Sprint(stateNames(states))
	}
	out["states"] = fmt.Sprint(stateNames(must[[]*State](t)(c.FlowRuns.States(t.Context(), id))))
	var subflows []map[string]any
	rawPost(t, c, "/flow_runs/filter", map[string]any{"flow_runs": map[string]any{"parent_flow_run_id": map[string]any{"any_": []string{id}}}}, &subflows)
	for i, sub := range subflows {
		clean(fmt.Sprintf("subflow[%d]", i), sub)
	}
	recordLogs(t, c, id, name, labels, out)
	recordArtifactsAndGraph(t, c, id, name, labels, out)
	return out
}

func recordLogs(t *testing.T, c *Client, id, name string, labels, out map[string]string) {
	counts := map[string]int{}
	for log, err := range c.Logs.Filter(t.Context(), LogFilter{FlowRunID: &AnyFilter{Any: []string{id}}}, false) {
		if err != nil {
			t.Fatal(err)
		}
		of := "flow"
		if log.TaskRunID != "" {
			of = labels[log.TaskRunID]
		}
		counts[of]++
		message, _, _ := strings.Cut(log.Message, "\n")
		out[fmt.Sprintf("log[%s] %d", of, counts[of])] = fmt.Sprint(log.Name, " ", log.Level, " ", cleanText(message, name))
	}
}

func recordArtifactsAndGraph(t *testing.T, c *Client, id, name string, labels, out map[string]string) {
	var artifacts []map[string]any
	rawPost(t, c, "/artifacts/filter", map[string]any{"artifacts": map[string]any{"flow_run_id": map[string]any{"any_": []string{id}}}, "sort": "KEY_ASC"}, &artifacts)
	for _, artifact := range artifacts {
		flattenRecord(out, "artifact["+cleanText(fmt.Sprint(artifact["key"]), name)+"]", artifact, name)
	}
	graph := must[*FlowRunGraph](t)(c.FlowRuns.Graph(t.Context(), id))
	for _, node := range graph.Nodes {
		var parents []string
		for _, parent := range node.Parents {
			parents = append(parents, labels[parent.ID])
		}
		sort.Strings(parents)
		label := labels[node.ID]
		if label == "" {
			label = "subflow"
		}
		out["graph["+label+"]"] = fmt.Sprint(node.Kind, node.StateType, slices.Compact(parents))
	}
}

// chance are the fields whose values differ from run to run; only whether they are set is compared.
var chance = regexp.MustCompile(`(^|\.)(id|created|updated|name|flow_id|state_id|timestamp|expected_start_time|start_time|end_time|total_run_time|estimated_run_time|estimated_start_time_delta|parent_task_run_id|transition_id|flow_run_id|task_run_id|child_flow_run_id|dynamic_key)$`)

func flattenRecord(out map[string]string, path string, v any, name string) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			flattenRecord(out, path+"."+key, value, name)
		}
		if len(v) == 0 {
			out[path] = "{}"
		}
	case []any:
		for i, value := range v {
			flattenRecord(out, fmt.Sprintf("%s[%d]", path, i), value, name)
		}
		if len(v) == 0 {
			out[path] = "[]"
		}
	case nil:
		out[path] = "null"
	default:
		text := fmt.Sprint(v)
		if chance.MatchString(path) && !strings.Contains(path, "task_inputs") && !strings.HasSuffix(path, "state.name") {
			text = "set"
		}
		out[path] = cleanText(text, name)
	}
}

var (
	uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	keyText  = regexp.MustCompile(`^([A-Za-z-]+)-[0-9a-f]{8}$`)
	runText  = regexp.MustCompile(`flow run '[a-z]+-[a-z]+'`)
)

// cleanText takes out what is chosen by chance.
func cleanText(text, name string) string {
	text = strings.ReplaceAll(text, name, "FLOW")
	text = uuidText.ReplaceAllString(text, "uuid")
	text = keyText.ReplaceAllString(text, "$1-key")
	return runText.ReplaceAllString(text, "flow run 'name'")
}

func rawGet(t *testing.T, c *Client, path string) map[string]any {
	var out map[string]any
	if err := c.Do(t.Context(), http.MethodGet, path, nil, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func rawPost(t *testing.T, c *Client, path string, in, out any) {
	if err := c.Do(t.Context(), http.MethodPost, path, in, out); err != nil {
		t.Fatal(err)
	}
}
