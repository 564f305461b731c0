package prefectclient_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"mlopsgo/prefectclient"
)

// A cached task is called once for each input; later calls, also of other programs, get what it came to.
func ExampleCacheInputs() {
	dir, err := os.MkdirTemp("", "results-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	calls := 0
	train := prefectclient.NewTask("train", func(_ context.Context, p trainParams) (float64, error) {
		calls++
		return float64(p.Trees) / 200, nil
	}, prefectclient.KeepResult(prefectclient.LocalResults(dir)), prefectclient.CacheInputs(24*time.Hour))
	for range 3 {
		accuracy, err := train.Run(quiet(), trainParams{Dataset: "red", Trees: 100})
		fmt.Println(accuracy, err)
	}
	fmt.Println(calls, "call")
	// Output:
	// 0.5 <nil>
	// 0.5 <nil>
	// 0.5 <nil>
	// 1 call
}

// A hook is called when a run has ended in a state.
func ExampleOnFailure() {
	flow := prefectclient.NewFlow("register", func(context.Context, trainParams) (int, error) {
		return 0, fmt.Errorf("the registry is closed")
	}, prefectclient.OnFailure(func(_ context.Context, run prefectclient.RunInfo, state prefectclient.State) error {
		fmt.Printf("%s: %s\n", run.FlowName, state.Name)
		return nil
	}))
	_, err := flow.Run(quiet(), trainParams{})
	fmt.Println(err)
	// Output:
	// register: Failed
	// the registry is closed
}

// A flow asks somebody before it goes on. The UI shows the struct as a form.
func ExamplePause() {
	type approval struct {
		Approve bool `json:"approve" title:"Make it the champion?"`
	}
	flow := prefectclient.NewFlow("register", func(ctx context.Context, _ trainParams) (bool, error) {
		answer, err := prefectclient.Pause[approval](ctx, prefectclient.Pausing{Description: "Accuracy 0.67.", Timeout: 24 * time.Hour})
		return answer.Approve, err
	})
	_, err := flow.Run(quiet(), trainParams{}) // without a server there is nobody to ask
	fmt.Println(err)
	// Output: prefect: a flow can be paused only on a server: there is nobody to resume it
}

// Slots of a concurrency limit are held while a function runs. Without a server there is nothing to share.
func ExampleWithSlots() {
	err := prefectclient.WithSlots(context.Background(), prefectclient.Slots{Names: []string{"gpu"}}, func(context.Context) error {
		fmt.Println("training")
		return nil
	})
	fmt.Println(err)
	// Output:
	// training
	// <nil>
}

// An automation of the server starts a deployment when an event comes.
func ExampleAutomationsService_Ensure() { //nolint:testableexamples // needs a server
	client, err := prefectclient.New("http://127.0.0.1:4200/api")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_, err = client.Automations.Ensure(context.Background(), prefectclient.AutomationSpec{
		Name:    "train anew on drift",
		Trigger: prefectclient.EventTrigger{Expect: []string{"wine.drift.detected"}, Threshold: 3, Within: time.Hour},
		Actions: []prefectclient.Action{prefectclient.RunDeployment("0190…", map[string]any{"trees": 500}, 0)},
	})
	if err != nil {
		fmt.Println(err)
	}
}

// Serve runs what is scheduled for a flow, without a work pool.
func ExampleServe() { //nolint:testableexamples // runs until it is stopped
	client, err := prefectclient.NewFromEnvironment()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	flow := prefectclient.NewFlow("train", func(context.Context, trainParams) (int, error) { return 0, nil })
	nightly := prefectclient.DeploymentSpec{Name: "nightly", Schedules: []prefectclient.ScheduleSpec{
		{Schedule: prefectclient.Cron("0 2 * * *", "Europe/Vienna")},
	}}
	err = prefectclient.Serve(context.Background(), client, prefectclient.ServeConfig{}, prefectclient.Served{Flow: flow, Deployment: nightly})
	if err != nil {
		fmt.Println(err)
	}
}
