package mlflowclient_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// places are all kinds of artifact stores, and all ways to them.
var places = []struct {
	name string
	open func(*testing.T, mlflowclient.TransferOptions) *mlflowclient.ArtifactStore
}{
	{"folder", func(t *testing.T, o mlflowclient.TransferOptions) *mlflowclient.ArtifactStore {
		return with(t, artifactsOf(t, embeddedEnd(t)), o)
	}},
	{"proxied", func(t *testing.T, o mlflowclient.TransferOptions) *mlflowclient.ArtifactStore {
		o.Upload, o.Download = mlflowclient.TransferProxied, mlflowclient.TransferProxied
		return with(t, artifactsOf(t, serverEnd(t)), o)
	}},
	{"direct", func(t *testing.T, o mlflowclient.TransferOptions) *mlflowclient.ArtifactStore {
		o.Upload, o.Download, o.UploadMinimum = mlflowclient.TransferDirect, mlflowclient.TransferDirect, 1
		return with(t, artifactsOf(t, serverEnd(t)), o)
	}},
	{"s3", func(t *testing.T, o mlflowclient.TransferOptions) *mlflowclient.ArtifactStore {
		return with(t, onS3(t), o)
	}},
}

func with(t *testing.T, store *mlflowclient.ArtifactStore, o mlflowclient.TransferOptions) *mlflowclient.ArtifactStore {
	t.Helper()
	store, err := store.With(o)
	must(t, err)
	return store
}

// ofStack is how a client reaches the stack's MinIO.
func ofStack(t *testing.T) mlflowclient.Option {
	s := stack.Get(t)
	return mlflowclient.WithS3(mlflowclient.S3Options{
		Endpoint: s.S3Endpoint, Region: "us-east-1", AccessKeyID: s.S3AccessKey, SecretAccessKey: s.S3SecretKey,
	})
}

// onS3 is a store that the client reaches by itself.
func onS3(t *testing.T) *mlflowclient.ArtifactStore {
	t.Helper()
	c, run := runOnS3(t)
	store, err := c.Artifacts.ForRun(t.Context(), run.ID)
	must(t, err)
	if !strings.HasPrefix(store.URI, "s3://mlflow-artifacts/direct/") {
		t.Fatal(store.URI)
	}
	return store
}

// runOnS3 makes a run in an experiment whose artifacts are not proxied.
func runOnS3(t *testing.T) (*mlflowclient.Client, *mlflowclient.Run) {
	t.Helper()
	c := open(t, stack.Get(t).MLflowURI, ofStack(t))
	id, err := c.Experiments.Create(t.Context(), mlflowclient.CreateExperiment{
		Name: unique(t.Name()), ArtifactLocation: "s3://mlflow-artifacts/direct",
	})
	must(t, err)
	return c, newRun(t, c, mlflowclient.CreateRun{ExperimentID: id})
}

// eachPlace runs a case in every kind of store.
func eachPlace(t *testing.T, o mlflowclient.TransferOptions, do func(*testing.T, *mlflowclient.ArtifactStore)) {
	t.Helper()
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			do(t, place.open(t, o))
		})
	}
}

func noise(n int) []byte {
	content := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(content)
	return content
}

// hurting are names that break what is careless, below the 255 bytes that file systems take.
var hurting = []string{
	"ünï 日本 😀.txt", "two  spaces .txt", "'single' \"double\" `back`", "100% & a+b?c=d;e:f@g", "%", "%zz%", "~tilde$dollar!", "-dash", ".hidden",
	"<tag>|pipe*", strings.Repeat("long", 60) + ".txt", "a/b/c/d/e/f/g/h/nested", "(paren) [bracket] {brace}", "comma, semi;colon", "what??", "x;;", "trailing.", "e\u0301",
}

