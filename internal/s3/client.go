package s3

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

const (
	defaultAttempts = 4
	defaultStall    = 30 * time.Second
	defaultRegion   = "us-east-1"
	dialTimeout     = 10 * time.Second
	longestBackoff  = 5 * time.Second
)

// Client talks to one S3 server. Make it with [New]; the zero Client does not work.
type Client struct {
	s3       *awss3.Client
	region   string
	endpoint string // for errors; empty means Amazon
}

// New makes a client. It may read ~/.aws and, when no credentials are given, look for them at the machine's role; it does not
// call the S3 server.
func New(ctx context.Context, c Config) (*Client, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	shared, err := config.LoadDefaultConfig(ctx, c.loadOptions()...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	shared.Region = cmp.Or(shared.Region, defaultRegion)
	client := &Client{region: shared.Region}
	client.s3 = awss3.NewFromConfig(shared, func(o *awss3.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
		client.endpoint = aws.ToString(o.BaseEndpoint) // the profile may name one too
		o.UsePathStyle = client.endpoint != ""
		o.Credentials = markedCredentials{o.Credentials}
		o.DisableLogOutputChecksumValidationSkipped = true // a server that sends no checksum is no news
	})
	return client, nil
}

// loadOptions turns the Config into what the SDK's loader takes.
func (c Config) loadOptions() []func(*config.LoadOptions) error {
	transport := awshttp.NewBuildableClient().WithReadTimeout(cmp.Or(c.Stall, defaultStall)).WithTransportOptions(func(t *http.Transport) {
		t.IdleConnTimeout = defaultStall
		t.DisableKeepAlives = c.OneCall
		if c.IgnoreTLS {
			t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // asked for by MLFLOW_S3_IGNORE_TLS
		}
	})
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(transport),
		config.WithLogger(logging.Nop{}), // what matters comes as an error; the SDK would write to standard error
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = cmp.Or(c.Attempts, defaultAttempts)
				o.MaxBackoff = longestBackoff
			})
		}),
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	if c.AccessKeyID != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)))
	}
	return options
}

// markedCredentials lets errors.Is find ErrNoCredentials, for which the SDK has no error of its own.
type markedCredentials struct{ aws.CredentialsProvider }

// Retrieve returns the keys to sign with.
func (m markedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	keys, err := m.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	return keys, err
}
