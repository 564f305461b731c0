package predictsvc_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"mlopsgo/internal/onnx"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc"
)

// A service in a program of its own: it tells when it has a model, answers, and ends with its context.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := mlflowclient.New(ctx, "sqlite:///"+filepath.Join(dir, "mlflow.db"), mlflowclient.WithArtifactRoot(filepath.Join(dir, "mlruns")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	if err := registerTiny(ctx, client); err != nil {
		fmt.Println(err)
		return
	}
	ready := make(chan predictsvc.Served, 1)
	service, err := predictsvc.New(predictsvc.Config{
		Client: client, Addr: "127.0.0.1:0", OnModel: func(m predictsvc.Served) { ready <- m },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()

	model := <-ready
	response, err := http.Post(model.URL+"/predict", "application/json", strings.NewReader(model.Body)) //nolint:noctx // It is this process that answers.
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // what was read is all there is
	fmt.Println(string(answer), err)
	http.DefaultClient.CloseIdleConnections()
	cancel()
	fmt.Println(<-ended)
	// Output:
	// {"quality":5,"model":"sk-rfc-model"} <nil>
	// <nil>
}

// registerTiny registers a forest of one tree: wines of up to 10 % alcohol are 5, the others 6.
func registerTiny(ctx context.Context, client *mlflowclient.Client) error {
	model, err := (&onnx.Forest{
		Features: 1, IntClasses: []int64{5, 6}, Trees: []onnx.Tree{{
			Left: []int{1, -1, -1}, Right: []int{2, -1, -1}, Feature: []int{0, -2, -2}, Threshold: []float64{10, -2, -2},
			Values: []float64{0.5, 0.5, 1, 0, 0, 1},
		}},
	}).Model()
	if err != nil {
		return err
	}
	return client.Track(ctx, mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		logged, err := run.LogModel(ctx, mlflowclient.LogModel{Name: "tiny", Files: func(id string) ([]mlmodel.File, error) {
			return mlmodel.ONNXModel{
				Data: model.Encode(), ModelID: id, Signature: &mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, "alcohol")},
				Example: &mlmodel.Example{Columns: []string{"alcohol"}, Rows: [][]any{{9.4}}},
			}.Files()
		}})
		if err != nil {
			return err
		}
		_, err = client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "sk-rfc-model", ModelID: logged.ID, RunID: run.ID, Alias: "champion"})
		return err
	})
}
