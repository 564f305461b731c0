package main

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/stack"
	"mlopsgo/pipeline"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "ingest")) }

func TestIngestTwice(t *testing.T) {
	servers := stack.Get(t)
	keys := []string{"AWS_ACCESS_KEY_ID=" + servers.S3AccessKey, "AWS_SECRET_ACCESS_KEY=" + servers.S3SecretKey}
	bucket := "ingest-test-" + strings.ToLower(rand.Text())
	address := "s3://" + bucket + "/winequality-red.csv"
	const table = ", 1599 rows of 12 columns, 84199 bytes, digest 9e3cd6ce, read back equal\n"
	for _, test := range []struct{ endpoint, says string }{
		{"AWS_ENDPOINT_URL_S3=", "made the bucket " + bucket + "\nput " + address + table},
		{"MLFLOW_S3_ENDPOINT_URL=", "unchanged: " + address + table},
	} {
		done := program.Run(t, t.TempDir(), append(keys, test.endpoint+servers.S3Endpoint), "--bucket", bucket)
		next := "\nNext:  go run ./pipeline/hpo 5 --data \"" + address + "\"\nthen   go run ./pipeline/register --bucket \"" + bucket + "\"\n"
		if done.Code != 0 || done.Stderr != "" || !strings.HasPrefix(done.Stdout, test.says) || !strings.HasSuffix(done.Stdout, next) {
			t.Errorf("%+v, want\n%s…%s", done, test.says, next)
		}
		for _, says := range []string{
			"\nfixed acidity         float64  4.6      15.9     96        0\n", "\nquality               int64    3        8        6         0\n", "mlflow ui --backend-store-uri",
		} {
			if !strings.Contains(done.Stdout, says) {
				t.Errorf("stdout lacks %q:\n%s", says, done.Stdout)
			}
		}
	}
}

func TestIngestNamesTheNextCommands(t *testing.T) {
	wine := []string{"volatile acidity", "citric acid", "sulphates", "alcohol", "quality"}
	for _, test := range []struct {
		ingest ingest
		table  []string
		want   string
	}{
		{ingest{Bucket: "mlflow-artifacts", Key: "winequality-red.csv", Target: "quality"}, wine, ""},
		{ingest{Bucket: "flowers", Key: "a.csv", Target: "species"}, []string{"petal", "species"}, ` --bucket "flowers" --filename "a.csv" --target "species" --features all`},
		{ingest{Bucket: "mlflow-artifacts", Key: "winequality-red.csv", Target: "quality"}, []string{"taste", "quality"}, " --features all"},
	} {
		if got := test.ingest.place() + pipeline.InputFor("", test.ingest.Target, test.table).Flags(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func TestIngestRefuses(t *testing.T) {
	program.Refused(t, program.Run(t, t.TempDir(), nil, "--bucket", "No"), 1, `"No" is not a bucket name`)
	program.Refused(t, program.Run(t, t.TempDir(), nil), 1, "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
	program.Refused(t, program.Run(t, t.TempDir(), nil, "--colour", "red"), 2, "--colour")
	env := []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=hidden", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:9"}
	program.Refused(t, program.Run(t, t.TempDir(), env), 1, "cannot reach http://127.0.0.1:9")
}
