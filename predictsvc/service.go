package predictsvc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const cacheDirMode = 0o755

// Service is the predictor. Make it with [New]; one Service serves once.
type Service struct {
	config   Config
	metrics  *metrics
	follower *follower
	shadow   *shadow   // nil without a shadow model
	recorder *recorder // nil when predictions are not kept
	handler  http.Handler
	// facts and description are what the pages ask for.
	facts       *registryFacts
	description *description
	stopping    atomic.Bool
	url         string
}

// New checks the configuration. Nothing is contacted before [Service.Run] or [Service.Serve].
func New(config Config) (*Service, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Service{config: config, metrics: newMetrics()}
	s.follower = s.newFollower(config.ModelURI, &s.metrics.followMetrics, s.tell)
	if config.Log.Enabled {
		s.recorder = newRecorder(config.Log, config.Logger, s.metrics)
	}
	if config.ShadowModelURI != "" {
		s.shadow = newShadow(s)
	}
	engine, err := s.newEngine()
	if err != nil {
		return nil, err
	}
	s.handler, s.facts = engine, &registryFacts{client: config.Client}
	if s.description, err = newDescription(engine, config); err != nil {
		return nil, err
	}
	return s, nil
}

// newFollower follows a model's URI.
func (s *Service) newFollower(uri string, m *followMetrics, onModel func(*model)) *follower {
	return &follower{
		registry: mlflowRegistry{s.config.Client}, uri: uri, target: s.config.Target, poll: s.config.Poll,
		logger: s.config.Logger, metrics: m, onModel: onModel, now: make(chan struct{}, 1),
		patience: downloadTime,
	}
}

// Handler answers HTTP requests: with 503 until Serve has loaded a model.
func (s *Service) Handler() http.Handler { return s.handler }

// Run listens on Config.Addr and serves until the context ends; see [Service.Serve].
func (s *Service) Run(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.config.Addr)
	if err != nil {
		return fmt.Errorf("predictor: %w", err)
	}
	return s.Serve(ctx, listener)
}

// Serve loads the model, follows the registry and answers requests that come in through the listener, until the context ends. Then the
// requests under way are finished and the predictions on their way are written to Postgres, each for Config.Shutdown at most. It returns
// nil after such an end.
func (s *Service) Serve(ctx context.Context, listener net.Listener) (err error) {
	releaseCache, err := s.openCache()
	if err != nil {
		return errors.Join(fmt.Errorf("predictor: the cache for models: %w", err), listener.Close())
	}
	defer func() { err = errors.Join(err, releaseCache()) }()
	server, err := s.newServer()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	stopProfiles, err := s.serveProfiles(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopProfiles()
	removeSpool, err := s.openSpool()
	if err != nil {
		return errors.Join(fmt.Errorf("predictor: %w", err), listener.Close())
	}
	defer func() { err = errors.Join(err, removeSpool()) }()

	s.url = scheme(server) + "://" + listener.Addr().String()
	s.config.Logger.InfoContext(ctx, "listening", "url", s.url, "model_uri", s.config.ModelURI, "mlflow", s.config.Client.TrackingURI(),
		"cache", s.follower.cache.dir, "prediction_log", s.recorder != nil)
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	following, stopFollowing := context.WithCancel(ctx)
	defer stopFollowing()
	group.Go(func() { s.follower.run(following) })
	stopShadow := s.shadow.start(working, following, &group)
	recorded := s.startRecorder(working, &group)

	failed := make(chan error, 1)
	group.Go(func() { failed <- fmt.Errorf("predictor: %w", serveOn(server, listener)) })
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.stopping.Store(true)
		s.config.Logger.InfoContext(ctx, "stopping: finishing the requests under way", "drain", s.config.Drain.String())
		err = errors.Join(s.awaitDrain(failed), s.finish(working, server))
	}
	stopFollowing()
	stopShadow()
	s.drain(recorded)
	return err
}

// tell passes on what is served from now on.
func (s *Service) tell(m *model) {
	if s.config.OnModel != nil {
		s.config.OnModel(Served{
			URL: s.url, Name: m.name(), Version: m.Version, RunID: m.RunID, Body: string(m.example), FromCache: m.fromCache,
		})
	}
}

// startRecorder starts writing predictions; the channel is closed when it has come to its end.
func (s *Service) startRecorder(ctx context.Context, group *sync.WaitGroup) <-chan struct{} {
	done := make(chan struct{})
	if s.recorder == nil {
		close(done)
		return done
	}
	group.Go(func() {
		defer close(done)
		s.recorder.run(ctx)
	})
	return done
}

// drain waits until the predictions are written, for Config.Shutdown at most.
func (s *Service) drain(recorded <-chan struct{}) {
	if s.recorder == nil {
		return
	}
	s.recorder.close()
	timer := time.NewTimer(s.config.Shutdown)
	defer timer.Stop()
	select {
	case <-recorded:
	case <-timer.C:
	}
}

// openCache takes a folder for the models' files, and returns what gives it back, or removes it when it is a temporary one.
func (s *Service) openCache() (release func() error, err error) {
	dir, remove := s.config.CacheDir, func() error { return nil }
	if dir == "" {
		if dir, err = os.MkdirTemp("", "predictor-"); err != nil {
			return remove, err
		}
		remove = func() error { return os.RemoveAll(dir) }
	}
	var locks []io.Closer
	release = func() (err error) {
		for _, lock := range locks {
			err = errors.Join(err, lock.Close())
		}
		return errors.Join(err, remove())
	}
	followers := []*follower{s.follower}
	if s.shadow != nil {
		followers = append(followers, s.shadow.follower)
	}
	for _, f := range followers {
		var lock io.Closer
		if f.cache, lock, err = takeCache(dir, s.config.Client.TrackingURI(), f.uri); err != nil {
			return nil, errors.Join(err, release())
		}
		locks = append(locks, lock)
	}
	return release, nil
}

// openSpool opens the folder in which predictions wait, and returns what removes it when it is a temporary one.
func (s *Service) openSpool() (remove func() error, err error) {
	if s.recorder == nil {
		return func() error { return nil }, nil
	}
	return s.recorder.open()
}
