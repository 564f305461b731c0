package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mlopsgo/internal/s3"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

// TableParameters say where a flow's data is and what is to be learnt from it: the parameters that the flows have in common.
type TableParameters struct {
	BucketName string   `json:"bucket_name" title:"Bucket" default:"mlflow-artifacts" description:"Bucket that holds the data."`
	Filename   string   `json:"filename" title:"Object" default:"winequality-red.csv" min:"1" description:"Name of the object in the bucket: CSV, the same compressed by gzip, or a zip archive with one CSV file."`
	Target     string   `json:"target" title:"Target column" default:"quality" min:"1" description:"Column that holds the class: whole numbers or text."`
	Features   []string `json:"features" title:"Feature columns" default:"[\"volatile acidity\",\"citric acid\",\"sulphates\",\"alcohol\"]" min:"1" description:"Numeric columns to learn from, in the order in which the model takes them; all stands for every column but the target."`
}

// DefaultTableParameters are the defaults, which are the original's.
func DefaultTableParameters() TableParameters { return DefaultRegistrationParameters().table() }

// prepared is the data of a flow run.
type prepared struct {
	split   *Split
	data    *Data
	dataset mlflowclient.DatasetInput
	// testRows are the rows of data's table that make split's test part, in its order.
	testRows []int
}

// prepareTask makes the task that reads the data.
func (r Registration) prepareTask() *prefectclient.Task[TableParameters, *prepared] {
	return prefectclient.NewTask("Prepare Data", r.prepare, prefectclient.Retries(3, r.retryDelays...), prefectclient.RetryIf(mayPass))
}

// prepare is the task "Prepare Data".
func (r Registration) prepare(ctx context.Context, in TableParameters) (*prepared, error) {
	if len(in.Features) == 0 {
		return nil, errors.New("features is empty: name the columns to learn from, or all")
	}
	address, err := r.address(in.BucketName, in.Filename)
	if err != nil {
		return nil, err
	}
	problem := RedWine() // for its split
	problem.Features, problem.Target = namedFeatures(in.Features), in.Target
	split, data, err := problem.Load(ctx, r.Loader, address)
	if err != nil {
		return nil, err
	}
	_, test, err := forest.TrainTestSplit(data.Table.Rows(), problem.TestSize, problem.Seed)
	if err != nil {
		return nil, err
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("read %d rows of %s with digest %s: %d are for training, %d for the test",
		data.Table.Rows(), data.Location, data.Table.Digest(), split.TrainX.Rows, split.TestX.Rows))
	return &prepared{split, data, data.TrainingInput(r.Client), test}, nil
}

// address is where the data is.
func (r Registration) address(bucket, filename string) (string, error) {
	switch {
	case bucket != "":
		return s3.Address{Bucket: bucket, Key: filename}.String(), nil
	case r.LocalData:
		return filename, nil
	default:
		return "", errors.New("bucket_name is empty: name the bucket that holds the data")
	}
}

// lasting are failures that stay until somebody does something about them.
var lasting = []error{s3.ErrNoSuchKey, s3.ErrNoSuchBucket, s3.ErrAccessDenied, s3.ErrNoCredentials, s3.ErrTooBig}

// mayPass tells whether reading the data again is of use: when the storage does not answer, and not when the data or the keys are wrong.
func mayPass(err error) bool {
	_, storage := errors.AsType[*s3.Error](err)
	_, passing := errors.AsType[*passingError](err)
	return (storage || passing) && !slices.ContainsFunc(lasting, func(one error) bool { return errors.Is(err, one) })
}
