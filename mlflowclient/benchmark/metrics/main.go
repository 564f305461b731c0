// Command metrics times the logging of metrics against MLflow's own Python client, on the same real server.
//
//	make bench-metrics
//	go run ./mlflowclient/benchmark/metrics --rounds 10
//
// All contenders take turns within a round, so that whatever else the machine does meets them alike, and what they logged is counted
// on the server in the end.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/internal/original"
	"mlopsgo/mlflowclient"
)

const description = `Times log_metric one at a time, by eight workers and by the asynchronous writer against a loop of Python's log_metric.

Run it in the module's folder with the stack up; it needs MLFLOW_TRACKING_URI, as stack/up prints it. Exits with 1 when a ratio is too low or a
point is missing.`

// benchmark is the command's flags.
type benchmark struct {
	Rounds   int     `help:"How often all take their turn." default:"5"`
	Points   int     `help:"Points of a turn: of Python, of one worker, of each of the eight." default:"50"`
	Async    int     `help:"Points of a turn of the asynchronous writer." default:"3000"`
	One      float64 `help:"The ratio to reach one at a time." default:"5"`
	Eight    float64 `help:"The ratio to reach with eight workers." default:"8"`
	Writer   float64 `help:"The ratio to reach with the asynchronous writer." default:"20"`
	Tracking string  `help:"The MLflow server." env:"MLFLOW_TRACKING_URI" required:""`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "bench-metrics", Description: description}, &benchmark{}))
}

// contender is one way to log.
type contender struct {
	name    string
	atLeast float64 // times Python; 0 for Python
	turn    func(ctx context.Context) (points int, took time.Duration, err error)
	points  int
	took    time.Duration
}

func (c *contender) rate() float64 { return float64(c.points) / c.took.Seconds() }

// Run lets all take their turns.
func (b *benchmark) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "bench-metrics-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	client, err := mlflowclient.New(ctx, b.Tracking)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return client.Track(ctx, mlflowclient.StartRun{Name: "bench-metrics"}, func(ctx context.Context, run *mlflowclient.ActiveRun) (err error) {
		python, err := startPython(ctx, folder, b.Tracking, run.ID, stderr)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, python.Stop()) }()
		all := b.contenders(run, python)
		for range b.Rounds {
			for _, c := range all {
				points, took, err := c.turn(ctx)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				c.points, c.took = c.points+points, c.took+took
			}
		}
		if err := counted(ctx, client, run.ID, all); err != nil {
			return err
		}
		return report(stdout, all)
	})
}

// contenders are Python and three of ours, all logging to the same run, each its own metric.
func (b *benchmark) contenders(run *mlflowclient.ActiveRun, python *original.Process) []*contender {
	return []*contender{
		{name: "python", turn: func(context.Context) (int, time.Duration, error) {
			took, err := python.Time(b.Points)
			return b.Points, took, err
		}},
		{name: "one", atLeast: b.One, turn: func(ctx context.Context) (int, time.Duration, error) {
			return workers(ctx, run, "one", 1, b.Points)
		}},
		{name: "eight", atLeast: b.Eight, turn: func(ctx context.Context) (int, time.Duration, error) {
			return workers(ctx, run, "eight", 8, b.Points)
		}},
		{name: "writer", atLeast: b.Writer, turn: func(ctx context.Context) (int, time.Duration, error) {
			return throughWriter(ctx, run, b.Async)
		}},
	}
}

// workers logs points by several goroutines, each of which waits for its point before it logs the next. What they log at the same time shares
// requests. Like the trials of a study, each has a metric of its own.
func workers(ctx context.Context, run *mlflowclient.ActiveRun, key string, workers, points int) (n int, took time.Duration, err error) {
	errs := make([]error, workers)
	base := time.Now()
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := range points {
				m := mlflowclient.Metric{Key: fmt.Sprintf("%s/%d", key, worker), Value: float64(i) / 2, Step: int64(i), Timestamp: base}
				if errs[worker] = run.LogMetric(ctx, m); errs[worker] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return workers * points, time.Since(base), errors.Join(errs...)
}

// throughWriter logs points by the asynchronous writer; the time ends when the server has them.
func throughWriter(ctx context.Context, run *mlflowclient.ActiveRun, points int) (n int, took time.Duration, err error) {
	base := time.Now()
	w, err := run.NewMetricWriter(ctx, mlflowclient.MetricWriterConfig{})
	if err != nil {
		return 0, 0, err
	}
	for i := range points {
		if err := w.Log(ctx, mlflowclient.Metric{Key: "writer", Value: float64(i) / 2, Step: int64(i), Timestamp: base}); err != nil {
			return 0, 0, errors.Join(err, w.Close(ctx))
		}
	}
	err = w.Close(ctx)
	return points, time.Since(base), err
}

// counted makes sure that the server has what was timed.
func counted(ctx context.Context, client *mlflowclient.Client, runID string, all []*contender) error {
	run, err := client.Runs.Get(ctx, runID)
	if err != nil {
		return err
	}
	there := map[string]int{}
	for key := range run.Metrics {
		name, _, _ := strings.Cut(key, "/")
		for _, err := range client.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: runID, Key: key}) {
			if err != nil {
				return err
			}
			there[name]++
		}
	}
	for _, c := range all {
		if there[c.name] != c.points {
			return fmt.Errorf("%s: the server has %d points of %d", c.name, there[c.name], c.points)
		}
	}
	return nil
}

// report prints the table, and fails when a ratio is too low.
func report(stdout io.Writer, all []*contender) error {
	var slow []string
	if _, err := fmt.Fprintf(stdout, "%-8s %8s %10s %8s %9s\n", "", "points", "points/s", "ratio", "at least"); err != nil {
		return err
	}
	for _, c := range all {
		ratio := c.rate() / all[0].rate()
		if ratio < c.atLeast {
			slow = append(slow, fmt.Sprintf("%s: %.1f times Python, not %v", c.name, ratio, c.atLeast))
		}
		if _, err := fmt.Fprintf(stdout, "%-8s %8d %10.1f %8.1f %9v\n", c.name, c.points, c.rate(), ratio, c.atLeast); err != nil {
			return err
		}
	}
	if slow != nil {
		return errors.New(strings.Join(slow, "; "))
	}
	return nil
}
