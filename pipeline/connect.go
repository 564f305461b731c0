package pipeline

import (
	"context"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// answerTime is how long a command waits for a server's first sign of life. The client alone would repeat for minutes, which is right for a
// server that restarts in the middle of a study and wrong for an address with a typing error.
const answerTime = 15 * time.Second

// Connect makes the MLflow client that the environment asks for (see [mlflowclient.FromEnv]) and makes sure that somebody answers. The
// caller closes it.
func Connect(ctx context.Context) (*mlflowclient.Client, error) {
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return nil, err
	}
	first, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := client.Server.Health(first); err != nil {
		_ = client.Close() // the first error says more
		return nil, fmt.Errorf("MLflow at %s does not answer; start it, or correct MLFLOW_TRACKING_URI: %w", client.TrackingURI(), err)
	}
	return client, nil
}

// ConnectPrefect makes the Prefect client that the environment asks for (see [prefectclient.LoadSettings]) and makes sure that somebody
// answers. Without an address it fails with [prefectclient.ErrNoServer]. The caller closes it.
func ConnectPrefect(ctx context.Context, opts ...prefectclient.Option) (*prefectclient.Client, error) {
	client, err := prefectclient.NewFromEnvironment(opts...)
	if err != nil {
		return nil, err
	}
	first, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := client.Admin.Health(first); err != nil {
		client.Close()
		return nil, fmt.Errorf("the Prefect server at %s does not answer; start it, or correct PREFECT_API_URL: %w", client.APIURL(), err)
	}
	return client, nil
}
