package prefectclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// CacheBy keeps a task's output under a key that the function makes of the input, and gives the kept one instead of
// calling the task when the key comes again, in any run, within the expiry (0 for no end). The run is then COMPLETED as
// "Cached". It needs [KeepResult]. An empty key means that this input is not cached. I is the task's input.
func CacheBy[I any](key func(in I) string, expiry time.Duration) TaskOption {
	return taskOption(func(s *taskSpec) error {
		if key == nil {
			return errors.New("CacheBy needs a function")
		}
		return s.cacheWith(expiry, func(input any) (string, error) {
			in, ok := input.(I)
			if !ok {
				return "", fmt.Errorf("the cache's key is made of %T, the task's input is %T", in, input)
			}
			return key(in), nil
		})
	})
}

// CacheInputs caches a task by all of its input and its version, as Python's INPUTS + TASK_SOURCE does: the key is a
// digest of both. Raise the task's [Version] when the function changes. It needs [KeepResult].
func CacheInputs(expiry time.Duration) TaskOption {
	return taskOption(func(s *taskSpec) error {
		return s.cacheWith(expiry, func(input any) (string, error) {
			data, err := json.Marshal(input)
			if err != nil {
				return "", fmt.Errorf("the input cannot be written as JSON, which the cache's key is made of: %w", err)
			}
			sum := sha256.New()
			for _, part := range [][]byte{[]byte(s.key), []byte(s.version), data} {
				fmt.Fprintf(sum, "%d:%s", len(part), part)
			}
			return hex.EncodeToString(sum.Sum(nil)), nil
		})
	})
}

func (s *taskSpec) cacheWith(expiry time.Duration, key func(any) (string, error)) error {
	switch {
	case expiry < 0:
		return fmt.Errorf("the cache's expiry %v is negative", expiry)
	case s.cache != nil:
		return errors.New("a task has one cache")
	}
	s.cache, s.cacheExpiry = key, expiry
	return nil
}

// fromCache looks for a kept output, and reports whether it is there. A cache that cannot be read is a miss: the task
// can do without it.
func (e *taskEngine) fromCache(ctx context.Context) (bool, error) {
	if e.spec.cache == nil {
		return false, nil
	}
	key, err := e.spec.cache(e.input)
	if err != nil || key == "" {
		return false, err
	}
	e.cacheKey = key
	record, err := readResultRecord(ctx, e.spec.results, key)
	if err == nil && record != nil {
		err = json.Unmarshal([]byte(record.Result), e.output)
	}
	if err != nil {
		e.log.Warn("the cache cannot be read; the task runs", "key", key, "error", err)
		return false, nil
	}
	if record == nil {
		return false, nil
	}
	e.completed = "Cached"
	e.resultData, err = json.Marshal(record.Metadata)
	return true, err
}

// keepResult writes the output where the task's storage is.
func (e *taskEngine) keepResult(ctx context.Context) error {
	if e.spec.results == nil {
		return nil
	}
	key := e.cacheKey
	if key == "" {
		key = e.task.id
	}
	record, err := newResultRecord(e.spec.results, key, e.output, e.spec.cacheExpiry)
	if err != nil {
		return fmt.Errorf("the task's output: %w", err)
	}
	e.resultData, err = record.keep(ctx, e.spec.results)
	return err
}
