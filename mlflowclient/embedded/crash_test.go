package embedded

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// The child processes of these tests are the test binary itself, told by this variable what to do.
const childVariable = "EMBEDDED_TEST_CHILD"

// TestChild is not a test: it is what a child process does. It logs batches of 20 metrics and a parameter to a run
// and prints the number of each batch that was answered.
func TestChild(t *testing.T) {
	task := strings.Fields(os.Getenv(childVariable))
	if len(task) != 4 {
		return
	}
	path, run, name := task[0], task[1], task[2]
	n, err := strconv.Atoi(task[3])
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), path, filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range n {
		post(t, s, "runs/log-batch", childBatch(run, name, i))
		fmt.Println(i)
	}
}

func childBatch(run, name string, i int) m {
	metrics := make([]m, 20)
	for j := range metrics {
		metrics[j] = m{"key": fmt.Sprintf("%s%d", name, j), "value": i, "timestamp": i, "step": i}
	}
	return m{"run_id": run, "metrics": metrics, "params": []m{{"key": fmt.Sprintf("%s%d", name, i), "value": "x"}}}
}

func child(t *testing.T, path, run, name string, n int) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s %d", childVariable, path, run, name, n))
	return cmd
}

// TestKill kills a writing process again and again. What it had been told is stored must be there, and of every batch
// all or nothing.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mlflow.db")
	s, err := Open(t.Context(), path, dir)
	if err != nil {
		t.Fatal(err)
	}
	run := newRun(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 6 {
		name := fmt.Sprintf("r%d_", round)
		cmd := child(t, path, run, name, 1_000_000)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				acknowledged = n
			}
			if acknowledged == 40+round*7 {
				time.AfterFunc(time.Duration(round)*300*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait() // it was killed
		if acknowledged < 0 {
			t.Fatal("the child never wrote")
		}
		s := openAt(t, path, dir)
		checkIntegrity(t, s)
		batches := map[string]int{}
		for j := range 20 {
			points := list(get(t, s, fmt.Sprintf("metrics/get-history?run_id=%s&metric_key=%s%d", run, name, j))["metrics"])
			batches[fmt.Sprint(len(points))]++
			if len(points) <= acknowledged {
				t.Errorf("round %d: %d of %d acknowledged batches", round, len(points), acknowledged+1)
			}
		}
		if len(batches) != 1 {
			t.Errorf("round %d: a batch is there in part: %v", round, batches)
		}
	}
}

func checkIntegrity(t *testing.T, s *Store) {
	t.Helper()
	err := s.read(t.Context(), func(tx *session) error {
		var result string
		if _, err := tx.first("PRAGMA integrity_check", nil, &result); err != nil || result != "ok" {
			return fmt.Errorf("integrity check: %s %w", result, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestProcesses lets two Go processes, goroutines of a third, and a Python client write to one run. Nothing is lost.
func TestProcesses(t *testing.T) {
	stack.Python(t, "mlflow") // a skip must come before the goroutines
	dir := t.TempDir()
	path := filepath.Join(dir, "mlflow.db")
	s := openAt(t, path, dir)
	run := newRun(t, s)
	const n = 60
	var group sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		cmd := child(t, path, run, name, n)
		group.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("child %s: %v\n%s", name, err, out)
			}
		})
	}
	group.Go(func() { runPython(t, dir, "interop.py", "many", "sqlite:///"+path, run, strconv.Itoa(n)) })
	for g := range 4 {
		group.Go(func() {
			for i := range n {
				post(t, s, "runs/log-metric", m{"run_id": run, "key": fmt.Sprintf("g%d", g), "value": i, "timestamp": i, "step": i})
			}
		})
	}
	group.Wait()
	for _, key := range []string{"a0", "a19", "b7", "python", "g0", "g3"} {
		if points := list(get(t, s, "metrics/get-history?run_id="+run+"&metric_key="+key)["metrics"]); len(points) != n {
			t.Errorf("%s has %d of %d values", key, len(points), n)
		}
	}
	checkIntegrity(t, s)
}

// TestCreationRace opens the same missing file from many stores at once.
func TestCreationRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "mlflow.db")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			s, err := Open(context.WithoutCancel(t.Context()), path, "mlruns")
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			newRun(t, s)
		})
	}
	group.Wait()
	s := openAt(t, path, "mlruns")
	if n := len(list(post(t, s, "runs/search", m{"experiment_ids": []string{"0"}})["runs"])); n != 8 {
		t.Errorf("%d runs", n)
	}
	if n := len(list(post(t, s, "experiments/search", m{"max_results": 10})["experiments"])); n != 1 {
		t.Errorf("%d experiments", n)
	}
}

