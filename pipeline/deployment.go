package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"mlopsgo/internal/s3"
	"mlopsgo/prefectclient"
)

// The original's names; defaults of [Deployment].
const (
	DeploymentName = "rfc-red-wine"
	WorkPool       = "go-pool"
	WorkQueue      = "red-wine"
	DeploymentCron = "0 0 * * *"
	StorageBlock   = "minio"
)

// scheduleSlug names the schedule within the deployment, so that another time replaces it.
const scheduleSlug = "registration"

// Deployment gives the registration flow a place and a time to run, and describes the storage of its data as a block. The other flows of the
// loop get the same place, for whoever starts them.
type Deployment struct {
	// Flow is what [Registration.Flow] made.
	Flow *prefectclient.Flow[RegistrationParameters, *Registered]
	// Others are further flows, of [Flows.All], that get a deployment of the same name without a schedule.
	Others []prefectclient.AnyFlow
	// Name, Pool, Queue and Cron are those above when empty. Pool and queue are made when missing. Times are in UTC.
	Name, Pool, Queue, Cron string
	// Parameters are those of its runs, unless a run gives others.
	Parameters RegistrationParameters
	// Block is the name of the block, [StorageBlock] when empty: of type RemoteFileSystem, with the address of the parameters' bucket
	// and what Python's s3fs needs to reach it.
	Block string
	// Getenv gives the variables that say how to reach S3, as for [DataLoader]. Nil gives none.
	Getenv func(string) string
	// WithoutKeys leaves AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY out of the block. With them, whoever may read the blocks of the
	// Prefect server reads the keys: the block type has no field that is kept secret.
	WithoutKeys bool
}

// Apply makes the deployments and the block, or brings them in line; doing so again changes nothing. It returns the registration flow's
// deployment.
func (d Deployment) Apply(ctx context.Context, client *prefectclient.Client) (*prefectclient.Deployment, error) {
	block, err := d.block()
	if err != nil {
		return nil, err
	}
	spec := prefectclient.DeploymentSpec{
		Name: cmp.Or(d.Name, DeploymentName), WorkPool: cmp.Or(d.Pool, WorkPool), WorkQueue: cmp.Or(d.Queue, WorkQueue),
		Parameters: d.Parameters, Tags: []string{"red-wine", "random-forest", "go"}, Version: registrationVersion,
		Schedules: []prefectclient.ScheduleSpec{{Schedule: prefectclient.Cron(cmp.Or(d.Cron, DeploymentCron), ""), Slug: scheduleSlug}},
	}
	made, err := prefectclient.Deploy(ctx, client, d.Flow, spec)
	if err != nil {
		return nil, fmt.Errorf("deployment %s: %w", spec.Name, err)
	}
	if err := d.deployOthers(ctx, client, spec); err != nil {
		return nil, fmt.Errorf("deployment %s: %w", spec.Name, err)
	}
	name := cmp.Or(d.Block, StorageBlock)
	if _, err := prefectclient.SaveBlock(ctx, client, name, block); err != nil {
		return nil, fmt.Errorf("block %s: %w", name, err)
	}
	return made, nil
}

// block describes the storage.
func (d Deployment) block() (prefectclient.RemoteFileSystem, error) {
	var config s3.Config
	if d.Getenv != nil {
		var err error
		if config, err = s3.ConfigFromEnv(d.Getenv); err != nil {
			return prefectclient.RemoteFileSystem{}, err
		}
	}
	block := prefectclient.RemoteFileSystem{
		BasePath: "s3://" + d.Parameters.BucketName,
		Settings: prefectclient.RemoteFileSettings{UseSSL: !strings.HasPrefix(config.Endpoint, "http://")},
	}
	if config.Endpoint != "" {
		block.Settings.ClientOptions = map[string]string{"endpoint_url": config.Endpoint}
	}
	if !d.WithoutKeys {
		block.Settings.Key, block.Settings.Secret = config.AccessKeyID, config.SecretAccessKey
	}
	return block, nil
}

// deployOthers gives the flows but the registration a deployment of the same name, pool and queue, without a schedule. Those of the parameters
// that a flow has are its defaults.
func (d Deployment) deployOthers(ctx context.Context, client *prefectclient.Client, like prefectclient.DeploymentSpec) error {
	for _, flow := range d.Others {
		schema, err := flow.ParameterSchema()
		if err != nil {
			return err
		}
		params := map[string]any{}
		for name, value := range d.Parameters.named() {
			if _, ok := schema.Properties[name]; ok {
				params[name] = value
			}
		}
		if _, err := prefectclient.Deploy(ctx, client, flow, prefectclient.DeploymentSpec{
			Name: like.Name, WorkPool: like.WorkPool, WorkQueue: like.WorkQueue, Tags: like.Tags, Parameters: params,
		}); err != nil {
			return fmt.Errorf("flow %s: %w", flow.Name(), err)
		}
	}
	return nil
}

// named gives the parameters by name.
func (p RegistrationParameters) named() map[string]any {
	return map[string]any{
		"bucket_name": p.BucketName, "filename": p.Filename, "target": p.Target, "features": p.Features, "experiment_name": p.ExperimentName,
		"promotion": p.Promotion,
	}
}
