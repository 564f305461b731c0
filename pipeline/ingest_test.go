package pipeline

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/s3"
	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
)

// storage gives a loader for the stack's MinIO, a client of it, and the name of a bucket that does not exist yet.
func storage(t *testing.T) (*DataLoader, *s3.Client, string) {
	t.Helper()
	servers := stack.Get(t)
	loader := s3Loader(t, map[string]string{
		"AWS_ENDPOINT_URL_S3": servers.S3Endpoint, "AWS_ACCESS_KEY_ID": servers.S3AccessKey, "AWS_SECRET_ACCESS_KEY": servers.S3SecretKey,
	})
	client, err := newS3(t.Context(), loader.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return loader, client, "pipeline-test-" + strings.ToLower(rand.Text())
}

func objectText(t *testing.T, client *s3.Client, address string) string {
	t.Helper()
	parsed, err := s3.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	object, err := client.Get(t.Context(), parsed, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	text, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestIngestPutsTheTableOnce(t *testing.T) {
	loader, client, bucket := storage(t)
	ingest := Ingest{Bucket: bucket, Loader: loader}
	first, err := ingest.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first.Address != "s3://"+bucket+"/winequality-red.csv" || !first.MadeBucket || first.Unchanged || first.Data.Table.Digest() != wine.Digest ||
		first.Data.Table.Rows() != wine.Rows {
		t.Errorf("%+v", first)
	}
	text, err := io.ReadAll(wine.Open())
	if err != nil {
		t.Fatal(err)
	}
	if got := objectText(t, client, first.Address); got != string(text) || first.Bytes != int64(len(text)) {
		t.Errorf("the object holds %d bytes, the table has %d", len(got), len(text))
	}
	address := s3.Address{Bucket: bucket, Key: DefaultKey}
	before, err := client.Head(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ingest.Run(t.Context())
	if err != nil || !second.Unchanged || second.MadeBucket {
		t.Errorf("the second time: %+v, %v", second, err)
	}
	after, err := client.Head(t.Context(), address)
	if err != nil || !after.LastModified.Equal(before.LastModified) {
		t.Errorf("the object was written again: %v, then %v, %v", before.LastModified, after.LastModified, err)
	}

	// The study reads it there.
	input := Input{Data: first.Address, Target: wine.Target, Features: RedWine().Features, TestSize: 0.25}
	split, data, err := input.Load(t.Context(), loader.Getenv, t.Output())
	if err != nil || data.Location != first.Address {
		t.Fatal(data, err)
	}
	trials, err := Study{Split: split, Space: smallSpace(), Trials: 2}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := Study{Split: redWine(t), Space: smallSpace(), Trials: 2}.Run(t.Context())
	if diff := cmp.Diff(accuracies(embedded), accuracies(trials)); diff != "" || err != nil {
		t.Errorf("%v, accuracies (-embedded +s3):\n%s", err, diff)
	}

	// Of the same size, so that only a checksum tells.
	changed := bytes.Replace(text, []byte("7.4,"), []byte("7.5,"), 1)
	if _, err := client.Put(t.Context(), address, bytes.NewReader(changed), ""); err != nil {
		t.Fatal(err)
	}
	third, err := ingest.Run(t.Context())
	if err != nil || third.Unchanged {
		t.Errorf("after a change: %+v, %v", third, err)
	}
	if got := objectText(t, client, first.Address); got != string(text) {
		t.Error("the changed object was not replaced")
	}
}

func TestIngestTakesAnyTable(t *testing.T) {
	loader, client, bucket := storage(t)
	const table = "petal;note;species\n1;soft;rose\n2.5;hard;aster\n"
	file := filepath.Join(t.TempDir(), "flowers.csv.gz")
	if err := os.WriteFile(file, []byte(packGzip(t, table)), 0o600); err != nil {
		t.Fatal(err)
	}
	done, err := Ingest{Data: file, Bucket: bucket, Key: "raw/flowers.csv", Target: "species", Loader: loader}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := objectText(t, client, "s3://"+bucket+"/raw/flowers.csv"); got != table || done.Data.Table.Rows() != 2 {
		t.Errorf("%q, %+v", got, done)
	}
}

func TestIngestRefuses(t *testing.T) {
	loader, client, bucket := storage(t)
	wrong := s3Loader(t, map[string]string{
		"AWS_ENDPOINT_URL_S3": stack.Get(t).S3Endpoint, "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "hidden-secret",
	})
	for says, ingest := range map[string]Ingest{
		`"No_Bucket" is not a bucket name`: {Bucket: "No_Bucket", Loader: loader},
		`no such column: "species"`:        {Bucket: bucket, Target: "species", Loader: loader},
		"there is no file absent.csv":      {Bucket: bucket, Data: "absent.csv", Loader: loader},
		"access denied; check AWS_ACCESS":  {Bucket: bucket, Loader: wrong},
		"no credentials; set AWS_ACCESS":   {Bucket: bucket, Loader: s3Loader(t, nil)},
	} {
		if _, err := ingest.Run(t.Context()); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hidden-secret") {
			t.Errorf("%v, want %s", err, says)
		}
	}
	if created, err := client.EnsureBucket(t.Context(), bucket); err != nil || !created {
		t.Errorf("a refused ingest left a bucket: %v, %v", created, err)
	}
}
