package mlflowclient

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The server's limits on one log-batch request.
const (
	maxBatchMetrics = 1000
	maxBatchParams  = 100
	maxBatchTags    = 100
	maxBatchTotal   = 1000
	maxKeyLength    = 250
)

// Batch is what [RunService.LogBatch] logs.
type Batch struct {
	Metrics []Metric
	Params  map[string]string
	Tags    map[string]string
}

// BatchError says how much of a batch that needs several requests was stored before one failed.
type BatchError struct {
	// Metrics, Params and Tags count what was stored. Params and tags go first, by key, and metrics after, in order.
	Metrics, Params, Tags int
	Err                   error
}

func (e *BatchError) Error() string {
	return fmt.Sprintf("after %d metrics, %d params and %d tags were logged: %v", e.Metrics, e.Params, e.Tags, e.Err)
}

// Unwrap gives the error of the request that failed.
func (e *BatchError) Unwrap() error { return e.Err }

type batchJSON struct {
	RunID   string       `json:"run_id"`
	Metrics []metricJSON `json:"metrics,omitempty"`
	Params  []tagJSON    `json:"params,omitempty"`
	Tags    []tagJSON    `json:"tags,omitempty"`
}

// LogBatch logs metrics, params and tags of a run. Up to 1000 metrics, 100 params and 100 tags, 1000 together, are one
// request. A database file stores it wholly or not at all; a server stores first its params, then its metrics, then its
// tags, so that when it fails in between, what came before is stored. More are split into several: keys are then checked
// before the first is sent, and a failure after it is a [*BatchError]. All is safe to repeat.
func (s *RunService) LogBatch(ctx context.Context, runID string, b Batch) error {
	now := time.Now()
	whole := batchJSON{RunID: runID, Params: toTags(b.Params), Tags: toTags(b.Tags), Metrics: make([]metricJSON, len(b.Metrics))}
	for i := range b.Metrics {
		whole.Metrics[i] = b.Metrics[i].wire(now)
	}
	parts := split(whole)
	if len(parts) > 1 {
		if err := checkKeys(&whole); err != nil {
			return err
		}
	}
	done := BatchError{}
	for i, part := range parts {
		if err := s.api.call(ctx, writes("runs/log-batch"), part, nil); err != nil {
			if i == 0 {
				return err
			}
			done.Err = err
			return &done
		}
		done.Metrics += len(part.Metrics)
		done.Params += len(part.Params)
		done.Tags += len(part.Tags)
	}
	return nil
}

// split cuts a batch into requests within the server's limits; an empty batch needs none.
func split(b batchJSON) []batchJSON {
	var parts []batchJSON
	for len(b.Metrics)+len(b.Params)+len(b.Tags) > 0 {
		part := batchJSON{RunID: b.RunID}
		part.Params, b.Params = cut(b.Params, maxBatchParams)
		part.Tags, b.Tags = cut(b.Tags, maxBatchTags)
		room := min(maxBatchMetrics, maxBatchTotal-len(part.Params)-len(part.Tags))
		part.Metrics, b.Metrics = cut(b.Metrics, room)
		parts = append(parts, part)
	}
	return parts
}

func cut[T any](all []T, n int) (head, tail []T) {
	n = min(n, len(all))
	return all[:n], all[n:]
}

// checkKeys applies the server's rule for keys, so that a split batch does not fail half way for a typing error.
func checkKeys(b *batchJSON) error {
	for i := range b.Metrics {
		if err := checkKey("metric", b.Metrics[i].Key); err != nil {
			return err
		}
	}
	for _, p := range b.Params {
		if err := checkKey("param", p.Key); err != nil {
			return err
		}
	}
	for _, t := range b.Tags {
		if err := checkKey("tag", t.Key); err != nil {
			return err
		}
	}
	return nil
}

func checkKey(kind, key string) error {
	allowed := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("_-. :/", r)
	}
	switch {
	case strings.ContainsFunc(key, func(r rune) bool { return !allowed(r) }):
		return invalid("the %s key %q: only letters, digits, spaces and _ - . : / are possible", kind, key)
	case key == "" || path.Clean(key) != key || key == "." || strings.HasPrefix(key, "..") || strings.HasPrefix(key, "/"):
		return invalid("the %s key %q is empty or, read as a path, has another short form", kind, key)
	case utf8.RuneCountInString(key) > maxKeyLength:
		return invalid("the %s key %.40q… has more than %d characters", kind, key, maxKeyLength)
	}
	return nil
}
