package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"mlopsgo/internal/original"
	"mlopsgo/pipeline/forest"
)

// measureMemory fits and predicts once in a fresh process of each side and compares their peaks.
func measureMemory(ctx context.Context, py *sklearn, c benchCase, o options) (r result, err error) {
	jobs := strconv.Itoa(o.jobs)
	out, err := py.output(ctx, "memory", py.folder, jobs, c.name, strconv.Itoa(c.trees))
	if err != nil {
		return r, err
	}
	theirs, err := strconv.ParseFloat(out, 64)
	if err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	raw, err := exec.CommandContext(ctx, self, "-memory", c.name, "-folder", py.folder, "-jobs", jobs).Output()
	if err != nil {
		return r, fmt.Errorf("measuring memory: %w", err)
	}
	ours, err := strconv.ParseFloat(strings.TrimSpace(string(raw)), 64)
	if err != nil {
		return r, err
	}
	return result{"memory", megabytes(theirs), megabytes(ours), theirs / ours, 1, 0}, nil
}

func megabytes(kB float64) string { return fmt.Sprintf("%.0f MB", kB/1024) }

// printPeak is what the fresh process does.
func printPeak(ctx context.Context, o options, stdout io.Writer) error {
	selected, err := selectCases(o.memory)
	if err != nil {
		return err
	}
	d, err := loadData(o.folder, o.memory)
	if err != nil {
		return err
	}
	f, err := forest.Fit(ctx, d.x, d.y, params(selected[0], o.jobs))
	if err != nil {
		return err
	}
	if _, err := f.Predict(ctx, d.query); err != nil {
		return err
	}
	peak, err := original.PeakMemory()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, peak)
	return err
}
