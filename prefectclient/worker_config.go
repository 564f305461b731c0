package prefectclient

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// WorkerConfig describes a [Worker]. Only Pool is required.
type WorkerConfig struct {
	// Pool is the work pool that is served. It is made, with type [PoolType], when there is none.
	Pool string
	// Queues are the queues of the pool that are served, made when missing; none means all of them, in the order of
	// their priorities.
	Queues []string
	// Name is the worker's name in the UI, "go-worker-<host>" when empty. A worker that starts again under its name
	// and on its host finds the runs that it lost; two workers in different containers that share a host name
	// therefore need different names.
	Name string
	// Limit is how many flow runs it runs at once, not counting those of flows made with [WithoutSlot] and
	// those that have called [ReleaseSlot]; 0 for no limit.
	Limit int
	// PollInterval is how often it asks for runs, 1 s when 0. It also asks at once when the server tells of a new run,
	// so the interval matters only where no websocket gets through.
	PollInterval time.Duration
	// Prefetch is how far ahead it asks, 1 min when 0: runs start by a timer at their time, whatever the interval.
	Prefetch time.Duration
	// HeartbeatInterval is how often it tells that it lives, 30 s when 0. It counts as offline after three.
	HeartbeatInterval time.Duration
	// CancelGrace is how long a cancelled flow may take to return, 30 s when 0; then its run is set to CANCELLED
	// although the function goes on, and its slot stays taken.
	CancelGrace time.Duration
	// Isolation is where flows run, [InProcess] when empty.
	Isolation Isolation
	// MemoryLimit is how many bytes of resident memory a [Subprocess] may have before it is killed, its run then being
	// CRASHED; 0 for no limit. It needs Linux.
	MemoryLimit int64
	// Command is the program with its arguments that a [Subprocess] runs, this program as it was started when empty. It must
	// come to [Worker.Run] of a worker with the same flows.
	Command []string
	// DrainTimeout is how long running flows may go on when the worker is told to stop, 30 s when 0 and for ever when
	// negative; those that do not end in time have their contexts ended and become CRASHED.
	DrainTimeout time.Duration
}

// withDefaults checks a configuration and fills it in.
func (c WorkerConfig) withDefaults() (WorkerConfig, error) {
	if c.Limit < 0 {
		return c, fmt.Errorf("prefect: a limit of %d flow runs is less than none", c.Limit)
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
		least time.Duration
	}{
		{"PollInterval", &c.PollInterval, time.Second, 50 * time.Millisecond},
		{"Prefetch", &c.Prefetch, time.Minute, 0},
		{"HeartbeatInterval", &c.HeartbeatInterval, 30 * time.Second, time.Second},
		{"CancelGrace", &c.CancelGrace, 30 * time.Second, 0},
	} {
		if *d.value == 0 {
			*d.value = d.zero
		}
		if *d.value < d.least {
			return c, fmt.Errorf("prefect: the worker's %s of %v is less than %v", d.name, *d.value, d.least)
		}
	}
	switch c.Isolation {
	case "":
		c.Isolation = InProcess
	case InProcess, Subprocess:
	default:
		return c, fmt.Errorf("prefect: a worker's isolation is %q or %q, not %q", InProcess, Subprocess, c.Isolation)
	}
	if c.MemoryLimit < 0 || c.MemoryLimit > 0 && c.Isolation != Subprocess {
		return c, fmt.Errorf("prefect: a memory limit of %d bytes needs the isolation %q", c.MemoryLimit, Subprocess)
	}
	if _, ok := residentMemory(os.Getpid()); c.MemoryLimit > 0 && !ok {
		return c, errors.New("prefect: the memory of a process is not known on this system, so MemoryLimit cannot be kept")
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = 30 * time.Second
	}
	if c.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			return c, fmt.Errorf("prefect: the worker has no name, and the host neither: %w", err)
		}
		c.Name = "go-worker-" + host
	}
	return c, nil
}
