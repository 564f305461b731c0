package predictsvc

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// soon is a pace of following that a test does not wait for.
const soon = 50 * time.Millisecond

func TestAliasIsFollowedWithoutDroppingARequest(t *testing.T) {
	t.Parallel()
	client := newClient(t, stack.Get(t).MLflowURI)
	name := unique("predictsvc-follow")
	registered(t, client, name, "champion", modelFiles(t, tinyForest(3, 4), nil))
	second := registered(t, client, name, "", modelFiles(t, tinyForest(7, 8), nil))
	s := serve(t, Config{Client: client, ModelURI: "models:/" + name + "@champion", Poll: soon, CacheDir: t.TempDir()})
	web := httpClient(t)
	eventually(t, "a model", func() bool { code, _ := healthOf(t, web, s.url); return code == http.StatusOK })

	answers := map[string]string{ // by version
		"1": `{"quality":3,"model":"` + name + `"}`, second.Version: `{"quality":7,"model":"` + name + `"}`,
	}
	var group sync.WaitGroup
	var stop atomic.Bool
	var count [2]atomic.Int64
	for range 4 {
		group.Go(func() {
			for !stop.Load() {
				status, header, answer, err := send(web, s.url)
				version := header.Get(headerModelVersion)
				if err != nil || status != http.StatusOK || answer != answers[version] || answer == "" {
					t.Errorf("%d %s by version %q, %v", status, answer, version, err)
					return
				}
				count[version[0]-'1'].Add(1)
			}
		})
	}
	for i := range 6 { // back and forth: the second time the files are in the cache
		version := []string{"2", "1"}[i%2]
		must(t, client.RegisteredModels.SetAlias(t.Context(), name, "champion", version))
		before := count[version[0]-'1'].Load()
		eventually(t, "version "+version+" is served", func() bool { return t.Failed() || count[version[0]-'1'].Load() > before+10 })
	}
	stop.Store(true)
	group.Wait()
	t.Logf("%d requests by version 1, %d by version 2", count[0].Load(), count[1].Load())
}

func TestLastGoodModelStays(t *testing.T) {
	t.Parallel()
	client := newClient(t, stack.Get(t).MLflowURI)
	name := unique("predictsvc-bad")
	registered(t, client, name, "champion", modelFiles(t, tinyForest(3, 4), nil))
	s := serve(t, Config{Client: client, ModelURI: "models:/" + name + "/latest", Poll: soon, CacheDir: t.TempDir()})
	web := httpClient(t)
	eventually(t, "a model", func() bool { code, _ := healthOf(t, web, s.url); return code == http.StatusOK })

	registered(t, client, name, "", modelFiles(t, tinyForest(7, 8), func(m *mlmodel.ONNXModel) { m.Data = []byte("no ONNX") }))
	eventually(t, "the bad version is noticed", func() bool {
		code, report := healthOf(t, web, s.url)
		return code == http.StatusOK && report.Status == "degraded" && strings.Contains(report.Following.LastError, `version "2"`)
	})
	if status, header, answer, err := send(web, s.url); status != http.StatusOK || header.Get(headerModelVersion) != "1" || err != nil {
		t.Error(status, header, answer, err)
	}
	if logs := s.logs.String(); strings.Count(logs, "following the model failed") != 1 {
		t.Errorf("the failure is logged once while it is the same; the log is\n%s", logs)
	}

	registered(t, client, name, "", modelFiles(t, tinyForest(7, 8), nil))
	eventually(t, "the version after it is served", func() bool {
		_, report := healthOf(t, web, s.url)
		return report.Status == "ok" && report.Model.Version == "3"
	})
	if _, report := healthOf(t, web, s.url); report.Model.RunID == "" || report.Model.Name != name || report.Following.LastErrorAt == nil {
		t.Errorf("%+v", report.Model)
	}
}

func TestMLflowCutAndBack(t *testing.T) {
	t.Parallel()
	upstream := strings.TrimPrefix(stack.Get(t).MLflowURI, "http://")
	direct := newClient(t, stack.Get(t).MLflowURI)
	name := unique("predictsvc-cut")
	registered(t, direct, name, "champion", modelFiles(t, tinyForest(3, 4), nil))
	second := registered(t, direct, name, "", modelFiles(t, tinyForest(7, 8), nil))
	mlflow := newProxy(t, upstream)
	mlflow.cut()
	config := Config{Client: newClient(t, "http://"+mlflow.address), ModelURI: "models:/" + name + "@champion", Poll: soon, CacheDir: t.TempDir()}
	web := httpClient(t)

	s := serve(t, config) // nothing in the cache: it keeps trying
	eventually(t, "the failure is told", func() bool {
		code, report := healthOf(t, web, s.url)
		return code == http.StatusServiceUnavailable && report.Following.LastError != ""
	})
	if status, header, answer, err := send(web, s.url); status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || err != nil {
		t.Error(status, header, answer, err)
	}
	mlflow.restore()
	eventually(t, "a model", func() bool {
		code, report := healthOf(t, web, s.url)
		return code == http.StatusOK && report.Status == "ok"
	})

	mlflow.cut()
	must(t, direct.RegisteredModels.SetAlias(t.Context(), name, "champion", second.Version))
	eventually(t, "the cut is noticed", func() bool { _, report := healthOf(t, web, s.url); return report.Status == "degraded" })
	if status, header, answer, err := send(web, s.url); status != http.StatusOK || header.Get(headerModelVersion) != "1" || err != nil {
		t.Error(status, header, answer, err)
	}
	must(t, s.stop())

	s = serve(t, config) // from the cache
	eventually(t, "the model of the cache", func() bool { code, _ := healthOf(t, web, s.url); return code == http.StatusOK })
	if _, report := healthOf(t, web, s.url); !report.Model.FromCache || report.Model.Version != "1" || report.Status != "degraded" {
		t.Errorf("%+v", report)
	}
	mlflow.restore()
	eventually(t, "the version that the alias got meanwhile", func() bool {
		_, report := healthOf(t, web, s.url)
		return report.Status == "ok" && report.Model.Version == second.Version && !report.Model.FromCache
	})
}

