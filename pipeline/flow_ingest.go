package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mlopsgo/prefectclient"
)

// IngestionFlow is the name of the flow that puts a table into a bucket.
const IngestionFlow = "Ingestion"

// IngestionParameters are the parameters of the ingestion's flow.
type IngestionParameters struct {
	Data       string `json:"data" title:"Source" default:"embedded:" min:"1" description:"embedded: (the red wine table that the program carries), uci (the same, downloaded), https://… or s3://bucket/key of a CSV, CSV.gz or zip file."`
	BucketName string `json:"bucket_name" title:"Bucket" default:"mlflow-artifacts" min:"3" max:"63" description:"Bucket that gets the table, made when missing."`
	Filename   string `json:"filename" title:"Object" default:"winequality-red.csv" min:"1" description:"Name of the object in the bucket."`
	Target     string `json:"target" title:"Target column" default:"quality" min:"1" description:"Column that must be there and may hold text."`
	Versioning bool   `json:"versioning" title:"Keep versions" default:"false" description:"Switch the bucket's versioning on, so that what is replaced stays."`
}

// ingestions makes the flow of an ingestion.
type ingestions struct{ Registration }

// flow makes the flow, of one task: "Put Table". It changes nothing when the object holds the table already, so that it may be repeated.
func (i ingestions) flow() *prefectclient.Flow[IngestionParameters, *Ingested] {
	put := prefectclient.NewTask("Put Table", i.put, prefectclient.Retries(3, i.retryDelays...), prefectclient.RetryIf(mayPass))
	return prefectclient.NewFlow(IngestionFlow, func(ctx context.Context, p IngestionParameters) (*Ingested, error) {
		return put.Run(underFlow(ctx), p)
	}, prefectclient.Description(ingestionDescription), prefectclient.Version("1"))
}

const ingestionDescription = `Puts a table into a bucket, where the steps after it find it, reads it back checked and reports its columns.

An object that holds the same bytes already is left alone, and a source that says that it did not change since is not downloaded again.`

// put is the task "Put Table".
func (i ingestions) put(ctx context.Context, p IngestionParameters) (*Ingested, error) {
	if err := i.refuseLocal(p.Data); err != nil {
		return nil, err
	}
	if err := endLeftovers(ctx, i.Client, DataExperiment); err != nil {
		return nil, err
	}
	done, err := Ingest{
		Data: p.Data, Bucket: p.BucketName, Key: p.Filename, Target: p.Target, Versioning: p.Versioning, Loader: i.Loader, Client: i.Client,
	}.Run(ctx)
	if err != nil {
		return nil, err
	}
	table := done.Data.Table
	what := "put"
	if done.Unchanged {
		what = "left unchanged"
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("%s %s: %d rows of %d columns, digest %s", what, done.Address, table.Rows(), len(table.Columns()), table.Digest()))
	var text strings.Builder
	fmt.Fprintf(&text, "| table | %s |\n|---|---|\n| source | %s |\n| rows | %d |\n| bytes | %d |\n| digest | %s |\n| written | %t |\n", done.Address,
		done.Source, table.Rows(), done.Bytes, table.Digest(), !done.Unchanged)
	if done.Run.ID != "" {
		fmt.Fprintf(&text, "| run | %s |\n", linkTo(i.Client, done.Run.ID, runPage(done.Run.ExperimentID, done.Run.ID)))
	}
	showMarkdown(ctx, "table-"+p.BucketName+"-"+p.Filename, text.String(), "The table that the later steps read.")
	showTable(ctx, "columns-"+p.BucketName+"-"+p.Filename, done.Schema.Columns, "The table's columns.")
	return done, nil
}

// refuseLocal keeps whoever may start runs of a worker from reading the worker's files.
func (i ingestions) refuseLocal(address string) error {
	place, err := parseDataURI(address)
	if err == nil && place.kind == fileData && !i.LocalData {
		return errors.New("data is a path: a worker reads no files of its own machine; give embedded:, uci, https://… or s3://bucket/key")
	}
	return err
}
