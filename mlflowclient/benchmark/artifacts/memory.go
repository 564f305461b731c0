package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"mlopsgo/internal/original"
	"mlopsgo/mlflowclient"
)

// memory measures the peak of a fresh process that uploads a very large file, both ways.
func (b *benchmark) memory(ctx context.Context, uri, dir string, stdout io.Writer) error {
	if b.MemoryMiB == 0 {
		return nil
	}
	file := filepath.Join(dir, "large.bin")
	if err := writeNoise(file, b.MemoryMiB); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var missed []string
	for _, way := range []struct{ name, flag string }{{"directly", "--direct"}, {"through the server", "--direct=false"}} {
		process := exec.CommandContext(ctx, self, "--upload-only", file, "--to", uri, way.flag)
		process.Env = append(os.Environ(), "MLFLOW_TRACKING_URI="+b.Tracking)
		process.Stderr = os.Stderr
		out, err := process.Output()
		if err != nil {
			return fmt.Errorf("upload of %d MiB %s: %w", b.MemoryMiB, way.name, err)
		}
		kB, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(stdout, "peak memory of uploading %d MiB %s: %.1f MiB, target below %.0f\n", b.MemoryMiB, way.name, kB/1024, b.Peak); err != nil {
			return err
		}
		if kB/1024 >= b.Peak {
			missed = append(missed, way.name)
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("too much memory: %s", strings.Join(missed, ", "))
	}
	return nil
}

// uploadOnly is what the fresh process does.
func (b *benchmark) uploadOnly(ctx context.Context, stdout io.Writer) (err error) {
	client, err := mlflowclient.New(ctx, b.Tracking)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	store, err := client.Artifacts.At(b.To)
	if err != nil {
		return err
	}
	options := mlflowclient.TransferOptions{Upload: mlflowclient.TransferProxied}
	if b.Direct {
		options = mlflowclient.TransferOptions{Upload: mlflowclient.TransferDirect, UploadMinimum: 1}
	}
	if store, err = store.With(options); err != nil {
		return err
	}
	if err := store.UploadFile(ctx, b.Only, "memory"); err != nil {
		return err
	}
	peak, err := original.PeakMemory()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, peak)
	return err
}
