// Command ingest puts the red wine table into object storage, where the steps after it find it.
//
//	go run ./pipeline/ingest
//	go run ./pipeline/ingest --help
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"mlopsgo/internal/command"
	"mlopsgo/pipeline"
)

const description = `Puts a table into a bucket of S3 or of a server that speaks its protocol (MinIO), and reads it back checked. A missing bucket is made; an object
that holds the same bytes already is left alone.

Which server, and as whom: AWS_ENDPOINT_URL_S3 or MLFLOW_S3_ENDPOINT_URL (none means Amazon), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
AWS_PROFILE, as for every AWS tool.

Without any flag it puts the table that the program carries to s3://mlflow-artifacts/winequality-red.csv. Any other:

  ingest --data flowers.csv --target species --bucket datasets --key flowers.csv`

// ingest is the command's flags.
type ingest struct {
	Data   string `help:"Where the table comes from: embedded: (the red wine table), uci (the same, downloaded), a CSV, CSV.gz or zip file, https://…, s3://bucket/key." default:"embedded:"`
	Bucket string `help:"Bucket, made when missing." default:"mlflow-artifacts"`
	Key    string `help:"Name of the object in the bucket." default:"winequality-red.csv"`
	Target string `help:"Column that holds the class: whole numbers or text." default:"quality"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "ingest", Description: description}, &ingest{}))
}

// Run puts the table.
func (i *ingest) Run(ctx context.Context, stdout, _ io.Writer) error {
	done, err := pipeline.Ingest{
		Data: i.Data, Bucket: i.Bucket, Key: i.Key, Target: i.Target, Loader: &pipeline.DataLoader{Getenv: os.Getenv},
	}.Run(ctx)
	if err != nil {
		return err
	}
	if done.MadeBucket {
		fmt.Fprintf(stdout, "made the bucket %s\n", i.Bucket)
	}
	what := "put"
	if done.Unchanged {
		what = "unchanged:"
	}
	table := done.Data.Table
	_, err = fmt.Fprintf(stdout, "%s %s, %d rows of %d columns, %d bytes, digest %s, read back equal\n\nNext:  go run ./pipeline/hpo 5 --data %q%s\nthen   go run ./pipeline/register%s\n",
		what, done.Address, table.Rows(), len(table.Columns()), done.Bytes, table.Digest(), done.Address, i.flags("target"), i.flags("bucket", "filename", "target"))
	return err
}

// flags writes those of the named flags that the next command needs, because they are not its defaults.
func (i *ingest) flags(names ...string) string {
	var text strings.Builder
	for _, one := range [][3]string{
		{"bucket", i.Bucket, pipeline.DefaultBucket}, {"filename", i.Key, pipeline.DefaultKey}, {"target", i.Target, pipeline.RedWine().Target},
	} {
		if slices.Contains(names, one[0]) && one[1] != one[2] {
			fmt.Fprintf(&text, " --%s %q", one[0], one[1])
		}
	}
	return text.String()
}
