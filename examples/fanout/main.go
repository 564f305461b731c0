// Command fanout runs a thousand tasks in one flow run, a few at a time, and caches what they come to: the second time
// each task run is "Cached".
//
//	go run ./examples/fanout          # with PREFECT_API_URL set or not
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"mlopsgo/prefectclient"
)

type params struct {
	Tasks int `json:"tasks" default:"1000" min:"1" max:"10000"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	client, err := prefectclient.NewFromEnvironment()
	switch {
	case errors.Is(err, prefectclient.ErrNoServer):
		fmt.Println("PREFECT_API_URL is not set: the flow runs without a server.")
	case err != nil:
		return err
	default:
		defer client.Close()
		ctx = prefectclient.NewContext(ctx, client)
	}
	cache := prefectclient.LocalResults(filepath.Join(os.TempDir(), "mlopsgo-fanout"))
	square := prefectclient.NewTask("square", func(_ context.Context, n int) (int, error) { return n * n, nil },
		prefectclient.KeepResult(cache), prefectclient.CacheInputs(time.Hour))
	sum := prefectclient.NewTask("sum", func(_ context.Context, ns []int) (int, error) {
		total := 0
		for _, n := range ns {
			total += n
		}
		return total, nil
	})
	flow := prefectclient.NewFlow("fan-out", func(ctx context.Context, p params) (int, error) {
		inputs := make([]int, p.Tasks)
		for i := range inputs {
			inputs[i] = i
		}
		squares := square.Map(ctx, inputs)
		ns, err := squares.Results(ctx)
		if err != nil {
			return 0, err
		}
		return sum.Run(ctx, ns, squares)
	})
	started := time.Now()
	const tasks = 1000
	total, err := flow.Run(ctx, params{Tasks: tasks})
	if err != nil {
		return err
	}
	fmt.Printf("the sum of %d squares is %d, after %v\n", tasks, total, time.Since(started).Round(time.Millisecond))
	return nil
}
