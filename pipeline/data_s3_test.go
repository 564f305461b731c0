package pipeline

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/s3"
	"mlopsgo/internal/stack"
)

// s3Loader reads with the given settings and with none of the machine's own.
func s3Loader(t *testing.T, env map[string]string) *DataLoader {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return &DataLoader{Getenv: func(name string) string { return env[name] }, hooks: dataHooks{firstWait: time.Millisecond}}
}

func TestLoadFromMinIO(t *testing.T) {
	servers := stack.Get(t)
	env := map[string]string{"MLFLOW_S3_ENDPOINT_URL": servers.S3Endpoint, "AWS_ACCESS_KEY_ID": servers.S3AccessKey, "AWS_SECRET_ACCESS_KEY": servers.S3SecretKey}
	loader := s3Loader(t, env)
	config, err := s3.ConfigFromEnv(loader.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	client, err := s3.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	bucket := "data-test-" + strings.ToLower(rand.Text())
	if _, err := client.EnsureBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	for key, content := range map[string]string{"d/a b.csv": webCSV, "two.zip": packZip(t, file{name: "a.csv", content: webCSV}, file{name: "b.csv", content: "x\n"})} {
		if _, err := client.Put(t.Context(), s3.Address{Bucket: bucket, Key: key}, strings.NewReader(content), ""); err != nil {
			t.Fatal(err)
		}
	}
	for uri, name := range map[string]string{"s3://" + bucket + "/d/a b.csv": "a b", "s3://" + bucket + "/two.zip#a.csv": "a"} {
		data, err := loader.Load(t.Context(), uri, dataset.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if record := data.Record(); data.Table.Rows() != 2 || record.Name != name || record.SourceType != "s3" || record.Source != `{"uri": "`+uri+`"}` {
			t.Errorf("%+v", record)
		}
	}
	_, err = loader.Load(t.Context(), "s3://"+bucket+"/absent.csv", dataset.ReadOptions{})
	want := fmt.Sprintf("data: download s3://%s/absent.csv: get s3://%[1]s/absent.csv: no such object; keys are matched exactly, upper and lower case included (NoSuchKey)", bucket)
	if !errors.Is(err, s3.ErrNoSuchKey) || err.Error() != want {
		t.Error(err)
	}
	loader.MaxDownload = 5
	if _, err := loader.Load(t.Context(), "s3://"+bucket+"/d/a b.csv", dataset.ReadOptions{}); !errors.Is(err, s3.ErrTooBig) {
		t.Error(err)
	}
}

func TestCutObjectIsReadAgain(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			cut(w, "a,b\n1")
			return
		}
		fmt.Fprint(w, webCSV)
	}))
	defer server.Close()
	loader := s3Loader(t, map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"})
	data, err := loader.Load(t.Context(), "s3://bucket/a.csv", dataset.ReadOptions{})
	if err != nil || data.Table.Rows() != 2 || calls.Load() != 2 {
		t.Error(data, err, calls.Load())
	}
}

func TestLoadFromS3WithBadSettings(t *testing.T) {
	loader := s3Loader(t, map[string]string{"MLFLOW_S3_IGNORE_TLS": "perhaps"})
	_, err := loader.Load(t.Context(), "s3://bucket/a.csv", dataset.ReadOptions{})
	if want := `data: s3://bucket/a.csv: MLFLOW_S3_IGNORE_TLS is "perhaps"; write true or false`; err == nil || err.Error() != want {
		t.Error(err)
	}
	loader.Getenv = nil
	if _, err := loader.Load(t.Context(), "s3://bucket/a.csv", dataset.ReadOptions{}); !errors.Is(err, s3.ErrNoCredentials) {
		t.Error(err)
	}
}
