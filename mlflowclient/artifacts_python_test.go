package mlflowclient_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// TestPythonReadsArtifacts has Python's client read, byte for byte, what this one stored, and the reverse, both through the server and directly
// from its storage, with names that hurt. Python reads directly what went through the server, and the reverse.
func TestPythonReadsArtifacts(t *testing.T) {
	stack.Python(t, "mlflow")
	c, ctx, local := serverEnd(t), t.Context(), t.TempDir()
	// Python's client takes what follows a question mark for a query, so that it can read no such name.
	names := slices.DeleteFunc(slices.Clone(hurting), func(name string) bool { return strings.Contains(name, "?") })
	for i, name := range append(names, "100% & a+b=c;d@e") {
		file := filepath.Join(local, "sub dir", filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, noise(i*100), 0o600)) // the first is empty
	}
	must(t, os.WriteFile(filepath.Join(local, "large"), payload, 0o600))
	ours, theirs := newRun(t, c, mlflowclient.CreateRun{}), newRun(t, c, mlflowclient.CreateRun{})
	ways := map[string]mlflowclient.TransferOptions{
		"false": {Upload: mlflowclient.TransferProxied, Download: mlflowclient.TransferProxied},
		"true":  {Upload: mlflowclient.TransferDirect, UploadMinimum: 1, UploadPart: 5 << 20, Download: mlflowclient.TransferDirect, DownloadPart: 1 << 20},
	}
	store, err := c.Artifacts.At(ours.ArtifactURI)
	must(t, err)
	for name, way := range ways {
		must(t, with(t, store, way).UploadDir(ctx, local, name))
	}
	var sums map[string]map[string]string
	runPython(t, &sums, "artifacts.py", stack.Get(t).MLflowURI, ours.ID, theirs.ID, local)

	store, err = c.Artifacts.At(theirs.ArtifactURI)
	must(t, err)
	for direct, way := range ways {
		if got := len(sums[direct]); got != len(names)+2 {
			t.Errorf("Python found %d files", got)
		}
		back := t.TempDir()
		must(t, with(t, store, way).DownloadDir(ctx, "", back))
		must(t, filepath.WalkDir(local, func(file string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(local, file)
			must(t, err)
			want, err := os.ReadFile(file)
			must(t, err)
			sum := sha256.Sum256(want)
			for by := range ways {
				if got := sums[direct][by+"/"+filepath.ToSlash(name)]; by != direct && got != hex.EncodeToString(sum[:]) {
					t.Errorf("Python read another %s (stored directly: %s, read directly: %s)", name, by, direct)
				}
				if got, err := os.ReadFile(filepath.Join(back, by, name)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s of Python came with %d bytes, %v (stored directly: %s, read directly: %s)", name, len(got), err, by, direct)
				}
			}
			return nil
		}))
	}
}
