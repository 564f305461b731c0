package s3_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"

	"mlopsgo/internal/s3"
	"mlopsgo/internal/stack"
)

// realConfig is the stack's MinIO.
func realConfig(t *testing.T) s3.Config {
	t.Helper()
	servers := stack.Get(t)
	return s3.Config{Endpoint: servers.S3Endpoint, AccessKeyID: servers.S3AccessKey, SecretAccessKey: servers.S3SecretKey}
}

func newClient(t *testing.T, c s3.Config) *s3.Client {
	t.Helper()
	isolate(t)
	client, err := s3.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newBucket makes a bucket of a random name, so that runs side by side do not meet.
func newBucket(t *testing.T, client *s3.Client) string {
	t.Helper()
	bucket := "s3-test-" + strings.ToLower(rand.Text())
	created, err := client.EnsureBucket(t.Context(), bucket)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	return bucket
}

func TestObjectsOnMinIO(t *testing.T) {
	client := newClient(t, realConfig(t))
	bucket := newBucket(t, client)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	for key, content := range map[string][]byte{
		"plain.csv": []byte("a,b\n1,2\n"), "folder/with space/ü 😀 #?%2F+&.csv": []byte("x"), "empty": {}, "large": large,
	} {
		address := s3.Address{Bucket: bucket, Key: key}
		put, err := client.Put(t.Context(), address, bytes.NewReader(content), "text/csv")
		if err != nil {
			t.Fatal(key, err)
		}
		head, err := client.Head(t.Context(), address)
		if err != nil {
			t.Fatal(key, err)
		}
		if other := append([]byte("-"), content...); !head.Holds(content) || head.Holds(other) || head.Holds(other[:len(content)]) != (len(content) == 0) {
			t.Errorf("%s: %+v does not tell what the object holds", key, head)
		}
		if head.Size != int64(len(content)) || head.SHA256 != put.SHA256 || head.SHA256 == "" || head.ETag != put.ETag || head.ContentType != "text/csv" || head.LastModified.IsZero() {
			t.Errorf("%s: head %+v, put %+v", key, head, put)
		}
		object, err := client.Get(t.Context(), address, int64(len(content)))
		if err != nil {
			t.Fatal(key, err)
		}
		got, err := io.ReadAll(object)
		if err != nil || !bytes.Equal(got, content) || object.Size != int64(len(content)) {
			t.Errorf("%s: %d bytes of %d, %v", key, len(got), len(content), err)
		}
		if err := object.Close(); err != nil {
			t.Error(key, err)
		}
	}
}

func TestPutReadsFromTheCurrentPosition(t *testing.T) {
	client := newClient(t, realConfig(t))
	address := s3.Address{Bucket: newBucket(t, client), Key: "part"}
	content := strings.NewReader("skipped,kept")
	if _, err := content.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Put(t.Context(), address, content, ""); err != nil {
		t.Fatal(err)
	}
	object, err := client.Get(t.Context(), address, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	if got, err := io.ReadAll(object); string(got) != "kept" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEnsureBucketTwice(t *testing.T) {
	client := newClient(t, realConfig(t))
	bucket := newBucket(t, client)
	if created, err := client.EnsureBucket(t.Context(), bucket); created || err != nil {
		t.Error(created, err)
	}
	if _, err := client.EnsureBucket(t.Context(), "No_Bucket"); err == nil {
		t.Error("a name that is none was taken")
	}
}

func TestErrorsOfMinIO(t *testing.T) {
	config := realConfig(t)
	client := newClient(t, config)
	bucket := newBucket(t, client)
	there := s3.Address{Bucket: bucket, Key: "there"}
	if _, err := client.Put(t.Context(), there, strings.NewReader("ten bytes."), ""); err != nil {
		t.Fatal(err)
	}
	wrongSecret, unknownKey := config, config
	wrongSecret.SecretAccessKey = "wrong-secret"
	unknownKey.AccessKeyID = "unknown-key"
	absentKey := s3.Address{Bucket: bucket, Key: "absent"}
	absentBucket := s3.Address{Bucket: "absent-" + bucket, Key: "k"}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	get := func(c *s3.Client, a s3.Address) error {
		object, err := c.Get(t.Context(), a, 9)
		if err == nil {
			_ = object.Close()
		}
		return err
	}
	head := func(c *s3.Client, a s3.Address) error { _, err := c.Head(t.Context(), a); return err }
	for name, test := range map[string]struct {
		err  error
		is   error
		text string
	}{
		"get absent key": {
			get(client, absentKey), s3.ErrNoSuchKey,
			"get s3://" + bucket + "/absent: no such object; keys are matched exactly, upper and lower case included (NoSuchKey)",
		},
		"get absent bucket": {
			get(client, absentBucket), s3.ErrNoSuchBucket,
			"get " + absentBucket.String() + ": no such bucket; check its name and the endpoint (MLFLOW_S3_ENDPOINT_URL) (NoSuchBucket)",
		},
		"head absent key":    {head(client, absentKey), s3.ErrNoSuchKey, ""},
		"head absent bucket": {head(client, absentBucket), s3.ErrNoSuchBucket, ""},
		"wrong secret": {
			get(newClient(t, wrongSecret), there), s3.ErrAccessDenied,
			"get " + there.String() + ": access denied; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they are allowed on the bucket (SignatureDoesNotMatch)",
		},
		"unknown key":      {get(newClient(t, unknownKey), there), s3.ErrAccessDenied, ""},
		"head, no access":  {head(newClient(t, unknownKey), there), s3.ErrAccessDenied, ""},
		"larger than nine": {get(client, there), s3.ErrTooBig, "get " + there.String() + ": too big: 10 bytes, more than 9"},
		"cancelled": {
			func() error { _, err := client.Head(cancelled, there); return err }(), context.Canceled,
			"head " + there.String() + ": context canceled",
		},
		"put to absent bucket": {
			func() error {
				_, err := client.Put(t.Context(), absentBucket, strings.NewReader("x"), "")
				return err
			}(), s3.ErrNoSuchBucket, "",
		},
		"make a bucket without rights": {
			func() error { _, err := newClient(t, unknownKey).EnsureBucket(t.Context(), "new-bucket"); return err }(), s3.ErrAccessDenied, "",
		},
	} {
		if !errors.Is(test.err, test.is) || (test.text != "" && test.err.Error() != test.text) {
			t.Errorf("%s: %v\nwanted %s", name, test.err, test.text)
		}
		if strings.Contains(test.err.Error(), config.SecretAccessKey) || strings.Contains(test.err.Error(), "wrong-secret") {
			t.Errorf("%s: the secret is in %q", name, test.err)
		}
	}
}
