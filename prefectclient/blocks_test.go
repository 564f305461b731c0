package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

func TestSaveAndLoadBlocks(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	doc := must[*BlockDocument](t)(SaveBlock(ctx, c, name, SecretText("pässword")))
	t.Cleanup(func() { _ = c.BlockDocuments.Delete(deadline(t, 5*time.Second), doc.ID) })
	secret := must[Secret](t)(LoadBlock[Secret](ctx, c, name))
	if text, ok := secret.Text(); !ok || text != "pässword" {
		t.Errorf("the secret is %q, %v", text, ok)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret); shown != "******** ******** prefectclient.Secret(********) ********" {
		t.Errorf("a secret is shown as %s", shown)
	}
	hook := must[*BlockDocument](t)(SaveBlock(ctx, c, name, Webhook{URL: "http://127.0.0.1:1/", Method: "POST", Headers: map[string]string{"a": "b"}}))
	t.Cleanup(func() { _ = c.BlockDocuments.Delete(deadline(t, 5*time.Second), hook.ID) })
	if got := must[Webhook](t)(LoadBlock[Webhook](ctx, c, name)); got.URL != "http://127.0.0.1:1/" || got.Headers["a"] != "b" {
		t.Errorf("the webhook is %+v", got)
	}
	if _, err := LoadBlock[LocalFileSystem](ctx, c, name); !errors.Is(err, ErrNotFound) {
		t.Errorf("a missing block gave %v", err)
	}
}

// TestRemoteResults caches in MinIO, by the block that the original has.
func TestRemoteResults(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	s := stack.Get(t)
	block := RemoteFileSystem{BasePath: "s3://datasets/" + name, Settings: RemoteFileSettings{
		Key: s.S3AccessKey, Secret: s.S3SecretKey, ClientOptions: map[string]string{"endpoint_url": s.S3Endpoint},
	}}
	doc := must[*BlockDocument](t)(SaveBlock(ctx, c, name, block))
	t.Cleanup(func() { _ = c.BlockDocuments.Delete(deadline(t, 5*time.Second), doc.ID) })
	storage := must[ResultStorage](t)(RemoteResults(ctx, c, name))
	if _, err := storage.Read(ctx, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there gave %v", err)
	}
	calls := 0
	task := NewTask("t", func(_ context.Context, n int) (int, error) { calls++; return n + 1, nil }, KeepResult(storage), CacheInputs(time.Hour))
	for range 2 {
		if n := must[int](t)(task.Run(ctx, 41)); n != 42 {
			t.Errorf("got %d", n)
		}
	}
	if calls != 1 || storage.BlockID() != doc.ID {
		t.Errorf("%d calls, block %q", calls, storage.BlockID())
	}
	if _, err := RemoteResults(ctx, c, name+"-none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a missing block gave %v", err)
	}
}
