package embedded_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"mlopsgo/mlflowclient/embedded"
)

// An http.Client on the store speaks MLflow's REST API without a server.
func Example() {
	dir, err := os.MkdirTemp("", "mlflow")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	store, err := embedded.Open(context.Background(), filepath.Join(dir, "mlflow.db"), filepath.Join(dir, "mlruns"))
	if err != nil {
		panic(err)
	}
	defer store.Close()
	client := &http.Client{Transport: store}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost,
		"http://embedded/api/2.0/mlflow/experiments/create", strings.NewReader(`{"name":"red-wine"}`))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(request)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.StatusCode, string(body))
	// Output: 200 {"experiment_id":"1"}
}
