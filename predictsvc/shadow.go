package predictsvc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlopsgo/mlflowclient/mlmodel"
)

const (
	// shadowJobs and shadowBytes bound what waits for the shadow model: requests, and the memory of their rows.
	shadowJobs  = 1024
	shadowBytes = 16 << 20
	// shadowWork is how long the shadow model works before it rests for shadowRest times as long: it gets a quarter of one processor
	// at most, so that the model that answers has the others.
	shadowWork = 5 * time.Millisecond
	shadowRest = 3
)

// shadow scores what was answered with a second model, off the request path, counts how often the two agree, and logs what the second
// said. What comes while too much waits is dropped and counted.
type shadow struct {
	follower *follower
	recorder *recorder // nil when nothing is logged
	logger   *slog.Logger
	rows     *prometheus.CounterVec // by outcome
	queue    chan *shadowJob
	bytes    atomic.Int64 // of what is in the queue
	ended    chan struct{}

	counts [len(shadowOutcomes)]atomic.Int64

	mu      sync.Mutex
	lastErr error

	// The goroutine of run knows how the columns of the model that answers are those of the shadow.
	from, to *model
	columns  []int
}

// shadowOutcomes are what may come of a row.
var shadowOutcomes = [...]string{"agreed", "disagreed", "dropped", "failed"}

const (
	shadowAgreed = iota
	shadowDisagreed
	shadowDropped
	shadowFailed
)

// shadowJob is a request that was answered.
type shadowJob struct {
	model     *model // that answered
	requestID string
	at        time.Time
	values    []float64
	texts     []string
	labels    []string // that were answered
	bytes     int64
}

func newShadow(s *Service) *shadow {
	m := newFollowMetrics(s.metrics.registry, "predictor_shadow_model", "the shadow")
	sh := &shadow{
		follower: s.newFollower(s.config.ShadowModelURI, &m, func(*model) {}), recorder: s.recorder, logger: s.config.Logger,
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "predictor_shadow_rows_total", Help: "Rows answered while there was a shadow model, by what it said: agreed, disagreed, failed, or dropped because too much waited.",
		}, []string{"outcome"}),
		queue: make(chan *shadowJob, shadowJobs), ended: make(chan struct{}),
	}
	s.metrics.registry.MustRegister(sh.rows)
	for _, outcome := range shadowOutcomes {
		sh.rows.WithLabelValues(outcome)
	}
	return sh
}

// start follows the model until the context following ends, and scores until stop is called, which returns when nothing more is scored:
// what waits then is dropped.
func (sh *shadow) start(ctx, following context.Context, group *sync.WaitGroup) (stop func()) {
	if sh == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	group.Go(func() { sh.follower.run(following) })
	group.Go(func() {
		defer close(sh.ended)
		sh.run(ctx)
		sh.dropQueue()
	})
	return func() {
		cancel()
		<-sh.ended
	}
}

// dropQueue counts what waits as dropped.
func (sh *shadow) dropQueue() {
	for {
		select {
		case job := <-sh.queue:
			sh.bytes.Add(-job.bytes)
			sh.count(shadowDropped, len(job.labels))
		default:
			return
		}
	}
}

// offer takes the rows that sc has answered. It never blocks.
func (sh *shadow) offer(sc *scorer, requestID string, at time.Time) {
	if sh.follower.current.Load() == nil {
		return
	}
	rows, size := sc.table.rows, sc.shadowBytes()
	if len(sh.queue) == cap(sh.queue) || sh.bytes.Load()+size > shadowBytes {
		sh.count(shadowDropped, rows)
		return
	}
	job := &shadowJob{
		model: sc.model, requestID: requestID, at: at, bytes: size,
		values: slices.Clone(sc.table.values), texts: slices.Clone(sc.table.texts), labels: make([]string, rows),
	}
	for i := range job.labels {
		job.labels[i] = sc.labelText(i)
	}
	sh.bytes.Add(size)
	select {
	case sh.queue <- job:
	default:
		sh.bytes.Add(-size)
		sh.count(shadowDropped, rows)
	}
}

// shadowBytes is about the memory that the rows of s take in the queue.
func (s *scorer) shadowBytes() int64 {
	const numberBytes, stringBytes, labelBytes = 8, 16, 32
	size := numberBytes*len(s.table.values) + labelBytes*s.table.rows
	for _, text := range s.table.texts {
		size += stringBytes + len(text)
	}
	return int64(size)
}

func (sh *shadow) count(outcome, rows int) {
	sh.counts[outcome].Add(int64(rows))
	sh.rows.WithLabelValues(shadowOutcomes[outcome]).Add(float64(rows))
}

