package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// fleet is the worker processes of one study.
type fleet struct {
	*bench
	pool string

	mu      sync.Mutex
	started int
	kills   int
	running []*exec.Cmd
	killer  sync.WaitGroup
	stop    chan struct{}
}

// add starts a worker under a name that none had before, so that nobody settles what a killed one left.
func (f *fleet) add() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started++
	process := exec.CommandContext(context.Background(), f.worker, "--pool", f.pool, "--name", fmt.Sprintf("%s-%d", f.pool, f.started), "--heartbeat", "2s")
	process.Env = append(os.Environ(), "GOMAXPROCS=1")
	if err := process.Start(); err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	f.running = append(f.running, process)
	return nil
}

// killEvery ends the oldest worker now and then, and starts another one.
func (f *fleet) killEvery(d time.Duration) {
	f.stop = make(chan struct{})
	if d <= 0 {
		return
	}
	f.killer.Go(func() {
		ticker := time.NewTicker(d)
		defer ticker.Stop()
		for {
			select {
			case <-f.stop:
				return
			case <-ticker.C:
			}
			f.mu.Lock()
			oldest := f.running[0]
			f.running = f.running[1:]
			f.kills++
			f.mu.Unlock()
			end(oldest)
			if err := f.add(); err != nil {
				fmt.Fprintln(f.stderr, err)
			}
		}
	})
}

// end kills all workers and gives the number of those that were killed on the way. It may be called again.
func (f *fleet) end() (kills int) {
	if f.stop != nil {
		close(f.stop)
		f.stop = nil
	}
	f.killer.Wait()
	for _, process := range f.running {
		end(process)
	}
	f.running = nil
	return f.kills
}

// end is kill -9.
func end(process *exec.Cmd) {
	_ = process.Process.Kill()
	_ = process.Wait()
}
