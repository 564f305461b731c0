package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// place is where the servers of a run come from.
type place struct {
	*benchmark
	dir, name string
	stderr    io.Writer
}

func (p place) predictor() string { return filepath.Join(p.dir, "predictor") }

// build builds the command as a user does.
func (p place) build(ctx context.Context) error {
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", p.predictor(), "./predictsvc/predictor").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

// startPredictor starts the predictor with nothing of the environment but what it needs.
func (p place) startPredictor(ctx context.Context, env ...string) (*server, error) {
	env = append([]string{
		"HOME=" + p.dir, "PATH=" + os.Getenv("PATH"), "MLFLOW_TRACKING_URI=" + p.Tracking, "MODEL_URI=models:/" + p.name + "-" + p.Served + "@champion",
		"MODEL_CACHE=" + filepath.Join(p.dir, "cache"), "PREDICTOR_ADDR=127.0.0.1:{port}",
	}, env...)
	return startServer(ctx, "the predictor", "/ready", env, p.predictor())
}

func (p place) startEmpty(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startServer(ctx, "the empty handler", "/ready", os.Environ(), self, "--empty", "127.0.0.1:{port}")
}

// ratios are those of each round.
type ratios struct {
	ours, empty, mlflow            []float64 // requests a second
	overEmpty, overMLflow          []float64
	oursP99, emptyP99, p99Over     []float64 // at half load, in milliseconds
	oursHalfRate, emptyHalfRate    []float64
	mlflowP50, oursP50, emptyP50MS []float64
	oursCPU, emptyCPU, cpuOver     []float64 // microseconds of a request
}

// throughput drives the three servers in rounds.
func (p place) throughput(ctx context.Context, t *table) (err error) {
	var servers []*server
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, start := range []func(context.Context) (*server, error){
		func(ctx context.Context) (*server, error) { return p.startPredictor(ctx) }, p.startEmpty, p.startMLflow,
	} {
		s, err := start(ctx)
		if err != nil {
			return err
		}
		servers = append(servers, s)
	}
	var r ratios
	for round := range p.Rounds {
		if err := p.round(ctx, servers[0], servers[1], servers[2], &r); err != nil {
			return err
		}
		fmt.Fprintf(p.stderr, "round %d: predictor %.0f/s, empty handler %.0f/s, mlflow %.1f/s; at half load p99 %.2f and %.2f ms\n", round+1,
			r.ours[round], r.empty[round], r.mlflow[round], r.oursP99[round], r.emptyP99[round])
	}
	r.report(t)
	now, peak, err := servers[0].memory()
	if err != nil {
		return err
	}
	theirs, _, err := servers[2].memory()
	if err != nil {
		return err
	}
	t.add(line{
		name: "resident memory after the load", ours: fmt.Sprintf("%.0f MiB (peak %.0f)", now, peak), theirs: fmt.Sprintf("%.0f MiB", theirs),
		value: now, target: 60, unit: " MiB", most: true,
	})
	return nil
}

// round lets each server have its turn.
func (p place) round(ctx context.Context, ours, empty, mlflow *server, r *ratios) error {
	var full, half [2]measured
	for i, s := range []*server{empty, ours} {
		var err error
		if full[i], err = drive(ctx, s, "predict", p.Connections, 0, p.Turn); err != nil {
			return err
		}
	}
	for i, s := range []*server{empty, ours} {
		var err error
		if half[i], err = drive(ctx, s, "predict", connectionsFor(full[i].rate/2), pause, p.Turn); err != nil {
			return err
		}
	}
	m, err := drive(ctx, mlflow, "invocations", p.Slow, 0, p.SlowTurn)
	if err != nil {
		return err
	}
	r.add(full[1], full[0], m, half[1], half[0])
	return nil
}

func (r *ratios) add(o, e, m, oh, eh measured) {
	r.ours, r.empty, r.mlflow = append(r.ours, o.rate), append(r.empty, e.rate), append(r.mlflow, m.rate)
	r.overEmpty, r.overMLflow = append(r.overEmpty, 100*o.rate/e.rate), append(r.overMLflow, o.rate/m.rate)
	r.oursP99, r.emptyP99 = append(r.oursP99, ms(oh.p99)), append(r.emptyP99, ms(eh.p99))
	r.p99Over = append(r.p99Over, oh.p99.Seconds()/eh.p99.Seconds())
	r.oursHalfRate, r.emptyHalfRate = append(r.oursHalfRate, oh.rate), append(r.emptyHalfRate, eh.rate)
	r.oursCPU, r.emptyCPU, r.cpuOver = append(r.oursCPU, us(o.cpu)), append(r.emptyCPU, us(e.cpu)), append(r.cpuOver, o.cpu.Seconds()/e.cpu.Seconds())
	r.mlflowP50, r.oursP50, r.emptyP50MS = append(r.mlflowP50, ms(m.p50)), append(r.oursP50, ms(oh.p50)), append(r.emptyP50MS, ms(eh.p50))
}

func us(d time.Duration) float64 { return d.Seconds() * 1e6 }

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func (r *ratios) report(t *table) {
	rate := func(values []float64) string { return fmt.Sprintf("%.0f/s", median(values)) }
	t.add(line{
		name: "requests, against mlflow models serve", ours: rate(r.ours), theirs: fmt.Sprintf("%.1f/s", median(r.mlflow)),
		value: median(r.overMLflow), target: 2000, unit: "×",
	})
	t.add(line{
		name: "requests, against the empty Gin handler", ours: rate(r.ours), theirs: rate(r.empty), value: median(r.overEmpty), target: 60, unit: " %",
	})
	t.add(line{
		name: "processor's time of a request, against the same", ours: fmt.Sprintf("%.1f µs", median(r.oursCPU)),
		theirs: fmt.Sprintf("%.1f µs", median(r.emptyCPU)), value: median(r.cpuOver), unit: "×",
	})
	p99 := func(p99, rates []float64) string { return fmt.Sprintf("%.2f ms at %.0f/s", median(p99), median(rates)) }
	t.add(line{
		name: "p99 at half load, against the same", ours: p99(r.oursP99, r.oursHalfRate), theirs: p99(r.emptyP99, r.emptyHalfRate),
		value: median(r.p99Over), target: 2, unit: "×", most: true,
	})
	t.add(line{
		name: "p50 at half load (MLflow: at full)", ours: fmt.Sprintf("%.2f ms", median(r.oursP50)),
		theirs: fmt.Sprintf("%.2f ms, MLflow %.0f ms", median(r.emptyP50MS), median(r.mlflowP50)), value: median(r.oursP50), unit: " ms",
	})
}

// starts measures the time from the start of the process to the first /ready, with the model in the cache.
func (p place) starts(ctx context.Context, t *table) error {
	var took []float64
	for range max(5, p.Rounds) {
		s, err := p.startPredictor(ctx)
		if err != nil {
			return err
		}
		took = append(took, ms(s.ready))
		if err := s.stop(); err != nil {
			return err
		}
	}
	t.add(line{name: "start to ready with a warm cache", ours: fmt.Sprintf("%.0f ms", median(took)), value: median(took), target: 150, unit: " ms", most: true})
	return nil
}

// withLog measures what the log of predictions costs, in rounds with and without it.
func (p place) withLog(ctx context.Context, t *table) (err error) {
	without, err := p.startPredictor(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, without.stop()) }()
	with, err := p.startPredictor(ctx, "MONITORING_DATABASE_URL="+p.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, with.stop()) }()
	var on, off, share []float64
	for range p.Rounds {
		a, err := drive(ctx, without, "predict", p.Connections, 0, p.Turn)
		if err != nil {
			return err
		}
		b, err := drive(ctx, with, "predict", p.Connections, 0, p.Turn)
		if err != nil {
			return err
		}
		off, on, share = append(off, a.rate), append(on, b.rate), append(share, 100*b.rate/a.rate)
	}
	t.add(line{
		name: "requests with the log in Postgres, against without", ours: fmt.Sprintf("%.0f/s", median(on)), theirs: fmt.Sprintf("%.0f/s", median(off)),
		value: median(share), unit: " %",
	})
	return nil
}
