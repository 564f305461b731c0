package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// pause is the longest pause in milliseconds of a connection before a request at half load.
const pause = 20

// measured is what wrk saw.
type measured struct {
	rate     float64 // requests a second
	p50, p99 time.Duration
	// cpu is the server's time on a processor for one request, which a busy machine does not change much.
	cpu time.Duration
}

// drive lets wrk post to a server for a time.
func drive(ctx context.Context, s *server, kind string, connections, pauseMS int, length time.Duration) (measured, error) {
	before, err := s.cpu()
	if err != nil {
		return measured{}, err
	}
	path := map[string]string{"predict": "/predict", "invocations": "/invocations"}[kind]
	out, err := exec.CommandContext(ctx, "wrk", "--threads", "1", "--connections", strconv.Itoa(connections), "--timeout", "30s",
		"--duration", fmt.Sprintf("%ds", int(math.Ceil(length.Seconds()))), "--script", "predictsvc/benchmark/request.lua",
		s.url+path, "--", kind, strconv.Itoa(pauseMS)).CombinedOutput()
	if err != nil {
		return measured{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	_, result, ok := strings.Cut(string(out), "\nresult ")
	var requests, microseconds, failures, p50, p99 int64
	if _, err := fmt.Sscan(result, &requests, &microseconds, &failures, &p50, &p99); !ok || err != nil {
		return measured{}, fmt.Errorf("wrk printed %q", out)
	}
	switch {
	case failures > 0:
		return measured{}, fmt.Errorf("%s: %d of %d requests failed", s.name, failures, requests)
	case requests == 0:
		return measured{}, errors.New(s.name + " answered nothing")
	}
	after, err := s.cpu()
	if err != nil {
		return measured{}, err
	}
	return measured{
		cpu: (after - before) / time.Duration(requests), rate: float64(requests) / (float64(microseconds) / 1e6),
		p50: time.Duration(p50) * time.Microsecond, p99: time.Duration(p99) * time.Microsecond,
	}, nil
}

// connectionsFor makes a rate with pauses.
func connectionsFor(rate float64) int { return max(1, int(rate*pause/2/1000)) }
