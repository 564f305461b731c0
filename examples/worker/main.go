// Command worker deploys a flow and serves it: the form in Prefect's UI starts it, an approval in the UI lets it end.
//
//	PREFECT_API_URL=http://127.0.0.1:4200/api go run ./examples/worker
//
// Each flow run gets a process of its own, so that a crash takes only that run. Ctrl-C ends the worker when its runs have.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mlopsgo/prefectclient"
)

type order struct {
	Bottles int      `json:"bottles" default:"6" min:"1" max:"600" title:"Bottles"`
	Grapes  []string `json:"grapes" default:"[\"Zweigelt\"]"`
	Ask     bool     `json:"ask" default:"false" description:"wait for an approval in the UI"`
}

type approval struct {
	Approve bool `json:"approve" title:"Ship it?"`
}

var pack = prefectclient.NewTask("pack", func(ctx context.Context, grape string) (string, error) {
	prefectclient.Logger(ctx).Info("packing " + grape)
	return "a case of " + grape, ctx.Err()
}, prefectclient.RunName("pack {input}"))

var ship = prefectclient.NewFlow("ship-wine", func(ctx context.Context, o order) (int, error) {
	cases := pack.Map(ctx, o.Grapes)
	if _, err := cases.Results(ctx); err != nil {
		return 0, err
	}
	if o.Ask {
		answer, err := prefectclient.Pause[approval](ctx, prefectclient.Pausing{Description: fmt.Sprintf("%d bottles are packed.", o.Bottles)})
		if err != nil {
			return 0, err
		}
		if !answer.Approve {
			return 0, prefectclient.ErrCancelled
		}
	}
	return o.Bottles, nil
}, prefectclient.Description("Packs wine, and ships it when told to."))

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	client, err := prefectclient.NewFromEnvironment()
	if err != nil {
		return err
	}
	defer client.Close()
	const pool = "wine-pool"
	worker, err := prefectclient.NewWorker(client, prefectclient.WorkerConfig{Pool: pool, Isolation: prefectclient.Subprocess, MemoryLimit: 512 << 20}, ship)
	if err != nil {
		return err
	}
	deployment, err := prefectclient.Deploy(ctx, client, ship, prefectclient.DeploymentSpec{
		Name: "by-hand", WorkPool: pool, Tags: []string{"example"},
		Schedules: []prefectclient.ScheduleSpec{{Schedule: prefectclient.Cron("0 6 * * 1", "Europe/Vienna"), Slug: "mondays"}},
	})
	if err != nil {
		return err
	}
	if address := os.Getenv("METRICS_ADDR"); address != "" { // for example 127.0.0.1:9100
		site := &http.Server{Addr: address, Handler: worker.Handler(), ReadHeaderTimeout: 5 * time.Second}
		go func() { log.Print(site.ListenAndServe()) }()
		defer site.Close()
	}
	fmt.Printf("Start it by its form: %s/deployments/deployment/%s\n", client.UIURL(), deployment.ID)
	return worker.Run(ctx)
}
