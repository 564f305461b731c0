package predictsvc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds of a connection. A body of a few megabytes takes far less than these over any network.
const (
	headerTime  = 5 * time.Second
	readTime    = 30 * time.Second
	writeTime   = 60 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 16 << 10
)

// newServer makes the server, which is one of TLS when it has a TLSConfig.
func (s *Service) newServer() (*http.Server, error) {
	encryption, err := s.config.TLS.server(s.config.Logger)
	if err != nil {
		return nil, fmt.Errorf("predictor: %w", err)
	}
	return &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelWarn), TLSConfig: encryption,
	}, nil
}

func scheme(server *http.Server) string {
	if server.TLSConfig != nil {
		return "https"
	}
	return "http"
}

func serveOn(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// awaitDrain is the time between the end of the context and that of the listener, unless the server fails before.
func (s *Service) awaitDrain(failed <-chan error) error {
	timer := time.NewTimer(s.config.Drain)
	defer timer.Stop()
	select {
	case err := <-failed:
		return err
	case <-timer.C:
		return nil
	}
}

// finish lets the requests under way come to their end.
func (s *Service) finish(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Shutdown)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("predictor: requests were cut off at the end: %w", err), server.Close())
	}
	return nil
}