// TestReadOnly checks the answers when the file cannot be written.
func TestReadOnly(t *testing.T) {
	if os.Getuid() == 0 {
		s := openStore(t)
		run := newRun(t, s)
		s.writer.idle <- func() *connection { // root may write anywhere: let SQLite refuse
			c := <-s.writer.idle
			if _, err := c.conn.ExecContext(t.Context(), "PRAGMA query_only = 1"); err != nil {
				t.Error(err)
			}
			return c
		}()
		a := call(t, s, http.MethodPost, api+"runs/log-metric", m{"run_id": run, "key": "a", "value": 1, "timestamp": 1})
		if a.status != http.StatusServiceUnavailable || !strings.Contains(string(a.body), "permissions") || !strings.Contains(string(a.body), s.path) {
			t.Errorf("%d %s", a.status, a.body)
		}
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if _, err := Open(t.Context(), filepath.Join(dir, "mlflow.db"), dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("opened in a folder that cannot be written: %v", err)
	}
}

// TestFullDisk limits the size of the database: the request that does not fit is refused as a whole, and later ones
// work.
func TestFullDisk(t *testing.T) {
	s := openStore(t)
	run := newRun(t, s)
	limit := func(pages string) {
		c := <-s.writer.idle
		defer func() { s.writer.idle <- c }()
		var got int
		if err := c.conn.QueryRowContext(t.Context(), "PRAGMA max_page_count = "+pages).Scan(&got); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite takes the present size then
	full := false
	for i := 0; i < 200 && !full; i++ {
		a := call(t, s, http.MethodPost, api+"runs/log-batch", childBatch(run, fmt.Sprintf("%d_", i), i))
		if full = a.status != http.StatusOK; full {
			if a.status != http.StatusServiceUnavailable || !strings.Contains(string(a.body), "disk is full") {
				t.Errorf("%d %s", a.status, a.body)
			}
			if points := list(get(t, s, fmt.Sprintf("metrics/get-history?run_id=%s&metric_key=%d_0", run, i))["metrics"]); len(points) != 0 {
				t.Errorf("%d values of the refused batch are there", len(points))
			}
		}
	}
	if !full {
		t.Fatal("the disk never filled")
	}
	limit("1000000")
	post(t, s, "runs/log-batch", childBatch(run, "after", 1))
	checkIntegrity(t, s)
}

// TestCloseAndCancel checks a closed store and cancelled requests.
func TestCloseAndCancel(t *testing.T) {
	s := openStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{"runs/create", "runs/search"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, api+path, strings.NewReader(`{"experiment_id":"0"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if resp, err := s.RoundTrip(req); err == nil || ctx.Err() == nil {
			resp.Body.Close()
			t.Errorf("%s answered a cancelled request", path)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"runs/get?run_id=x", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := s.RoundTrip(req); err == nil || err.Error() != ErrClosed.Error() {
		resp.Body.Close()
		t.Errorf("a closed store answered: %v", err)
	}
}

// TestNotImplemented checks how unknown paths are told.
func TestNotImplemented(t *testing.T) {
	s := openStore(t)
	a := call(t, s, http.MethodPost, "http://embedded/api/2.0/mlflow/webhooks", m{})
	if a.status != http.StatusNotImplemented || a.decode(t)["error_code"] != codeNotImplemented {
		t.Errorf("%d %s", a.status, a.body)
	}
}
