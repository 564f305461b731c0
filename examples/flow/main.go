// Command flow is a Prefect flow in Go: two tasks, one of which fails once and is retried, an artifact, and logs.
//
//	go run ./examples/flow
//
// With PREFECT_API_URL set the run is recorded there, with its graph; without a server the same functions simply run.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync/atomic"
	"time"

	"mlopsgo/prefectclient"
)

type params struct {
	Wine string `json:"wine" default:"red" enum:"red,white" title:"Wine" description:"which wines to rate"`
	Many int    `json:"many" default:"3" min:"1" max:"100"`
}

var failedOnce atomic.Bool

var load = prefectclient.NewTask("load", func(ctx context.Context, p params) ([]int, error) {
	if failedOnce.CompareAndSwap(false, true) {
		return nil, errors.New("the cellar is locked") // the retry finds it open
	}
	ratings := make([]int, p.Many)
	for i := range ratings {
		ratings[i] = 5 + i%3
	}
	prefectclient.Logger(ctx).Info("loaded", "wines", len(ratings))
	return ratings, nil
}, prefectclient.Retries(2, 200*time.Millisecond))

var mean = prefectclient.NewTask("mean", func(_ context.Context, ratings []int) (float64, error) {
	sum := 0
	for _, r := range ratings {
		sum += r
	}
	return float64(sum) / float64(len(ratings)), nil
})

var rate = prefectclient.NewFlow("rate-wines", func(ctx context.Context, p params) (float64, error) {
	loaded := load.Submit(ctx, p)
	ratings, err := loaded.Result(ctx)
	if err != nil {
		return 0, err
	}
	average, err := mean.Run(ctx, ratings, loaded) // loaded draws the edge in the graph
	if err != nil {
		return 0, err
	}
	if client, ok := prefectclient.FromContext(ctx); ok {
		text := fmt.Sprintf("# %s wine\n\n%d wines, %.2f on average.", p.Wine, p.Many, average)
		_, err = client.Artifacts.CreateMarkdown(ctx, "wine-rating", text, "")
	}
	return average, err
}, prefectclient.Description("Rates a few wines."), prefectclient.RunName("{wine}-wines"))

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
	average, err := rate.Run(ctx, params{Wine: "red", Many: 6})
	if err != nil {
		return err
	}
	fmt.Printf("%.2f on average\n", average)
	if client != nil {
		fmt.Println("Look at its graph, logs and artifact: " + client.UIURL() + "/runs")
	}
	return nil
}
