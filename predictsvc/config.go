package predictsvc

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mlopsgo/mlflowclient"
)

// Defaults of a [Config]'s zero fields.
const (
	DefaultAddr     = "127.0.0.1:9003"
	DefaultModelURI = "models:/sk-rfc-model@champion"
	DefaultTarget   = "quality"
	DefaultPoll     = 5 * time.Second
	DefaultMaxBody  = 4 << 20
	DefaultMaxRows  = 10000
)

// Config describes a [Service]. Only Client is required.
type Config struct {
	// Client reaches the MLflow that holds the model. One that repeats for minutes does no harm: the service bounds its calls and
	// repeats them itself. It is not closed.
	Client *mlflowclient.Client
	// ModelURI is what to serve, in any form of [mlflowclient.Client.ResolveModel]; "" is DefaultModelURI. An alias and "latest" are
	// followed: when they lead to another version, that one is served.
	ModelURI string
	// ShadowModelURI is a second model, followed likewise, that scores what is asked without being answered; "" is none. See package
	// documentation.
	ShadowModelURI string
	// WebhookSecret is that of a webhook of MLflow's, which POST /webhook then takes calls of: a look at the registry follows at once.
	// "" answers none.
	WebhookSecret string
	// Addr is host:port that [Service.Run] listens on; "" is DefaultAddr.
	Addr string
	// Target is the key of the prediction in an answer; "" is DefaultTarget.
	Target string
	// CacheDir keeps the files of the model served last, from which the service starts when MLflow is not reached. "" keeps them in
	// a temporary folder, which is removed at the end.
	CacheDir string
	// Poll is the time between two looks at ModelURI, give or take a fifth; 0 is DefaultPoll.
	Poll time.Duration
	// MaxBody is the most bytes of a request's body, MaxRows the most rows in it; 0 is the default.
	MaxBody, MaxRows int
	// Shutdown bounds the time that requests under way get at the end, and then again that of the last predictions on their way to
	// Postgres; 0 is 10 seconds.
	Shutdown time.Duration
	// Drain is how long the service goes on after its context has ended, saying by /ready that it is about to stop and asking clients
	// to connect anew: the time that a load balancer needs to notice. 0 stops at once.
	Drain time.Duration
	// Access says who may ask; the zero value lets everybody.
	Access AccessConfig
	// TLS names the certificate; the zero value serves without.
	TLS TLSConfig
	// Profile is host:port, on this machine's own network, where Go's profiles are served (/debug/pprof/); "" serves none.
	Profile string
	// Tracer, unless nil, makes a span of each request.
	Tracer Tracer
	// Log says where predictions are kept; the zero value keeps none.
	Log LogConfig
	// Logger gets what happens; nil discards it.
	Logger *slog.Logger
	// OnModel, unless nil, is told of every model from the moment on that it is served. It must return soon.
	OnModel func(Served)
}

// Served is a model that a service answers with.
type Served struct {
	// URL is the service's address, http://host:port.
	URL string
	// Name, Version and RunID say which model it is; Version is "" for one that is in no registry.
	Name, Version, RunID string
	// Body is a body for POST /predict that the model was tried with: the first row of its input example.
	Body string
	// FromCache says that MLflow was not reached.
	FromCache bool
}

// LogConfig describes the log of predictions, a table in Postgres.
type LogConfig struct {
	// Enabled turns the log on.
	Enabled bool
	// URL is the database; "" is libpq's environment (PGHOST and its kin).
	URL string
	// Spool is a folder of this service's own, in which predictions wait for Postgres, across restarts too. "" keeps them in a temporary
	// folder, which is removed at the end: what Postgres has not taken then is lost.
	Spool string
	// SpoolBytes bounds the spool; predictions beyond it are dropped and counted. 0 is 512 MiB, some three million rows.
	SpoolBytes int64
	// Batch is the number of rows that are written at once, and Flush the longest that a row waits in memory: so much a process that is
	// killed loses. 0 is 1,000 and half a second.
	Batch int
	Flush time.Duration
}

func (c Config) withDefaults() (Config, error) {
	if c.Client == nil {
		return c, errors.New("predictsvc: Config.Client is missing")
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"Poll", int64(c.Poll)},
		{"MaxBody", int64(c.MaxBody)},
		{"MaxRows", int64(c.MaxRows)},
		{"Shutdown", int64(c.Shutdown)},
		{"Drain", int64(c.Drain)},
		{"Log.SpoolBytes", c.Log.SpoolBytes},
		{"Log.Batch", int64(c.Log.Batch)},
		{"Log.Flush", int64(c.Log.Flush)},
	} {
		if n.value < 0 {
			return c, fmt.Errorf("predictsvc: Config.%s is negative", n.name)
		}
	}
	orDefault(&c.ModelURI, DefaultModelURI)
	orDefault(&c.Addr, DefaultAddr)
	orDefault(&c.Target, DefaultTarget)
	orDefault(&c.Poll, DefaultPoll)
	orDefault(&c.MaxBody, DefaultMaxBody)
	orDefault(&c.MaxRows, DefaultMaxRows)
	orDefault(&c.Shutdown, 10*time.Second)
	orDefault(&c.Log.SpoolBytes, 512<<20)
	orDefault(&c.Log.Batch, 1000)
	orDefault(&c.Log.Flush, 500*time.Millisecond)
	if c.Target == "model" {
		return c, errors.New(`predictsvc: Config.Target is "model", which is the key of the model's name in an answer`)
	}
	if err := c.checkOperations(); err != nil {
		return c, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// checkOperations checks what has nothing to do with models.
func (c Config) checkOperations() error {
	if c.Profile != "" {
		if err := loopback(c.Profile); err != nil {
			return err
		}
	}
	return errors.Join(c.TLS.validate(), c.Access.validate())
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
