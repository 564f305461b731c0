package mlflowclient_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mlopsgo/mlflowclient"
)

// A run's files are in a store, wherever that is.
func ExampleArtifactStore() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()
	run, err := client.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: "0"})
	check(err)

	store, err := client.Artifacts.ForRun(ctx, run.ID)
	check(err)
	check(store.Upload(ctx, "notes/why.txt", strings.NewReader("because"), -1))
	check(store.Upload(ctx, "table.csv", strings.NewReader("a,b\n"), 4))
	for file, err := range store.Walk(ctx, "") {
		check(err)
		fmt.Println(file.Path, file.Size)
	}
	body, err := store.Open(ctx, "notes/why.txt")
	check(err)
	defer body.Close()
	text, err := io.ReadAll(body)
	check(err)
	fmt.Printf("%s\n", text)
	check(store.Delete(ctx, "notes"))
	_, err = store.Open(ctx, "notes/why.txt")
	fmt.Println(err)
	// Output:
	// table.csv 4
	// notes/why.txt 7
	// because
	// mlflow: RESOURCE_DOES_NOT_EXIST: No such artifact: "notes/why.txt"
}

// Several files travel at once, and tell how far they are.
func ExampleArtifactStore_With() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()
	run, err := client.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: "0"})
	check(err)
	folder, err := os.MkdirTemp("", "example")
	check(err)
	defer os.RemoveAll(folder)
	for _, name := range []string{"one", "two", "three"} {
		check(os.WriteFile(filepath.Join(folder, name), []byte(name), 0o600))
	}

	store, err := client.Artifacts.ForRun(ctx, run.ID)
	check(err)
	store, err = store.With(mlflowclient.TransferOptions{Files: 2, Progress: func(p mlflowclient.Progress) {
		if p.Files == p.FilesTotal {
			fmt.Printf("%d files, %d bytes\n", p.Files, p.Bytes)
		}
	}})
	check(err)
	check(store.UploadDir(ctx, folder, "data"))
	// Output: 3 files, 11 bytes
}