func (sh *shadow) run(ctx context.Context) {
	var worked time.Duration
	for {
		select {
		case <-ctx.Done():
			return
		case job := <-sh.queue:
			started := time.Now()
			sh.bytes.Add(-job.bytes)
			sh.note(ctx, sh.score(ctx, job), len(job.labels))
			worked += time.Since(started)
		}
		if worked >= shadowWork {
			if !rest(ctx, shadowRest*worked) {
				return
			}
			worked = 0
		}
	}
}

// rest is false when the context ends meanwhile.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// note keeps the outcome for /health, and logs it when it is news.
func (sh *shadow) note(ctx context.Context, err error, rows int) {
	sh.mu.Lock()
	before := sh.lastErr
	sh.lastErr = err
	sh.mu.Unlock()
	if err == nil {
		return
	}
	sh.count(shadowFailed, rows)
	if before == nil || before.Error() != err.Error() {
		sh.logger.WarnContext(ctx, "the shadow model cannot score what was answered", "error", err)
	}
}

// score evaluates the shadow model on what was answered. A model that panics costs its own rows only.
func (sh *shadow) score(ctx context.Context, job *shadowJob) (err error) {
	m := sh.follower.current.Load()
	defer func() {
		if p := recover(); p != nil {
			sh.logger.ErrorContext(ctx, "the shadow model made the service panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("it makes the service panic: %v", p)
		}
	}()
	if err := sh.match(job.model, m); err != nil {
		return err
	}
	sc := m.scorer()
	defer m.release(sc)
	sc.table.rows, sc.table.values, sc.table.texts = len(job.labels), sc.table.values[:0], job.texts
	width := len(job.model.columns.list)
	for i := range job.labels {
		row := job.values[i*width:][:width]
		for j, from := range sh.columns {
			v, err := m.columns.list[j].converted(row[from])
			if err != nil {
				return err
			}
			sc.table.values = append(sc.table.values, v)
		}
	}
	started := time.Now()
	if err := sc.score(); err != nil {
		return err
	}
	took := time.Since(started)
	agreed := 0
	for i, label := range job.labels {
		if sc.labelText(i) == label {
			agreed++
		}
	}
	sh.count(shadowAgreed, agreed)
	sh.count(shadowDisagreed, len(job.labels)-agreed)
	if sh.recorder != nil {
		sh.recorder.offerShadow(sc, job, took)
	}
	return nil
}

// match finds the columns of the shadow among those of the model that answered.
func (sh *shadow) match(from, to *model) error {
	if sh.from == from && sh.to == to {
		return nil
	}
	sh.from, sh.to, sh.columns = nil, nil, sh.columns[:0]
	for _, c := range to.columns.list {
		i, ok := from.columns.index[c.Name]
		if !ok {
			return fmt.Errorf("%s is not one of those of version %q of %s, which answers", c.text, from.Version, from.name())
		}
		if other := from.columns.list[i].Kind; c.Kind != other && (c.Kind == mlmodel.Boolean || other == mlmodel.Boolean || c.Kind == mlmodel.String || other == mlmodel.String) {
			return fmt.Errorf("%s is of type %s, and of type %s in version %q of %s, which answers", c.text, c.Kind, from.columns.list[i].Kind, from.Version, from.name())
		}
		sh.columns = append(sh.columns, i)
	}
	sh.from, sh.to = from, to
	return nil
}

// converted is a value that another column of the same name has let pass, as this one would have read it.
func (c *column) converted(v float64) (float64, error) {
	switch {
	case math.IsNaN(v) && c.Optional, c.Kind == mlmodel.Boolean, c.Kind == mlmodel.String:
		return v, nil
	case math.IsNaN(v):
		return v, fmt.Errorf("%s: expected %s, got null", c.text, c.Kind)
	}
	if err := c.check(fmt.Append(nil, v), v); err != nil {
		return v, errors.New(err.message)
	}
	if c.Kind == mlmodel.Float {
		v = float64(float32(v))
	}
	return v, nil
}

// shadowReport is what /health tells about the shadow model.
type shadowReport struct {
	Model     *modelReport `json:"model"`
	Following followReport `json:"following"`
	Agreed    int64        `json:"agreed_rows"`
	Disagreed int64        `json:"disagreed_rows"`
	Dropped   int64        `json:"dropped_rows"`
	Failed    int64        `json:"failed_rows"`
	LastError string       `json:"last_error,omitempty"`
}

func (sh *shadow) report() *shadowReport {
	report := &shadowReport{
		Model: sh.follower.current.Load().report(), Following: sh.follower.report(),
		Agreed: sh.counts[shadowAgreed].Load(), Disagreed: sh.counts[shadowDisagreed].Load(),
		Dropped: sh.counts[shadowDropped].Load(), Failed: sh.counts[shadowFailed].Load(),
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.lastErr != nil {
		report.LastError = sh.lastErr.Error()
	}
	return report
}