func TestCacheIsNotServedWhenItWasChangedOrTheModelIsGone(t *testing.T) {
	t.Parallel()
	client := newClient(t, stack.Get(t).MLflowURI)
	name := unique("predictsvc-cache")
	registered(t, client, name, "champion", modelFiles(t, tinyForest(3, 4), nil))
	config := Config{Client: client, ModelURI: "models:/" + name + "@champion", Poll: soon, CacheDir: t.TempDir()}
	web := httpClient(t)
	s := serve(t, config)
	eventually(t, "a model", func() bool { code, _ := healthOf(t, web, s.url); return code == http.StatusOK })
	must(t, s.stop())

	// MLflow says that there is no such alias: an old copy is no answer.
	must(t, client.RegisteredModels.DeleteAlias(t.Context(), name, "champion"))
	s = serve(t, config)
	eventually(t, "the failure is told", func() bool { _, report := healthOf(t, web, s.url); return report.Following.LastError != "" })
	if code, report := healthOf(t, web, s.url); code != http.StatusServiceUnavailable || report.Model != nil {
		t.Errorf("%d %+v", code, report)
	}
	must(t, s.stop())

	files, err := filepath.Glob(filepath.Join(config.CacheDir, "*", "*", "model.onnx"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	must(t, os.WriteFile(files[0], []byte("changed"), 0o600))
	// The same cache, but MLflow does not answer. The cache is kept by the address of MLflow, so the service has to look at the same one.
	service := newService(t, config)
	service.follower.registry = unreachable{}
	if _, err := service.openCache(); err != nil {
		t.Fatal(err)
	}
	service.follower.startFromCache(t.Context())
	if service.follower.current.Load() != nil {
		t.Error("a file that was changed is served")
	}

	// With MLflow back, the changed copy is replaced.
	must(t, client.RegisteredModels.SetAlias(t.Context(), name, "champion", "1"))
	s = serve(t, config)
	eventually(t, "a model", func() bool { code, _ := healthOf(t, web, s.url); return code == http.StatusOK })
	if _, report := healthOf(t, web, s.url); report.Model.FromCache {
		t.Error("it was started from the cache")
	}
}

func TestTemporaryCacheIsRemoved(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	client := newClient(t, stack.Get(t).MLflowURI)
	name := unique("predictsvc-temporary")
	registered(t, client, name, "champion", modelFiles(t, tinyForest(3, 4), nil))
	told := make(chan Served, 1)
	s := serve(t, Config{Client: client, ModelURI: "models:/" + name + "@champion", OnModel: func(m Served) { told <- m }})
	if m := <-told; m.URL != s.url || m.Name != name || m.Version != "1" || m.RunID == "" || m.FromCache ||
		m.Body != `{"volatile acidity":0.7,"citric acid":0.0,"sulphates":0.56,"alcohol":9.4}` {
		t.Errorf("%+v", m)
	}
	must(t, s.stop())
	if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

// TestEndFinishesWhatWasAccepted stops the service while a request's body is on its way, and predictions on theirs.
func TestEndFinishesWhatWasAccepted(t *testing.T) {
	database := newDatabase(t)
	uri := "sqlite:///" + filepath.Join(t.TempDir(), "mlflow.db")
	client, err := mlflowclient.New(t.Context(), uri, mlflowclient.WithArtifactRoot(filepath.Join(t.TempDir(), "artifacts")))
	must(t, err)
	defer client.Close()
	registered(t, client, "sk-rfc-model", "champion", modelFiles(t, tinyForest(5, 6), nil))
	s := serve(t, Config{Client: client, Poll: soon, Shutdown: time.Minute, Log: LogConfig{Enabled: true, URL: database.String(), Flush: time.Hour}})
	web := httpClient(t)
	eventually(t, "a model", func() bool { code, _ := healthOf(t, web, s.url); return code == http.StatusOK })

	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	must(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /predict HTTP/1.1\r\nHost: x\r\nX-Request-Id: last\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(wine), wine[:20])
	must(t, err)
	eventually(t, "the request is under way", func() bool { return gauge(t, s.metrics.inFlight) == 1 })
	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()
	eventually(t, "it is stopping", s.stopping.Load)
	_, err = conn.Write([]byte(wine[20:]))
	must(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || string(answer) != `{"quality":5,"model":"sk-rfc-model"}` {
		t.Errorf("%d %s, %v", response.StatusCode, answer, err)
	}
	must(t, <-ended)
	if got := kept(t, database); len(got) != 1 || got[0].RequestID != "last" {
		t.Errorf("in the table: %+v", got)
	}
}

func gauge(t *testing.T, g prometheus.Gauge) int {
	t.Helper()
	var metric dto.Metric
	must(t, g.Write(&metric))
	return int(metric.GetGauge().GetValue())
}
