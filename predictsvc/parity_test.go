package predictsvc

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	winedata "mlopsgo/internal/wine"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
	"mlopsgo/pipeline/forest"
	"mlopsgo/predictsvc/internal/scoring/scoringtest"
)

// parityKind is a registered model that both servers answer with.
type parityKind struct {
	name    string
	bodies  int
	columns []string // of the wine table, from which good values are taken
}

// parityKinds are ours, of flavor onnx beside sklearn, and what Python's packages export; 5,100 bodies in all.
var parityKinds = []parityKind{
	{"ours", 1500, wineColumns},
	{"skops", 900, wineColumns},
	{"cloudpickle", 1300, []string{"volatile acidity", "alcohol", "total sulfur dioxide", "free sulfur dioxide", ""}},
	{"skl2onnx", 800, wineColumns},
	{"skl2onnx-tensor", 600, wineColumns},
}

// TestSameAnswersAsMLflowsServer asks `mlflow models serve` and this service the same, of the same registered models: the answers have the
// same status and predictions, and errors the same error_code, but for what scoringtest.Differences lists.
func TestSameAnswersAsMLflowsServer(t *testing.T) {
	python, servers := stack.Python(t, "mlflow"), stack.Get(t)
	client := newClient(t, servers.MLflowURI)
	name := unique("parity")
	exported := make(chan error, 1)
	go func() { exported <- exportParity(t, python, servers.MLflowURI, name) }()
	registerOurs(t, client, name+"-ours")
	must(t, <-exported)
	table := wineTable(t)
	var lock sync.Mutex
	seen := map[scoringtest.Peculiarity]int{}
	t.Run("kinds", func(t *testing.T) {
		for i, kind := range parityKinds {
			t.Run(kind.name, func(t *testing.T) {
				t.Parallel()
				uri := "models:/" + name + "-" + kind.name + "@champion"
				theirs := startMLflowServer(t, python, servers.MLflowURI, uri)
				ours := serve(t, Config{Client: client, ModelURI: uri})
				eventually(t, "a model is served", func() bool { return ours.follower.current.Load() != nil })
				bodies := parityBodies(ours.follower.current.Load(), kind, table, uint64(i))
				found := compareServers(t, theirs, ours.url, bodies, ours.follower.current.Load().columns.input.Tensor)
				lock.Lock()
				defer lock.Unlock()
				for p, n := range found {
					seen[p] += n
				}
			})
		}
	})
	t.Logf("knowingly refused: %v", seen)
}

func exportParity(t *testing.T, python, uri, name string) error {
	command := exec.CommandContext(t.Context(), python, "testdata/parity.py", "../internal/wine/winequality-red.csv", name)
	command.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MLFLOW_TRACKING_URI="+uri)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("testdata/parity.py: %w\n%s", err, output)
	}
	return nil
}

// registerOurs trains a small forest as the pipeline does, and registers it.
func registerOurs(t *testing.T, client *mlflowclient.Client, name string) {
	t.Helper()
	input := pipeline.Input{Data: "embedded:", Target: winedata.Target, Features: wineColumns, TestSize: 0.25}
	split, _, err := input.Load(t.Context(), os.Getenv, io.Discard)
	must(t, err)
	params := forest.DefaultParams()
	params.NEstimators = 10
	trained, err := forest.Fit(t.Context(), split.TrainX, split.TrainY, params)
	must(t, err)
	model, err := split.Model(trained).Export(t.Context())
	must(t, err)
	files, err := model.Files()
	must(t, err)
	registered(t, client, name, "champion", files)
}

// wineTable are the columns of the wine table.
func wineTable(t *testing.T) map[string][]float64 {
	t.Helper()
	lines, err := csv.NewReader(winedata.Open()).ReadAll()
	must(t, err)
	table := map[string][]float64{}
	for j, name := range lines[0] {
		for _, line := range lines[1:] {
			v, err := strconv.ParseFloat(line[j], 64)
			must(t, err)
			table[name] = append(table[name], v)
		}
	}
	return table
}

func parityBodies(m *model, kind parityKind, table map[string][]float64, seed uint64) []scoringtest.Body {
	generator := scoringtest.New(m.columns.input, seed)
	generator.Values = func(r *rand.Rand, column int) float64 {
		values := table[kind.columns[column]]
		if values == nil {
			return 0
		}
		return values[r.IntN(len(values))]
	}
	bodies := make([]scoringtest.Body, kind.bodies)
	for i := range bodies {
		bodies[i] = generator.Next()
	}
	return bodies
}

