package pipeline

import (
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// gate is the way to a real server. While it is shut, connections are refused and those that there were are cut, as when the server is down.
type gate struct {
	t       *testing.T
	target  string
	address string

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	copies   sync.WaitGroup
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	g := &gate{t: t, target: target, address: "127.0.0.1:0", open: map[net.Conn]bool{}}
	g.lift()
	t.Cleanup(func() {
		g.shut()
		g.copies.Wait()
	})
	return g
}

// lift lets connections through, always at the same address.
func (g *gate) lift() {
	g.t.Helper()
	listener, err := new(net.ListenConfig).Listen(g.t.Context(), "tcp", g.address)
	if err != nil {
		g.t.Error(err)
		return
	}
	g.mu.Lock()
	g.listener, g.address = listener, listener.Addr().String()
	g.mu.Unlock()
	g.copies.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return // it was shut
			}
			g.pass(in)
		}
	})
}

// pass joins a connection with one to the server.
func (g *gate) pass(in net.Conn) {
	out, err := net.Dial("tcp", g.target)
	if err != nil {
		_ = in.Close()
		return
	}
	g.mu.Lock()
	g.open[in], g.open[out] = true, true
	g.mu.Unlock()
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		g.copies.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // until one side ends
			_ = way[0].Close()
		})
	}
}

// shut refuses new connections and cuts those that there are.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.listener.Close()
	for conn := range g.open {
		_ = conn.Close()
	}
	clear(g.open)
}

// TestMLflowIsDownForHalfAMinute cuts the way to the real MLflow while the forest is trained: the calls that follow are repeated until it is
// back, and everything is there once.
func TestMLflowIsDownForHalfAMinute(t *testing.T) {
	t.Parallel() // most of it is waiting
	server, err := url.Parse(stack.Get(t).MLflowURI)
	if err != nil {
		t.Fatal(err)
	}
	const outage = 30 * time.Second
	way := newGate(t, server.Host)
	client, err := mlflowclient.New(t.Context(), "http://"+way.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	name := "outage-" + uuid.NewString()[:8]
	registration, params := local(client, name)
	studied(t, client, params.ExperimentName, 0.6, nil)

	var outages sync.WaitGroup
	outages.Go(func() {
		for !began(client, registration.Experiment) {
			time.Sleep(5 * time.Millisecond)
		}
		way.shut()
		time.Sleep(outage)
		way.lift()
	})
	begin := time.Now()
	done, err := register(t.Context(), registration, params)
	outages.Wait()
	if err != nil {
		t.Fatalf("after %v: %v", time.Since(begin), err)
	}
	if took := time.Since(begin); took < outage {
		t.Errorf("it took %v: the outage came too late", took)
	}
	if done.Version != "1" {
		t.Errorf("%+v", done)
	}
	statuses := map[mlflowclient.RunStatus]int{}
	experiment, err := client.Experiments.GetByName(t.Context(), registration.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	for run, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		statuses[run.Status]++
	}
	if len(statuses) != 1 || statuses[mlflowclient.StatusFinished] != 1 {
		t.Errorf("runs %v, want one that is finished", statuses)
	}
}

// began tells whether the registration has a run.
func began(client *mlflowclient.Client, experiment string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	found, err := client.Experiments.GetByName(ctx, experiment)
	if err != nil {
		return false
	}
	for _, err := range client.Runs.Search(ctx, mlflowclient.SearchRuns{ExperimentIDs: []string{found.ID}}) {
		return err == nil
	}
	return false
}

// TestMissingBucketIsNotWaitedFor has the real store say that there is no such bucket: the flow fails at once, and says what to do.
func TestMissingBucketIsNotWaitedFor(t *testing.T) {
	s := stack.Get(t)
	client, err := mlflowclient.New(t.Context(), s.MLflowURI)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	name := "bucketless-" + uuid.NewString()[:8]
	registration, params := local(client, name)
	registration.retryDelays = []time.Duration{time.Minute} // which would be waited for
	registration.Loader = &DataLoader{Getenv: func(key string) string {
		return map[string]string{
			"AWS_ENDPOINT_URL_S3": s.S3Endpoint, "AWS_ACCESS_KEY_ID": s.S3AccessKey, "AWS_SECRET_ACCESS_KEY": s.S3SecretKey, "AWS_REGION": "us-east-1",
		}[key]
	}}
	params.BucketName, params.Filename = name, DefaultKey
	studied(t, client, params.ExperimentName, 0.6, nil)
	begin := time.Now()
	_, err = register(t.Context(), registration, params)
	if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "bucket") {
		t.Errorf("%v, want an error that names the bucket %s", err, name)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v: a bucket that is missing does not come by itself", took)
	}
	t.Log(err)
}
