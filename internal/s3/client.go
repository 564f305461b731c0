package s3

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
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
	close    func()
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
	transport := c.transport(shared.HTTPClient.(*awshttp.BuildableClient).GetTransport()) // loadOptions gave it
	shared.HTTPClient = &http.Client{
		Transport: transport,
		// A redirect's answer says that the bucket is elsewhere, which is worth more than to follow it with a signature for this place.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client := &Client{region: shared.Region, close: transport.CloseIdleConnections}
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

// Close ends the connections that nothing is going on at. Later calls make new ones.
func (c *Client) Close() { c.close() }

// transport sets up the SDK's, which knows the authorities of AWS_CA_BUNDLE, and limits a connection's silence. The SDK has such a limit, too,
// but keeps its connections to itself, and then nobody can end them.
func (c Config) transport(t *http.Transport) *http.Transport {
	t.IdleConnTimeout = defaultStall
	t.DisableKeepAlives = c.OneCall
	t.MaxIdleConnsPerHost = 64 // parts of a file travel side by side
	t.WriteBufferSize = 64 << 10
	if c.IgnoreTLS {
		t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // asked for by MLFLOW_S3_IGNORE_TLS
	}
	stall, dial := cmp.Or(c.Stall, defaultStall), t.DialContext
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &watched{conn, stall}, nil
	}
	return t
}

// watched fails when a read has waited for too long, and nothing was written meanwhile: the transport reads already while a body is on its way.
type watched struct {
	net.Conn
	stall time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.stall)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if n > 0 {
		err = errors.Join(err, w.SetReadDeadline(time.Now().Add(w.stall)))
	}
	return n, err
}

// loadOptions turns the Config into what the SDK's loader takes.
func (c Config) loadOptions() []func(*config.LoadOptions) error {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient()),
		config.WithLogger(logging.Nop{}), // what matters comes as an error; the SDK would write to standard error
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = cmp.Or(c.Attempts, defaultAttempts)
				o.MaxBackoff = cmp.Or(c.LongestWait, longestBackoff)
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
