package main

import (
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

func TestTinyBenchmark(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	stack.Python(t, "mlflow")
	t.Chdir("../../..")
	var out, noise strings.Builder
	b := &benchmark{Rounds: 2, Points: 2, Async: 20, Tracking: uri}
	if err := b.Run(t.Context(), &out, &noise); err != nil {
		t.Fatalf("%v\n%s", err, noise.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[1], "python          4 ") || !strings.HasPrefix(lines[3], "eight          32 ") || !strings.HasPrefix(lines[4], "writer         40 ") {
		t.Errorf("table\n%s", out.String())
	}
}

func TestTooSlow(t *testing.T) {
	python := &contender{name: "python", points: 10, took: time.Second}
	var out strings.Builder
	if err := report(&out, []*contender{python, {name: "one", atLeast: 5, points: 51, took: time.Second}}); err != nil {
		t.Error(err)
	}
	err := report(&out, []*contender{python, {name: "one", atLeast: 5, points: 49, took: time.Second}})
	if err == nil || !strings.Contains(err.Error(), "one: 4.9 times Python, not 5") {
		t.Errorf("error %v", err)
	}
}
