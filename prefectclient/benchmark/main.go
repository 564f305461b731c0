// Command benchmark times Go's worker and tasks against Python's, on the same real Prefect server, in one run.
//
//	make bench-prefect
//	go run ./prefectclient/benchmark --runs 10
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/command"
	"mlopsgo/prefectclient"
)

const description = `Times Go's worker and tasks against Python's process worker, on the same Prefect server: from the creation of a flow run until it is RUNNING, a
thousand trivial tasks in one flow run, and the memory of a worker with its flows.

Run it in the module's folder with the stack up; it needs PREFECT_API_URL, as stack/up prints it. Exits with 1 when a figure misses its aim.`

// benchmark is the command's flags.
type benchmark struct {
	Runs   int    `help:"Flow runs of Go's worker; Python's does a third of them." default:"15"`
	Tasks  int    `help:"Trivial tasks in one flow run." default:"1000"`
	Flows  int    `help:"Flow runs at the same time while the memory is looked at." default:"20"`
	APIURL string `help:"The Prefect server." env:"PREFECT_API_URL" required:"" name:"api-url"`
	Worker string `hidden:"" help:"Be the worker of this pool."`
	Flow   string `hidden:"" help:"The worker's flow."`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "bench-prefect", Description: description}, &benchmark{}))
}

// figure is a line of the table.
type figure struct {
	name, unit     string
	python, golang float64
	aim            string
	met            bool
}

// Run measures everything and prints the table.
func (b *benchmark) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	client, err := prefectclient.New(b.APIURL, prefectclient.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	defer client.Close()
	if b.Worker != "" {
		return serve(ctx, client, b.Worker, b.Flow)
	}
	dir, err := os.MkdirTemp("", "bench-prefect-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m := &measurement{benchmark: b, client: client, dir: dir, name: "bench-" + uuid.NewString()[:8], stderr: stderr}
	defer func() { err = errors.Join(err, m.forget(context.WithoutCancel(ctx))) }()
	figures, err := m.all(ctx)
	if err != nil {
		return err
	}
	return report(stdout, figures)
}

func report(stdout io.Writer, figures []figure) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%-34s  %10s  %10s  %8s  %s\n", "", "Python", "Go", "ratio", "aim")
	var missed []string
	for _, f := range figures {
		ratio := f.python / f.golang
		if f.unit == "/s" {
			ratio = f.golang / f.python
		}
		fmt.Fprintf(&text, "%-34s  %10.3f  %10.3f  %8.1f  %s\n", f.name+" ("+f.unit+")", f.python, f.golang, ratio, f.aim)
		if !f.met {
			missed = append(missed, f.name)
		}
	}
	if _, err := io.WriteString(stdout, text.String()); err != nil {
		return err
	}
	if len(missed) > 0 {
		return fmt.Errorf("missed: %s", strings.Join(missed, ", "))
	}
	return nil
}

// measurement is one run of the benchmark.
type measurement struct {
	*benchmark
	client *prefectclient.Client
	dir    string // of the Python script
	name   string // of pools and deployments
	stderr io.Writer
}

func (m *measurement) all(ctx context.Context) ([]figure, error) {
	python, err := m.startPython(ctx)
	if err != nil {
		return nil, err
	}
	defer python.stop()
	ours, err := m.startGo(ctx)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	var theirDelays, ourDelays []time.Duration
	for i := range m.Runs {
		if i%3 == 0 {
			if theirDelays, err = m.delay(ctx, python, theirDelays); err != nil {
				return nil, err
			}
		}
		if ourDelays, err = m.delay(ctx, ours, ourDelays); err != nil {
			return nil, err
		}
	}
	slow, fast := median(theirDelays).Seconds(), median(ourDelays).Seconds()
	start := figure{"created → RUNNING, median", "s", slow, fast, "≤ 0.5 s and 10 times faster", fast <= 0.5 && slow/fast >= 10}
	theirRate, err := m.pythonTasks(ctx)
	if err != nil {
		return nil, err
	}
	ourRate, err := m.goTasks(ctx)
	if err != nil {
		return nil, err
	}
	rate := figure{"trivial tasks in a flow run", "/s", theirRate, ourRate, "10 times the rate", ourRate/theirRate >= 10}
	const theirFlows = 3 // more would not fit a small machine
	theirMemory, err := m.memory(ctx, python, theirFlows)
	if err != nil {
		return nil, err
	}
	ourMemory, err := m.memory(ctx, ours, m.Flows)
	if err != nil {
		return nil, err
	}
	memory := figure{fmt.Sprintf("worker with %d flows, Python's with %d", m.Flows, theirFlows), "MiB", theirMemory, ourMemory, "≤ 50 MiB", ourMemory <= 50}
	return []figure{start, rate, memory}, nil
}

func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}
