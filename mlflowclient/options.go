package mlflowclient

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mlopsgo/internal/rest"
	"mlopsgo/internal/s3"
)

// RetryPolicy says how often and after which waits a call is sent again; see the package comment for when.
type RetryPolicy struct {
	// Retries is the number of repetitions after the first attempt; 0 repeats nothing.
	Retries int
	// Factor: the first repetition comes at once, the following after Factor·2, Factor·4, …
	Factor time.Duration
	// Jitter is the most that is added to a wait at random.
	Jitter time.Duration
	// Max bounds a wait; 0 means two minutes. When the server asks for more by Retry-After, its answer is returned.
	Max time.Duration
	// IgnoreRetryAfter takes the growing waits whatever the server asks for.
	IgnoreRetryAfter bool
}

// DefaultRetryPolicy is that of MLflow's Python client.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{Retries: 7, Factor: 2 * time.Second, Jitter: time.Second}
}

// settings is what the options build up.
type settings struct {
	rest         rest.Config
	workspace    string
	artifactRoot string
	pages        string
	user         string
	source       string
	experiment   string // id
	experimentBy string // name
	tags         map[string]string
	run          string
	system       *SystemMetrics
	transfer     TransferOptions
	s3           s3.Config
	s3Err        error // why the environment's settings of S3 cannot be used
}

// Option configures [New]. Options validate: New returns their error.
type Option func(*settings) error

// WithBasicAuth sends a user name and a password with every request.
func WithBasicAuth(username, password string) Option {
	return func(s *settings) error {
		if username == "" {
			return errors.New("WithBasicAuth: the user name is empty")
		}
		s.rest.Username, s.rest.Password, s.rest.Token = username, password, ""
		return nil
	}
}

// WithToken sends a bearer token with every request.
func WithToken(token string) Option {
	return func(s *settings) error {
		if token == "" {
			return errors.New("WithToken: the token is empty")
		}
		s.rest.Username, s.rest.Password, s.rest.Token = "", "", token
		return nil
	}
}

// WithHeader sends a header with every request.
func WithHeader(name, value string) Option {
	return func(s *settings) error {
		if name == "" {
			return errors.New("WithHeader: the name is empty")
		}
		if s.rest.Header == nil {
			s.rest.Header = http.Header{}
		}
		s.rest.Header.Set(name, value)
		return nil
	}
}

// WithCertificateAuthority trusts the authorities of a PEM file instead of the system's.
func WithCertificateAuthority(file string) Option {
	return func(s *settings) error { s.rest.TLS.CAFile = file; return nil }
}

// WithClientCertificate shows the server a certificate. An empty keyFile means that certFile holds the key, too.
func WithClientCertificate(certFile, keyFile string) Option {
	return func(s *settings) error {
		if certFile == "" {
			return errors.New("WithClientCertificate: the certificate's file is empty")
		}
		s.rest.TLS.CertFile, s.rest.TLS.KeyFile = certFile, keyFile
		return nil
	}
}

// WithInsecureTLS accepts any certificate of the server. It excludes [WithCertificateAuthority].
func WithInsecureTLS() Option {
	return func(s *settings) error { s.rest.TLS.Insecure = true; return nil }
}

// WithTimeout bounds one attempt of a call, 120 s by default. For an artifact it bounds the time without any progress.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v is not positive", d)
		}
		s.rest.Timeout = d
		return nil
	}
}

// WithRetries replaces [DefaultRetryPolicy].
func WithRetries(p RetryPolicy) Option {
	return func(s *settings) error {
		s.rest.Backoff = rest.Backoff(p)
		return nil
	}
}

// WithWorkspace works in a workspace of the server.
func WithWorkspace(name string) Option {
	return func(s *settings) error { s.workspace = name; return nil }
}

// WithArtifactRoot is where a database file's runs keep their artifacts, ./mlruns by default. Servers have their own.
func WithArtifactRoot(dir string) Option {
	return func(s *settings) error {
		if dir == "" {
			return errors.New("WithArtifactRoot: the folder is empty")
		}
		s.artifactRoot = dir
		return nil
	}
}

// WithUIURL says where a browser finds MLflow's pages, when that is not where the client finds the server; see [Client.UIURL].
func WithUIURL(address string) Option {
	return func(s *settings) error {
		u, err := url.Parse(address)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("the address of MLflow's pages is not of the form http(s)://host[:port][/prefix]")
		}
		s.pages = strings.TrimRight(address, "/")
		return nil
	}
}

// WithUser names who starts runs (tag mlflow.user); by default the name of the basic credentials, else the system's.
func WithUser(name string) Option {
	return func(s *settings) error { s.user = name; return nil }
}

// WithSource names the program that starts runs (tag mlflow.source.name); by default its package path.
func WithSource(name string) Option {
	return func(s *settings) error { s.source = name; return nil }
}

// WithTransport replaces the connection pool, for example by one that signs requests. TLS options have no effect then
// and are refused.
func WithTransport(rt http.RoundTripper) Option {
	return func(s *settings) error {
		if rt == nil {
			return errors.New("WithTransport: the transport is nil")
		}
		s.rest.Transport = rt
		return nil
	}
}

// WithExperiment is where runs go that name no experiment: by name, made when needed, or by id. When both are given they
// must be of the same experiment.
func WithExperiment(id, name string) Option {
	return func(s *settings) error { s.experiment, s.experimentBy = id, name; return nil }
}

// WithTags are tags of every run of [Client.Start]; they win over those that are set automatically, and lose against the run's own.
func WithTags(tags map[string]string) Option {
	return func(s *settings) error { s.tags = maps.Clone(tags); return nil }
}

// WithRun makes the first [Client.Start] or [Client.Track] resume a run instead of making one; see [StartRun].
func WithRun(id string) Option {
	return func(s *settings) error { s.run = id; return nil }
}

// WithSystemMetrics logs what the machine does to every run of [Client.Start] while it lasts.
func WithSystemMetrics(m SystemMetrics) Option {
	return func(s *settings) error {
		if err := m.validate(); err != nil {
			return err
		}
		s.system = &m
		return nil
	}
}
