package pipeline

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// onPool is a study whose trials go to a pool of its own, and workers in this process.
type onPool struct {
	Study
	name    string
	mlflow  *mlflowclient.Client
	prefect *prefectclient.Client
}

func newOnPool(t *testing.T) *onPool {
	t.Helper()
	servers := stack.Get(t)
	p := &onPool{name: "pool-test-" + strings.ToLower(rand.Text()), mlflow: connect(t, servers.MLflowURI)}
	var err error
	if p.prefect, err = prefectclient.New(servers.PrefectAPIURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.prefect.Close)
	t.Cleanup(func() {
		ctx := context.Background()
		if made, err := p.prefect.Deployments.ReadByName(ctx, TrialFlow, p.name); err == nil {
			_ = p.prefect.Deployments.Delete(ctx, made.ID)
		}
		_ = p.prefect.WorkPools.Delete(ctx, p.name)
	})
	split, data, err := RedWine().Load(t.Context(), new(DataLoader), embeddedURI)
	if err != nil {
		t.Fatal(err)
	}
	p.Study = Study{
		Split: split, Origin: data.Origin(RedWine()), Space: smallSpace(), Trials: 12, Parallel: 4,
		Tracker: &Tracker{Client: p.mlflow, Experiment: p.name, Dataset: data.TrainingInput(p.mlflow)},
		Pool:    &Pool{Client: p.prefect, Name: p.name, Queue: "trials"},
	}
	return p
}

// worker serves the pool until stop is called.
func (p *onPool) worker(t *testing.T, name string) (stop func()) {
	t.Helper()
	flow, err := (&Trials{Client: p.mlflow}).Flow()
	if err != nil {
		t.Fatal(err)
	}
	worker, err := prefectclient.NewWorker(p.prefect, prefectclient.WorkerConfig{Pool: p.name, Queues: []string{"trials"}, Name: name, Limit: 2}, flow)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestAStudyOnAPoolFindsWhatItFindsHere(t *testing.T) {
	for name, change := range map[string]func(*Study){
		"exhaustive": func(s *Study) { s.Sampler = SamplerExhaustive },
		"random":     func(s *Study) { s.Sampler = SamplerRandom },
	} {
		t.Run(name, func(t *testing.T) {
			p := newOnPool(t)
			change(&p.Study)
			stop := p.worker(t, "one")
			defer stop()
			start := time.Now()
			there, err := p.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d trials in %.1f s", len(there), time.Since(start).Seconds())
			local := p.Study
			local.Pool, local.Tracker = nil, nil
			here, err := local.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(bySpace(here), bySpace(there)); diff != "" {
				t.Errorf("(-here +on the pool):\n%s", diff)
			}
			checkRuns(t, p.mlflow, p.name, len(here))
		})
	}
}

// bySpace describes trials, best first, without the numbers that depend on what ran at once.
func bySpace(trials []Trial) []string {
	best := Best(trials)
	for i := range best {
		best[i].Number = 0
	}
	return seenTrials(best)
}