func TestNamesThatHurtEverywhere(t *testing.T) {
	eachPlace(t, mlflowclient.TransferOptions{}, func(t *testing.T, store *mlflowclient.ArtifactStore) {
		local, back := t.TempDir(), t.TempDir()
		for i, name := range hurting {
			file := filepath.Join(local, "sub dir", filepath.FromSlash(name))
			must(t, os.MkdirAll(filepath.Dir(file), 0o755))
			must(t, os.WriteFile(file, noise(i*100), 0o600)) // the first is empty
		}
		must(t, store.UploadDir(t.Context(), local, "up"))
		must(t, store.DownloadDir(t.Context(), "up", back))
		for i, name := range hurting {
			got, err := os.ReadFile(filepath.Join(back, "sub dir", filepath.FromSlash(name)))
			if err != nil || !bytes.Equal(got, noise(i*100)) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
			if got := readArtifact(t, store, "up/sub dir/"+name); got != string(noise(i*100)) {
				t.Errorf("%s: reading gave %d bytes", name, len(got))
			}
		}
		if files := collect(t, store.Walk(t.Context(), "")); len(files) != len(hurting) {
			t.Errorf("%d files of %d", len(files), len(hurting))
		}
	})
}

// A server takes names for URLs and answers 200 although it stores another one; S3 and folders keep them.
func TestNamesThatAServerWouldChange(t *testing.T) {
	eachPlace(t, mlflowclient.TransferOptions{}, func(t *testing.T, store *mlflowclient.ArtifactStore) {
		ctx := t.Context()
		for _, name := range []string{"100%25", "%2e%2e", "a/%2E", "%41", "why?", "a;", "b;?x", "tab\there"} {
			err := store.Upload(ctx, name, strings.NewReader(name), -1)
			if !strings.HasPrefix(store.URI, "mlflow-artifacts:") {
				if got := readArtifact(t, store, name); err != nil || got != name {
					t.Errorf("%s: %q, %v", name, got, err)
				}
				continue
			}
			_, openErr := store.Open(ctx, name)
			for _, err := range []error{err, openErr, store.Delete(ctx, name), store.Download(ctx, name, filepath.Join(t.TempDir(), "x"))} {
				if !errors.Is(err, mlflowclient.ErrInvalidParameter) || !strings.Contains(err.Error(), "another name") {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}

func TestLargeFilesInParts(t *testing.T) {
	const size = 11<<20 + 17
	content := noise(size)
	eachPlace(t, mlflowclient.TransferOptions{UploadPart: 5 << 20, DownloadPart: 1 << 20}, func(t *testing.T, store *mlflowclient.ArtifactStore) {
		var last mlflowclient.Progress
		store = with(t, store, mlflowclient.TransferOptions{Progress: func(p mlflowclient.Progress) {
			if p.Files > p.FilesTotal || p.Bytes < 0 || p.Bytes > size {
				t.Errorf("progress %+v after %+v", p, last)
			}
			last = p
		}})
		ctx, local := t.Context(), filepath.Join(t.TempDir(), "big ü?%.bin")
		must(t, os.WriteFile(local, content, 0o600))
		must(t, store.UploadFile(ctx, local, "dir"))
		want := mlflowclient.Progress{Files: 1, FilesTotal: 1, Bytes: size, BytesTotal: size}
		if last != want {
			t.Errorf("the upload ended with %+v", last)
		}
		if files := collect(t, store.Walk(ctx, "")); len(files) != 1 || files[0].Size != size || files[0].Path != "dir/big ü?%.bin" {
			t.Errorf("%d files", len(files))
		}
		last = mlflowclient.Progress{}
		back := filepath.Join(t.TempDir(), "back")
		must(t, store.Download(ctx, "dir/big ü?%.bin", back))
		if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
		if last != want {
			t.Errorf("the download ended with %+v", last)
		}
		// Of a reader nothing is known: neither its size nor how to read it again.
		must(t, store.Upload(ctx, "reader", io.MultiReader(bytes.NewReader(content)), -1))
		must(t, store.Download(ctx, "reader", back)) // replaces it
		if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
		if err := store.Upload(ctx, "short", bytes.NewReader(content), size+1); err == nil {
			t.Error("a reader that gives less than it said")
		}
		if got := listing(t, store, ""); got != "dir/ reader" {
			t.Errorf("there is %s", got)
		}
	})
}

func TestDeleteEverywhere(t *testing.T) {
	eachPlace(t, mlflowclient.TransferOptions{}, func(t *testing.T, store *mlflowclient.ArtifactStore) {
		ctx := t.Context()
		for _, name := range []string{"a", "dir/b", "dir/c/d", "dir/c/e f", "dir/cc", "dirt/x", "a b?c"} {
			must(t, store.Upload(ctx, name, strings.NewReader(name), int64(len(name))))
		}
		for _, name := range []string{"a", "dir/c", "a b?c", "none", "none/none", "dir/c"} {
			if err := store.Delete(ctx, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := listing(t, store, "") + " " + listing(t, store, "dir"); got != "dir/ dirt/ dir/b dir/cc" {
			t.Errorf("left: %s", got)
		}
		for _, name := range []string{"", ".", "..", "../x", "/", "a/../b", "x#y"} {
			if err := store.Delete(ctx, name); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if _, err := store.Open(ctx, "a"); !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Errorf("after its end: %v", err)
		}
		if err := store.Download(ctx, "a", filepath.Join(t.TempDir(), "a")); !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Errorf("after its end: %v", err)
		}
	})
}

func TestManyFilesAtOnce(t *testing.T) {
	eachPlace(t, mlflowclient.TransferOptions{Files: 8}, func(t *testing.T, store *mlflowclient.ArtifactStore) {
		local, back := t.TempDir(), t.TempDir()
		for i := range 20 {
			must(t, os.WriteFile(filepath.Join(local, fmt.Sprint(i)), noise(i), 0o600))
		}
		var calls []mlflowclient.Progress
		store = with(t, store, mlflowclient.TransferOptions{Progress: func(p mlflowclient.Progress) { calls = append(calls, p) }})
		must(t, store.UploadDir(t.Context(), local, ""))
		want := mlflowclient.Progress{Files: 20, FilesTotal: 20, Bytes: 190, BytesTotal: 190}
		if last := calls[len(calls)-1]; last != want {
			t.Errorf("the upload ended with %+v", last)
		}
		must(t, store.DownloadDir(t.Context(), "", back))
		if last := calls[len(calls)-1]; last != want {
			t.Errorf("the download ended with %+v", last)
		}
		must(t, os.CopyFS(filepath.Join(back, "again"), os.DirFS(local))) // fails where a file is missing or odd
		for i := range 20 {
			if got, _ := os.ReadFile(filepath.Join(back, fmt.Sprint(i))); !bytes.Equal(got, noise(i)) {
				t.Errorf("%d: %d bytes", i, len(got))
			}
		}
	})
}

func TestTransferOptionsAreChecked(t *testing.T) {
	for _, o := range []mlflowclient.TransferOptions{
		{Files: -1}, {Parts: 1000}, {Upload: 7}, {Download: -1}, {UploadMinimum: -1}, {DownloadPart: -1}, {UploadPart: 1 << 20},
	} {
		if _, err := mlflowclient.New(t.Context(), "http://127.0.0.1:1", mlflowclient.WithTransfers(o)); err == nil {
			t.Errorf("%+v", o)
		}
	}
	if _, err := mlflowclient.New(t.Context(), "http://127.0.0.1:1", mlflowclient.WithS3(mlflowclient.S3Options{AccessKeyID: "a"})); err == nil {
		t.Error("a key without its secret")
	}
	o := mlflowclient.S3Options{AccessKeyID: "a", SecretAccessKey: "hidden"}
	if text := fmt.Sprintf("%v %+v %#v %s", o, o, o, o); strings.Contains(text, "hidden") {
		t.Error(text)
	}
}
