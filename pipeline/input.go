package pipeline

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"mlopsgo/internal/dataset"
	"mlopsgo/mlflowclient"
)

// Input is where a command's data comes from and what is to be learnt from it, as flags.
type Input struct {
	Data      string   `help:"Data: embedded: (the red wine table), uci (the same, downloaded), a CSV, CSV.gz or zip file, https://…, s3://bucket/key." default:"embedded:"`
	Target    string   `help:"Column that holds the class: whole numbers or text." default:"quality"`
	Features  []string `help:"Columns to learn from, separated by commas; all stands for every column but the target." default:"volatile acidity,citric acid,sulphates,alcohol"`
	TestSize  float64  `help:"Share of the rows kept for the test." default:"0.25"`
	SplitSeed uint32   `help:"Seed (random_state) of the split into training and test rows." default:"0"`
}

// InputFor is what there is to learn from a table with these columns: the red wine's usual features where it has them, else all.
func InputFor(data, target string, columns []string) *Input {
	usual := RedWine()
	in := &Input{Data: data, Target: target, Features: usual.Features, TestSize: usual.TestSize, SplitSeed: usual.Seed}
	if target != usual.Target || slices.ContainsFunc(usual.Features, func(name string) bool { return !slices.Contains(columns, name) }) {
		in.Features = []string{allFeatures}
	}
	return in
}

// Problem is what the flags say.
func (in *Input) Problem() Problem {
	return Problem{Features: namedFeatures(in.Features), Target: in.Target, TestSize: in.TestSize, Seed: in.SplitSeed}
}

// Flags writes, with a space before each, the flags that another command needs to work on the same, because they are not its defaults.
func (in *Input) Flags() string {
	usual := RedWine()
	var text strings.Builder
	if in.Data != "" && in.Data != embeddedURI {
		fmt.Fprintf(&text, " --data %q", in.Data)
	}
	if in.Target != usual.Target {
		fmt.Fprintf(&text, " --target %q", in.Target)
	}
	switch named := strings.Join(in.Features, ","); {
	case slices.Equal(in.Features, usual.Features):
	case named == allFeatures:
		text.WriteString(" --features all")
	default:
		fmt.Fprintf(&text, " --features %q", named)
	}
	if in.TestSize != usual.TestSize {
		fmt.Fprintf(&text, " --test-size %v", in.TestSize)
	}
	if in.SplitSeed != usual.Seed {
		fmt.Fprintf(&text, " --split-seed %d", in.SplitSeed)
	}
	return text.String()
}

// Load reads the table and divides it. getenv gives the variables that say how to reach S3. What is worth knowing about the data goes to
// notes.
func (in *Input) Load(ctx context.Context, getenv func(string) string, notes io.Writer) (*Split, *Data, error) {
	loader := DataLoader{Getenv: getenv}
	split, data, err := in.Problem().Load(ctx, &loader, in.Data)
	if err != nil {
		return nil, nil, err
	}
	if data.Difference != "" {
		if _, err := fmt.Fprintf(notes, "note: %s\n", data.Difference); err != nil {
			return nil, nil, err
		}
	}
	return split, data, nil
}

// TrainingInput describes the data as the input of runs that the client starts.
func (d *Data) TrainingInput(client *mlflowclient.Client) mlflowclient.DatasetInput {
	tags := client.ContextTags()
	var ordered []dataset.Tag
	for _, key := range []string{mlflowclient.TagUser, mlflowclient.TagSourceName, mlflowclient.TagSourceType} {
		ordered = append(ordered, dataset.Tag{Key: key, Value: tags[key]})
	}
	record := d.Record(ordered...)
	return mlflowclient.DatasetInput{
		Name: record.Name, Digest: record.Digest, SourceType: record.SourceType, Source: record.Source,
		Schema: record.Schema, Profile: record.Profile, Context: "training",
	}
}
