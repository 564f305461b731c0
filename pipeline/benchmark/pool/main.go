// Command pool measures studies whose trials are carried out by workers of a Prefect pool: trials a second with 1, 2 and 4 worker processes of one
// core each, and what a trial costs beyond its training.
//
//	make bench-pool
//	go run ./pipeline/benchmark/pool --trials 60 --workers 4 --kill-every 10s
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/tpe"
	"mlopsgo/prefectclient"
)

const description = `Runs the same study on a pool of Prefect once for each number of workers, and prints trials a second.

Every worker is a process of its own with one core. The overhead is that of one worker: the time between the ends of the first and the last trial,
less the time in which forests were trained and scored, for each trial. It holds Prefect's and MLflow's part, which run on this machine too.

Run it in the module's folder with the stack up; it needs MLFLOW_TRACKING_URI and PREFECT_API_URL, as stack/up prints them. Exits with 1 when
the overhead is above --at-most, or when the studies do not find the same.`

// benchmark is the command's flags.
type benchmark struct {
	Trials    int           `help:"Trials of each study." default:"24"`
	Trees     int           `help:"Trees of each forest." default:"1000"`
	Workers   []int         `help:"Numbers of workers." default:"1,2,4"`
	KillEvery time.Duration `help:"Kill a worker (kill -9) and start another one that often; 0 for never."`
	AtMost    time.Duration `help:"The overhead of a trial that is allowed." default:"300ms"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "bench-pool", Description: description}, &benchmark{}))
}

// bench is a benchmark under way.
type bench struct {
	benchmark
	worker  string // the program
	stderr  io.Writer
	mlflow  *mlflowclient.Client
	prefect *prefectclient.Client
	split   *pipeline.Split
	data    *pipeline.Data
}

// row is what one study took.
type row struct {
	workers, trials, kills int
	wall                   time.Duration
	// between is the time from the end of the first trial to that of the last, and busy that in which the trials after the first trained and scored.
	between, busy time.Duration
	best          float64
}

// Run measures and prints the table.
func (b *benchmark) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if b.Trials < 2 {
		return command.Usagef("--trials is %d: the first waits for the workers and is left out, so at least 2 are needed", b.Trials)
	}
	dir, err := os.MkdirTemp("", "bench-pool-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	at := &bench{benchmark: *b, worker: filepath.Join(dir, "worker"), stderr: stderr}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", at.worker, "./pipeline/worker").CombinedOutput(); err != nil {
		return fmt.Errorf("build ./pipeline/worker: %w: %s", err, out)
	}
	if at.mlflow, err = pipeline.Connect(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.mlflow.Close()) }()
	if at.prefect, err = pipeline.ConnectPrefect(ctx); err != nil {
		return err
	}
	defer at.prefect.Close()
	if at.split, at.data, err = pipeline.RedWine().Load(ctx, new(pipeline.DataLoader), "embedded:"); err != nil {
		return err
	}
	var rows []row
	for _, workers := range b.Workers {
		one, err := at.study(ctx, workers)
		if err != nil {
			return fmt.Errorf("%d workers: %w", workers, err)
		}
		rows = append(rows, one)
	}
	return b.report(stdout, rows)
}

// report prints the table and judges it.
func (b *benchmark) report(stdout io.Writer, rows []row) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "workers\ttrials\tkilled\tseconds\ttrials/s\ttraining s/trial\toverhead s/trial\t")
	var err error
	for _, r := range rows {
		overhead := "-"
		if r.workers == 1 && r.kills == 0 {
			each := (r.between - r.busy) / time.Duration(r.trials-1)
			overhead = fmt.Sprintf("%.3f", each.Seconds())
			if each > b.AtMost {
				err = fmt.Errorf("a trial costs %.3f s beyond its training, more than %v", each.Seconds(), b.AtMost)
			}
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%.1f\t%.2f\t%.3f\t%s\t\n", r.workers, r.trials, r.kills, r.wall.Seconds(), float64(r.trials)/r.wall.Seconds(),
			r.busy.Seconds()/float64(r.trials-1), overhead)
		if r.best != rows[0].best {
			err = errors.Join(err, fmt.Errorf("%d workers found %v, %d found %v", rows[0].workers, rows[0].best, r.workers, r.best))
		}
	}
	return errors.Join(err, table.Flush())
}

// space has forests of one size, so that trials take about the same time.
func (b *bench) space() pipeline.ForestSpace {
	space := pipeline.OriginalSpace()
	space.NEstimators = tpe.IntRange{Low: b.Trees, High: b.Trees}
	space.MaxFeatures = []forest.MaxFeatures{forest.MaxFeaturesSqrt}
	return space
}

// study carries one study out.
func (b *bench) study(ctx context.Context, workers int) (r row, err error) {
	name := fmt.Sprintf("bench-pool-%d-%d", workers, time.Now().UnixNano())
	fleet := &fleet{bench: b, pool: name}
	defer func() { err = errors.Join(err, b.forget(ctx, name)) }()
	defer fleet.end()
	for range workers {
		if err := fleet.add(); err != nil {
			return r, err
		}
	}
	if err := b.online(ctx, name, workers); err != nil {
		return r, err
	}
	fleet.killEvery(b.KillEvery)
	r.workers = workers
	var first, last time.Time
	study := pipeline.Study{
		Split: b.split, Origin: b.data.Origin(pipeline.RedWine()), Space: b.space(), Sampler: pipeline.SamplerRandom, Trials: b.Trials, Parallel: 2*workers + 2,
		Pool:    &pipeline.Pool{Client: b.prefect, Name: name},
		Tracker: &pipeline.Tracker{Client: b.mlflow, Experiment: "bench-pool", Dataset: b.data.TrainingInput(b.mlflow)},
		OnTrial: func(trial pipeline.Trial) {
			last = time.Now()
			if r.trials++; r.trials == 1 {
				first = last
				return
			}
			r.busy += trial.FitTime + trial.ScoreTime
		},
	}
	start := time.Now()
	trials, err := study.Run(ctx)
	if err != nil {
		return r, err
	}
	r.wall, r.between, r.best = last.Sub(start), last.Sub(first), pipeline.Best(trials)[0].Report.Accuracy
	r.kills = fleet.end()
	return r, nil
}

// online waits until the workers have sent their first heartbeats.
func (b *bench) online(ctx context.Context, pool string, workers int) error {
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		n := 0
		for _, err := range b.prefect.Workers.Filter(ctx, pool) {
			if err != nil {
				if !errors.Is(err, prefectclient.ErrNotFound) {
					return err
				}
				break
			}
			n++
		}
		if n == workers {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return errors.Join(fmt.Errorf("%d workers of %d came up", n, workers), ctx.Err())
		}
	}
}

// forget removes the pool and the deployment of its trials.
func (b *bench) forget(ctx context.Context, pool string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	made, err := b.prefect.Deployments.ReadByName(ctx, pipeline.TrialFlow, pool)
	if err == nil {
		err = b.prefect.Deployments.Delete(ctx, made.ID)
	}
	return errors.Join(err, b.prefect.WorkPools.Delete(ctx, pool))
}
