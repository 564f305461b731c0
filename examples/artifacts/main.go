// Command artifacts stores a folder with a run, looks at it, and fetches it again, with bars of progress.
//
//	go run ./examples/artifacts FOLDER     # a folder of yours; without one it makes a small one
//
// With MLFLOW_TRACKING_URI unset everything lands in ./mlflow.db and ./mlruns, which `mlflow ui` in the same folder shows. With a server the bytes
// go through it, or directly to its storage where both sides can.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"mlopsgo/mlflowclient"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	folder, err := choose(args)
	if err != nil {
		return err
	}
	client, err := mlflowclient.FromEnv(ctx, mlflowclient.WithTransfers(mlflowclient.TransferOptions{Progress: show}))
	if err != nil {
		return err
	}
	defer client.Close()
	experiment, err := client.Experiments.GetOrCreate(ctx, "artifacts-example")
	if err != nil {
		return err
	}
	return client.Track(ctx, mlflowclient.StartRun{ExperimentID: experiment.ID, Name: "artifacts"}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		store, err := client.Artifacts.At(run.ArtifactURI)
		if err != nil {
			return err
		}
		if err := store.UploadDir(ctx, folder, "data"); err != nil {
			return err
		}
		for file, err := range store.Walk(ctx, "") {
			if err != nil {
				return err
			}
			fmt.Printf("stored %s, %d bytes\n", file.Path, file.Size)
		}
		back, err := os.MkdirTemp("", "artifacts-example-")
		if err != nil {
			return err
		}
		if err := store.DownloadDir(ctx, "data", back); err != nil {
			return err
		}
		fmt.Printf("fetched into %s\nThe files of run %s are at %s; look at them with the server's pages, or with `mlflow ui` in this folder.\n",
			back, run.ID, store.URI)
		return nil
	})
}

// show writes over its own line until all is done.
func show(p mlflowclient.Progress) {
	end := "\r"
	if p.Files == p.FilesTotal {
		end = "\n"
	}
	fmt.Fprintf(os.Stderr, "%d of %d files, %d bytes%s", p.Files, p.FilesTotal, p.Bytes, end)
}

// choose gives the folder to store.
func choose(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	folder, err := os.MkdirTemp("", "artifacts-example-")
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{"notes.txt": "what was done, and why\n", "tables/wine.csv": "alcohol,quality\n9.4,5\n"} {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return folder, nil
}
