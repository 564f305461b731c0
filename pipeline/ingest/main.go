// Command ingest puts the red wine table into object storage, where the steps after it find it.
//
//	go run ./pipeline/ingest
//	go run ./pipeline/ingest --help
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mlopsgo/internal/command"
	"mlopsgo/internal/progress"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
)

const description = `Puts a table into a bucket of S3 or of a server that speaks its protocol (MinIO), reads it back checked, and reports its columns: printed, beside the
table as KEY.schema.json, and in MLflow, where the table is recorded as a data set with its digest. A missing bucket is made; an object that holds the
same bytes already is left alone, and what its web server calls unchanged is not downloaded again. A download that is cut off goes on where it was.

Which server, and as whom: AWS_ENDPOINT_URL_S3 or MLFLOW_S3_ENDPOINT_URL (none means Amazon), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
AWS_PROFILE, as for every AWS tool. MLflow is found by MLFLOW_TRACKING_URI, else it is mlflow.db in this folder.

Without any flag it puts the table that the program carries to s3://mlflow-artifacts/winequality-red.csv. Any other:

  ingest --data uci
  ingest --data flowers.csv --target species --bucket datasets --key flowers.csv --versioning`

// ingest is the command's flags.
type ingest struct {
	Data       string `help:"Where the table comes from: embedded: (the red wine table), uci (the same, downloaded), a CSV, CSV.gz or zip file, https://…, s3://bucket/key." default:"embedded:"`
	SHA256     string `help:"Checksum, in hex, that the file or the download must have, before it is unpacked." name:"sha256"`
	Bucket     string `help:"Bucket, made when missing." default:"mlflow-artifacts"`
	Key        string `help:"Name of the object in the bucket." default:"winequality-red.csv"`
	Versioning bool   `help:"Have the bucket keep what is replaced."`
	Target     string `help:"Column that holds the class: whole numbers or text." default:"quality"`
	Experiment string `help:"MLflow experiment of the run that records the table, made when missing." default:"red-wine-quality-data"`
	Record     bool   `help:"Record the table in MLflow." default:"true" negatable:""`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "ingest", Description: description}, &ingest{}))
}

// Run puts the table.
func (i *ingest) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	loader := &pipeline.DataLoader{Getenv: os.Getenv, SHA256: i.SHA256}
	step := pipeline.Ingest{
		Data: i.Data, Bucket: i.Bucket, Key: i.Key, Versioning: i.Versioning, Target: i.Target, Loader: loader, Experiment: i.Experiment,
	}
	if i.Record {
		if step.Client, err = pipeline.Connect(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, step.Client.Close()) }()
	}
	bar := &download{stdout: stdout, stderr: stderr}
	loader.OnProgress = bar.move
	done, err := step.Run(ctx)
	bar.close()
	if err != nil {
		return err
	}
	return i.report(stdout, step.Client, done)
}

// report says what was done, and what may be done next.
func (i *ingest) report(stdout io.Writer, client *mlflowclient.Client, done *pipeline.Ingested) error {
	if done.MadeBucket {
		fmt.Fprintf(stdout, "made the bucket %s\n", i.Bucket)
	}
	if done.Versioned {
		fmt.Fprintf(stdout, "the bucket %s keeps versions from now on\n", i.Bucket)
	}
	what := "put"
	switch {
	case done.NotModified:
		what = "unchanged at its source:"
	case done.Unchanged:
		what = "unchanged:"
	}
	table := done.Data.Table
	fmt.Fprintf(stdout, "%s %s, %d rows of %d columns, %d bytes, digest %s, read back equal\n\n", what, done.Address, table.Rows(), len(table.Columns()),
		done.Bytes, table.Digest())
	if err := done.Schema.Write(stdout); err != nil {
		return err
	}
	if done.Schema.Incomplete > 0 {
		fmt.Fprintf(stdout, "%d further rows lack a value\n", done.Schema.Incomplete)
	}
	if client != nil {
		fmt.Fprintf(stdout, "\n%s", pipeline.LookAt(client, done.Run.ExperimentID, done.Run.ID))
	}
	_, err := fmt.Fprintf(stdout, "\nNext:  go run ./pipeline/hpo 5%s\nthen   go run ./pipeline/register%s%s\n",
		pipeline.InputFor(done.Address, i.Target, table.Names()).Flags(), i.place(), pipeline.InputFor("", i.Target, table.Names()).Flags())
	return err
}

// download shows how far a download is, from its first bytes on.
type download struct {
	stdout, stderr io.Writer
	bar            *progress.Reporter
	at             int64
}

func (d *download) move(done, total int64) {
	if d.bar == nil || done < d.at { // from the start again
		d.close()
		d.bar, d.at = progress.New(d.stdout, d.stderr, int(total), "download, bytes"), 0
	}
	d.bar.Step(int(done-d.at), "download, bytes")
	d.at = done
}

func (d *download) close() {
	if d.bar != nil {
		d.bar.Close()
	}
}

// place writes those flags that say where the table is, because they are not the next command's defaults.
func (i *ingest) place() string {
	var text strings.Builder
	for _, one := range [][3]string{{"bucket", i.Bucket, pipeline.DefaultBucket}, {"filename", i.Key, pipeline.DefaultKey}} {
		if one[1] != one[2] {
			fmt.Fprintf(&text, " --%s %q", one[0], one[1])
		}
	}
	return text.String()
}
