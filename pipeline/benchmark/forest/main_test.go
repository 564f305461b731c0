package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

// TestMain lets the benchmark run this test binary as its own fresh process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-memory" {
		main()
	}
	os.Exit(m.Run())
}

func TestTinyCase(t *testing.T) {
	python := stack.Python(t, "mlflow")
	t.Chdir("../../..")
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"-only", "tiny", "-repeats", "2", "-python", python}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	for _, row := range []string{
		`(?m)^tiny +fit +\d.* ms +\d.* ms +\d+\.\d+ +0 +ok`,
		`(?m)^tiny +predict +\d.* ms +\d.* ms +\d+\.\d+ +0 +ok`,
		`(?m)^tiny +memory +\d+ MB +\d+ MB +\d+\.\d+ +1 +ok`,
	} {
		if !regexp.MustCompile(row).MatchString(stdout.String()) {
			t.Errorf("no row like %s in\n%s", row, stdout.String())
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-no-such-flag"}, {"-repeats", "0"}, {"-jobs", "-1"}, {"stray"}} {
		var stdout, stderr strings.Builder
		if code := run(t.Context(), args, &stdout, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
	}
	for _, args := range [][]string{
		{"-only", "none"},
		{"-only", "tiny", "-python", "/no/such/python"},
		{"-memory", "tiny", "-folder", t.TempDir()},
	} {
		var stdout, stderr strings.Builder
		if code := run(t.Context(), args, &stdout, &stderr); code != 1 || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
	}
}

func TestMissedTargets(t *testing.T) {
	var table strings.Builder
	c := benchCase{name: "wine"}
	if missed := (result{what: "fit", ratio: 6.9, target: 7}).print(&table, c); !strings.Contains(missed, "wine fit 6.90") {
		t.Errorf("missed is %q", missed)
	}
	if missed := (result{what: "fit", ratio: 7, target: 7}).print(&table, c); missed != "" {
		t.Errorf("missed is %q", missed)
	}
}

func TestSameLabels(t *testing.T) {
	want := make([]int, 100)
	one, ten := make([]int, 100), make([]int, 100)
	one[3] = 1
	for i := range 10 {
		ten[i] = 1
	}
	if err := sameLabels(one, want, 2); err != nil {
		t.Errorf("one tie among a hundred: %v", err)
	}
	for name, err := range map[string]error{
		"one, single thread": sameLabels(one, want, 1),
		"ten":                sameLabels(ten, want, 2),
		"short":              sameLabels(one[:99], want, 2),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMedian(t *testing.T) {
	if m := median([]float64{9, 1, 5}); m != 5 {
		t.Errorf("median of three: %v", m)
	}
	if m := median([]float64{4, 1, 2, 100}); m != 3 {
		t.Errorf("median of four: %v", m)
	}
}
