package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"mlopsgo/mlflowclient"
)

// DataExperiment is where ingestions are recorded; default of [Ingest].Experiment.
const DataExperiment = "red-wine-quality-data"

// Tags by which the run of an ingestion is found again.
const (
	tagDataAddress = "data_address"
	tagDataDigest  = "data_digest"
)

// record makes a run of the table, with the table as its data set and the report as artifacts. A table that was recorded at that address keeps
// its run.
func (in Ingest) record(ctx context.Context, done *Ingested) error {
	if in.Client == nil {
		return nil
	}
	name := cmp.Or(in.Experiment, DataExperiment)
	experiment, err := in.Client.Experiments.GetOrCreate(ctx, name)
	if err != nil {
		return fmt.Errorf("experiment %q: %w", name, err)
	}
	if found, err := in.recorded(ctx, experiment.ID, done); err != nil || found {
		return err
	}
	start := mlflowclient.StartRun{
		ExperimentID: experiment.ID, Name: "ingestion of " + done.Data.Table.Name(),
		Description: fmt.Sprintf("The table at %s, from %s.\n\n%s", done.Address, done.Source, done.Schema.Markdown()),
		Tags:        map[string]string{tagDataAddress: done.Address, tagDataDigest: done.Schema.Digest},
	}
	return in.Client.Track(ctx, start, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		done.Run = run.RunInfo
		input := done.Data.TrainingInput(in.Client)
		input.Context = "ingestion"
		if err := run.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{input}}); err != nil {
			return err
		}
		err := run.LogBatch(ctx, mlflowclient.Batch{
			Params: map[string]string{"source": done.Source, "address": done.Address, "target": in.target(), "digest": done.Schema.Digest},
			Metrics: []mlflowclient.Metric{
				{Key: "rows", Value: float64(done.Schema.Rows)},
				{Key: "incomplete_rows", Value: float64(done.Schema.Incomplete)},
				{Key: "columns", Value: float64(len(done.Schema.Columns))},
				{Key: "bytes", Value: float64(done.Bytes)},
			},
		})
		if err != nil {
			return err
		}
		return run.LogDict(ctx, SchemaFile, done.Schema)
	})
}

// recorded finds the run of the same table at the same address.
func (in Ingest) recorded(ctx context.Context, experiment string, done *Ingested) (bool, error) {
	address, err := mlflowclient.Quote(done.Address)
	if err != nil {
		return false, err
	}
	page, err := in.Client.Runs.SearchPage(ctx, mlflowclient.SearchRuns{
		ExperimentIDs: []string{experiment}, PageSize: 1,
		Filter: "attributes.status = 'FINISHED' AND tags." + tagDataAddress + " = " + address + " AND tags." + tagDataDigest + " = '" + done.Schema.Digest + "'",
	}, "")
	if err != nil || len(page.Items) == 0 {
		return false, err
	}
	done.Run = page.Items[0].RunInfo
	return true, nil
}

// schemaText is the report as the object beside the table holds it.
func (s *SchemaReport) schemaText() (*bytes.Reader, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(append(text, '\n')), nil
}