// startMLflowServer starts `mlflow models serve`, and waits until it has loaded the model.
func startMLflowServer(t *testing.T, python, tracking, uri string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := listener.Addr().(*net.TCPAddr).Port // it is one
	must(t, listener.Close())
	bin := filepath.Dir(python)
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "mlflow"), "models", "serve", "--env-manager", "local", "--workers", "1",
		"--model-uri", uri, "--host", "127.0.0.1", "--port", strconv.Itoa(port))
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "MLFLOW_TRACKING_URI="+tracking, "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts processes of its own
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	log := &logBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait() // it was ended
	})
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	client := httpClient(t)
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		response, err := client.Get(address + "/ping") //nolint:noctx // The client has a time-out.
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return address
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("mlflow models serve does not answer:\n%s", log)
		}
	}
}

// answered is what a server gave.
type answered struct {
	status      int
	body        []byte
	predictions any
	code        string
}

// compareServers sends each body to both servers, over a few connections, and counts the known differences.
func compareServers(t *testing.T, theirs, ours string, bodies []scoringtest.Body, tensor bool) map[scoringtest.Peculiarity]int {
	t.Helper()
	client := httpClient(t)
	work := make(chan *scoringtest.Body)
	var lock sync.Mutex
	seen, good := map[scoringtest.Peculiarity]int{}, 0
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for body := range work {
				want, err := invoke(client, theirs, body)
				got, err2 := invoke(client, ours, body)
				lock.Lock()
				switch p, known := body.Explains(want.status, got.status); {
				case err != nil || err2 != nil:
					t.Errorf("%q: %v, %v", body.Data, err, err2)
				case want.status == http.StatusOK && got.status == http.StatusOK && samePredictions(want.predictions, got.predictions):
					good++
				case want.status/100 == 4 && got.status == want.status && (got.code == want.code || tensor || body.Faults > 1 || body.Nested):
				case known:
					seen[p]++
				default:
					t.Errorf("%q %.500s %v\nours   %d %.300s\nMLflow %d %.600s", body.ContentType, body.Data, body.Peculiar, got.status, got.body, want.status, want.body)
				}
				lock.Unlock()
			}
		})
	}
	for i := range bodies {
		work <- &bodies[i]
	}
	close(work)
	group.Wait()
	t.Logf("%d bodies, %d with predictions from both, %d knowingly refused", len(bodies), good, refusedIn(seen))
	if good < len(bodies)/3 {
		t.Errorf("only %d of %d bodies are answered with predictions", good, len(bodies))
	}
	return seen
}

func refusedIn(seen map[scoringtest.Peculiarity]int) (n int) {
	for _, v := range seen {
		n += v
	}
	return n
}

// invoke sends a body, and sends it again when the server has closed the connection meanwhile, as uvicorn does with those that wait.
func invoke(client *http.Client, address string, body *scoringtest.Body) (a answered, err error) {
	for range 5 {
		if a, err = invokeOnce(client, address, body); err == nil {
			break
		}
	}
	return a, err
}

func invokeOnce(client *http.Client, address string, body *scoringtest.Body) (answered, error) {
	request, err := http.NewRequest(http.MethodPost, address+"/invocations", bytes.NewReader(body.Data)) //nolint:noctx // The client has a time-out.
	if err != nil {
		return answered{}, err
	}
	if body.ContentType != "" {
		request.Header.Set("Content-Type", body.ContentType)
	}
	response, err := client.Do(request)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	a := answered{status: response.StatusCode}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return a, err
	}
	var parsed struct {
		Predictions any    `json:"predictions"`
		Code        string `json:"error_code"`
	}
	_ = json.Unmarshal(a.body, &parsed) // a plain text is compared by its status
	a.predictions, a.code = parsed.Predictions, parsed.Code
	return a, nil
}

// samePredictions compares what JSON gave: numbers within 1e-6, which is a float32's precision, all else exactly.
func samePredictions(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && math.Abs(a-b) <= 1e-6
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !samePredictions(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			if !samePredictions(a[k], b[k]) {
				return false
			}
		}
		return true
	}
	return a != nil && reflect.DeepEqual(a, b)
}
