package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mlopsgo/internal/dataset"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/tpe"
)

// The whole way from a study to the registered model, without any server.
func ExampleRegistration() {
	folder, err := os.MkdirTemp("", "registration-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	client, err := mlflowclient.New(ctx, "sqlite:///"+filepath.Join(folder, "mlflow.db"), mlflowclient.WithArtifactRoot(folder))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	data, err := LoadTable(ctx, "embedded:", dataset.ReadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	split, err := RedWine().Prepare(data.Table)
	if err != nil {
		fmt.Println(err)
		return
	}
	space := OriginalSpace()
	space.NEstimators = tpe.IntRange{Low: 5, High: 20, Step: 5}
	study := Study{
		Split: split, Space: space, Trials: 3,
		Tracker: &Tracker{Client: client, Experiment: StudyExperiment, Dataset: data.TrainingInput(client)},
	}
	if _, err := study.Run(ctx); err != nil {
		fmt.Println(err)
		return
	}

	flow, err := Registration{Client: client, LocalData: true}.Flow()
	if err != nil {
		fmt.Println(err)
		return
	}
	params := DefaultRegistrationParameters()
	params.BucketName, params.Filename = "", "embedded:" // without them the data is read from s3://mlflow-artifacts/winequality-red.csv
	done, err := flow.Run(ctx, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(done.Model, "version", done.Version, "alias", done.Alias)
	// Output: sk-rfc-model version 1 alias champion
}
