package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load asks a predictor without end, at a rate that leaves the machine to the servers, and holds every answer against what it has to be.
// No request is sent twice.
type load struct {
	t       *testing.T
	url     string
	name    string // of the model
	client  *http.Client
	workers int
	pace    time.Duration // of each worker
	ending  atomic.Bool   // failures are expected from now on
	group   sync.WaitGroup
	cancel  context.CancelFunc
	rounds  int // of begin

	mu      sync.Mutex
	allowed []string // versions that may answer now
	told    map[string]told
	asked   int // and answered
	slowest time.Duration
	wrong   int
}

// told is what a client was told.
type told struct {
	version string
	labels  []int
	at      time.Time
}

// labelsOf are what a version says of a wine of less and of more than 10 % alcohol.
func labelsOf(version string) (low, high int) {
	n := int(version[0] - '0')
	return 10 * n, 10*n + 1
}

// startLoad has workers that ask every pace, until end.
func startLoad(t *testing.T, url, name, version string, workers int, pace time.Duration) *load {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	l := &load{
		t: t, name: name, client: &http.Client{Transport: transport, Timeout: 20 * time.Second}, workers: workers, pace: pace,
		allowed: []string{version}, told: map[string]told{},
	}
	t.Cleanup(func() { l.end(); transport.CloseIdleConnections() })
	l.begin(url)
	return l
}

// begin has the workers ask at an address.
func (l *load) begin(url string) {
	l.url = url
	l.ending.Store(false)
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.t.Context()))
	l.cancel = cancel
	for worker := range l.workers {
		round := l.rounds
		l.group.Go(func() { l.work(ctx, fmt.Sprintf("%d-%d", round, worker)) })
	}
	l.rounds++
}

// end returns when no worker asks any more.
func (l *load) end() {
	l.cancel()
	l.group.Wait()
}

func (l *load) work(ctx context.Context, worker string) {
	ticker := time.NewTicker(l.pace)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := l.ask(fmt.Sprintf("%s-%d", worker, i), i); err != nil {
			if l.ending.Load() {
				return
			}
			l.mu.Lock()
			l.wrong++
			few := l.wrong < 10
			l.mu.Unlock()
			if few {
				l.t.Errorf("request %s-%d: %v", worker, i, err)
			}
		}
	}
}

// ask sends one wine, or three at once, and checks the answer.
func (l *load) ask(id string, i int) error {
	alcohol := []float64{9.4, 12.5, 9.9, 13}[i%4 : i%4+1]
	if i%7 == 0 {
		alcohol = []float64{9, 11, 8}
	}
	rows := make([]string, len(alcohol))
	for j, a := range alcohol {
		rows[j] = fmt.Sprintf(`{"volatile acidity":0.7,"citric acid":0,"sulphates":0.56,"alcohol":%v}`, a)
	}
	body := rows[0]
	if len(rows) > 1 {
		body = "[" + strings.Join(rows, ",") + "]"
	}
	request, err := http.NewRequest(http.MethodPost, l.url+"/predict", strings.NewReader(body)) //nolint:noctx // The client has a time-out.
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Request-Id", id)
	before, started := l.versions(), time.Now()
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	took := time.Since(started)
	version := response.Header.Get("X-Model-Version")
	if response.StatusCode != http.StatusOK || response.Header.Get("X-Request-Id") != id || !slices.Contains(append(before, l.versions()...), version) {
		return fmt.Errorf("%s by version %q, %v may answer: %s", response.Status, version, before, text)
	}
	labels, want := make([]int, len(alcohol)), make([]string, len(alcohol))
	for j, a := range alcohol {
		low, high := labelsOf(version)
		if labels[j] = low; a > 10 {
			labels[j] = high
		}
		want[j] = fmt.Sprintf(`{"quality":%d,"model":%q}`, labels[j], l.name)
	}
	expected := want[0]
	if len(want) > 1 {
		expected = "[" + strings.Join(want, ",") + "]"
	}
	if string(text) != expected {
		return fmt.Errorf("version %s answers %s, want %s", version, text, expected)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[id] = told{version, labels, time.Now()}
	l.asked++
	l.slowest = max(l.slowest, took)
	return nil
}

func (l *load) versions() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.allowed)
}

// allow says which versions may answer from now on; those under way may still be answered by the ones before.
func (l *load) allow(versions ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.allowed = versions
}

// count is the number of requests that were answered.
func (l *load) count() int {
	asked, _ := l.summary()
	return asked
}

// summary is the number of requests that were answered, and the longest time that one took.
func (l *load) summary() (asked int, slowest time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked, l.slowest
}

// forget is for what was answered before a moment and has been compared.
func (l *load) forget(before time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.told, func(_ string, t told) bool { return t.at.Before(before) })
}

// health reads /health.
func (l *load) health() (report healthReport, err error) {
	response, err := l.client.Get(l.url + "/health") //nolint:noctx // The client has a time-out.
	if err != nil {
		return report, err
	}
	defer response.Body.Close()
	err = json.NewDecoder(response.Body).Decode(&report)
	return report, err
}

type healthReport struct {
	Status string `json:"status"`
	Model  struct {
		Version   string `json:"version"`
		FromCache bool   `json:"started_from_cache"`
	} `json:"model"`
	Following struct {
		LastError string `json:"last_error"`
		Loading   struct {
			Version string `json:"version"`
		} `json:"loading"`
	} `json:"following"`
	Log struct {
		Waiting   int    `json:"waiting_rows"`
		Spooled   int    `json:"spooled_rows"`
		Dropped   int    `json:"dropped_rows"`
		LastError string `json:"last_error"`
	} `json:"prediction_log"`
	Shadow struct {
		Agreed    int `json:"agreed_rows"`
		Disagreed int `json:"disagreed_rows"`
		Failed    int `json:"failed_rows"`
	} `json:"shadow"`
}
