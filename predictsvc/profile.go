package predictsvc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"
)

// loopback refuses an address that others than this machine can reach: a profile shows what is in memory, and takes the processor to make.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("predictsvc: Config.Profile: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("predictsvc: Config.Profile: %q is not an address of this machine's own, such as 127.0.0.1:6060", address)
	}
	return nil
}

// profileHandler has Go's profiles, as `go tool pprof` asks for them.
func profileHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// serveProfiles listens on Config.Profile until the context ends.
func (s *Service) serveProfiles(ctx context.Context) (stop func(), err error) {
	if s.config.Profile == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.config.Profile)
	if err != nil {
		return nil, fmt.Errorf("predictor: profiles: %w", err)
	}
	if to, ok := listener.Addr().(*net.TCPAddr); !ok || !to.IP.IsLoopback() { // localhost can be anything
		return nil, errors.Join(fmt.Errorf("predictor: profiles: %s is not on this machine's own network", listener.Addr()), listener.Close())
	}
	server := &http.Server{Handler: profileHandler(), ReadHeaderTimeout: headerTime, IdleTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends by Close below
	}()
	s.config.Logger.InfoContext(ctx, "profiles", "url", "http://"+listener.Addr().String()+"/debug/pprof/")
	return func() {
		_ = server.Close() // a profile that is being made is not worth waiting for
		<-done
	}, nil
}
