package mlflowclient_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

func artifactsOf(t *testing.T, c *mlflowclient.Client) *mlflowclient.ArtifactStore {
	t.Helper()
	store, err := c.Artifacts.ForRun(t.Context(), newRun(t, c, mlflowclient.CreateRun{}).ID)
	must(t, err)
	return store
}

func readArtifact(t *testing.T, store *mlflowclient.ArtifactStore, name string) string {
	t.Helper()
	body, err := store.Open(t.Context(), name)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return ""
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	must(t, err)
	return string(content)
}

func listing(t *testing.T, store *mlflowclient.ArtifactStore, dir string) string {
	t.Helper()
	files, err := store.List(t.Context(), dir)
	must(t, err)
	var names []string
	for _, f := range files {
		name := f.Path
		if f.IsDir {
			name += "/"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestArtifacts(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		store := artifactsOf(t, c)
		if got := listing(t, store, ""); got != "" {
			t.Errorf("a new run has %s", got)
		}
		big := make([]byte, 3<<20)
		random := rand.NewChaCha8([32]byte{1})
		_, _ = random.Read(big)
		contents := map[string]string{
			"a.txt": "text", "empty": "", "dir/b c.bin": string(big), "dir/sub/ünï 日本.txt": "ü", "dir/100%+x?&=:.txt": "x", "dir/'q\".txt": "q",
		}
		for name, content := range contents {
			size := int64(len(content))
			if name == "a.txt" {
				size = -1
			}
			if err := store.Upload(ctx, name, strings.NewReader(content), size); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, content := range contents {
			if got := readArtifact(t, store, name); got != content {
				t.Errorf("%s came back with %d bytes of %d", name, len(got), len(content))
			}
		}
		if got := listing(t, store, ""); got != "a.txt dir/ empty" {
			t.Errorf("top: %s", got)
		}
		if got := listing(t, store, "dir"); got != "dir/'q\".txt dir/100%+x?&=:.txt dir/b c.bin dir/sub/" {
			t.Errorf("dir: %s", got)
		}
		if got := listing(t, store, "none"); got != "" {
			t.Errorf("a folder that does not exist: %s", got)
		}
		walked := collect(t, store.Walk(ctx, ""))
		if len(walked) != len(contents) {
			t.Errorf("%d files of %d", len(walked), len(contents))
		}
		for _, f := range walked {
			if f.Size != int64(len(contents[f.Path])) || f.IsDir {
				t.Errorf("%+v", f)
			}
		}
		must(t, store.Upload(ctx, "a.txt", strings.NewReader("other"), 5))
		if got := readArtifact(t, store, "a.txt"); got != "other" {
			t.Errorf("overwritten: %q", got)
		}
	})
}

func TestArtifactFolders(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		store := artifactsOf(t, c)
		local := t.TempDir()
		write := func(name, content string) {
			t.Helper()
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(local, name)), 0o755))
			must(t, os.WriteFile(filepath.Join(local, name), []byte(content), 0o600))
		}
		write("MLmodel", "flavors: {}")
		write("data/model.onnx", "onnx")
		write("data/deep/er.txt", "deep")
		must(t, os.Mkdir(filepath.Join(local, "empty"), 0o755))
		must(t, os.Symlink("MLmodel", filepath.Join(local, "link")))
		must(t, store.UploadDir(ctx, local, "model"))
		must(t, store.UploadFile(ctx, filepath.Join(local, "data", "model.onnx"), ""))
		must(t, store.UploadFile(ctx, filepath.Join(local, "MLmodel"), "one/two"))
		if got := listing(t, store, ""); got != "model/ model.onnx one/" {
			t.Errorf("top: %s", got)
		}

		back := filepath.Join(t.TempDir(), "not", "there")
		must(t, store.DownloadDir(ctx, "model", back))
		for name, want := range map[string]string{"MLmodel": "flavors: {}", "link": "flavors: {}", "data/model.onnx": "onnx", "data/deep/er.txt": "deep"} {
			if got, err := os.ReadFile(filepath.Join(back, name)); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		entries, err := os.ReadDir(back)
		must(t, err)
		if len(entries) != 3 {
			t.Errorf("%d entries in the folder", len(entries))
		}
		file := filepath.Join(t.TempDir(), "x.onnx")
		must(t, store.Download(ctx, "model.onnx", file))
		must(t, store.Download(ctx, "one/two/MLmodel", file)) // replaces it
		if got, err := os.ReadFile(file); err != nil || string(got) != "flavors: {}" {
			t.Errorf("%q, %v", got, err)
		}

		must(t, os.Symlink("/etc/passwd", filepath.Join(local, "outside")))
		if err := store.UploadDir(ctx, local, "leak"); err == nil {
			t.Error("a link out of the folder was followed")
		}
		if got := listing(t, store, "leak"); got != "" {
			t.Errorf("a refused folder left %s", got)
		}
		if err := store.UploadDir(ctx, filepath.Join(local, "nothing"), ""); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a missing folder: %v", err)
		}
		if err := store.UploadFile(ctx, local, ""); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Errorf("a folder as a file: %v", err)
		}
	})
}

func TestArtifactErrors(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		store := artifactsOf(t, c)
		must(t, store.Upload(ctx, "dir/file", strings.NewReader("x"), 1))
		for _, name := range []string{"", ".", "..", "/abs", "a/../b", "../a", "a//b", "a/", "a#b", "back\\slash", "nul\x00"} {
			if err := store.Upload(ctx, name, strings.NewReader("x"), 1); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("upload of %q: %v", name, err)
			}
			if _, err := store.Open(ctx, name); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("opening of %q: %v", name, err)
			}
			if _, err := store.List(ctx, name); name != "" && !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("listing of %q: %v", name, err)
			}
		}
		for _, name := range []string{"none", "dir/none", "none/none"} {
			_, err := store.Open(ctx, name)
			if !errors.Is(err, mlflowclient.ErrNotFound) {
				t.Errorf("opening of %s: %v", name, err)
			}
			target := filepath.Join(t.TempDir(), "target")
			if err := store.Download(ctx, name, target); !errors.Is(err, mlflowclient.ErrNotFound) {
				t.Errorf("download of %s: %v", name, err)
			}
			if entries, _ := os.ReadDir(filepath.Dir(target)); len(entries) != 0 {
				t.Errorf("a failed download left %v", entries)
			}
		}
		broken := errors.New("broken")
		err := store.Upload(ctx, "half", io.MultiReader(strings.NewReader("half"), errReader{broken}), 8)
		if !errors.Is(err, broken) {
			t.Errorf("a reader that breaks: %v", err)
		}
		if got := listing(t, store, ""); got != "dir/" {
			t.Errorf("a broken upload left %s", got)
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := store.Upload(cancelled, "late", bytes.NewReader([]byte("x")), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("an upload after the end: %v", err)
		}
		_, err = c.Artifacts.ForRun(ctx, missing)
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	})
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
