package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/onnx"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline"
	"mlopsgo/pipeline/forest"
	"mlopsgo/predictsvc"
)

// TestBaselinesAreServed has the predictor serve each model that was logged, and the evaluator of ONNX read those that have a graph: the labels
// of the test part are those of the training.
func TestBaselinesAreServed(t *testing.T) {
	dir := t.TempDir()
	client, err := mlflowclient.New(t.Context(), "sqlite:///"+filepath.Join(dir, "mlflow.db"), mlflowclient.WithArtifactRoot(filepath.Join(dir, "mlruns")))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	data, err := pipeline.LoadTable(t.Context(), "embedded:", dataset.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	split, err := pipeline.RedWine().Prepare(data.Table)
	if err != nil {
		t.Fatal(err)
	}
	done, err := pipeline.Baselines{Split: split, Data: data, Client: client}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range done {
		t.Run(one.Name, func(t *testing.T) {
			if labels := served(t, client, one.ModelID, split); !slices.Equal(labels, one.Predicted()) {
				t.Errorf("%d labels served, not those of the training", len(labels))
			}
			folder := filepath.Join(t.TempDir(), "model")
			model, err := client.ResolveModel(t.Context(), "models:/"+one.ModelID)
			if err != nil {
				t.Fatal(err)
			}
			if err := client.DownloadModel(t.Context(), model, folder); err != nil {
				t.Fatal(err)
			}
			graph, err := openGraph(folder)
			if err != nil {
				if one.Name == "KNeighborsClassifier" {
					return // has none
				}
				t.Fatal(err)
			}
			if labels := evaluated(t, graph, split.RawTestX); !slices.Equal(labels, one.Predicted()) {
				t.Error("the graph gives other labels")
			}
		})
	}
}

// served asks a predictor for the labels of the test part.
func served(t *testing.T, client *mlflowclient.Client, modelID string, split *pipeline.Split) []int {
	t.Helper()
	ready := make(chan predictsvc.Served, 1)
	service, err := predictsvc.New(predictsvc.Config{
		Client: client, ModelURI: "models:/" + modelID, Addr: "127.0.0.1:0", OnModel: func(m predictsvc.Served) { ready <- m },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	}()
	var model predictsvc.Served
	select {
	case model = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("the predictor ended: %v", err)
	}
	var rows [][]float64
	for r := range split.RawTestX.Rows {
		rows = append(rows, split.RawTestX.Row(r))
	}
	body, err := json.Marshal(map[string]any{"dataframe_split": map[string]any{"columns": split.Features, "data": rows}})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, model.URL+"/invocations", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Predictions []int }
	if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%.300s", response.Status, err, text)
	}
	return answer.Predictions
}

func openGraph(folder string) (*onnx.Session, error) {
	f, err := mlmodel.OpenFolder(folder)
	if err != nil {
		return nil, err
	}
	text, err := f.ONNX()
	if err != nil {
		return nil, err
	}
	model, err := onnx.Decode(text)
	if err != nil {
		return nil, err
	}
	return onnx.Load(model)
}

func evaluated(t *testing.T, graph *onnx.Session, rows forest.Matrix) []int {
	t.Helper()
	out, err := graph.NewRunner().Run(onnx.NewDoubles(rows.Data, int64(rows.Rows), int64(rows.Cols)))
	if err != nil {
		t.Fatal(err)
	}
	var labels []int
	for _, label := range out[0].I64 {
		labels = append(labels, int(label))
	}
	return labels
}
