package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// idleTimeout is how long an unused connection is kept. Uvicorn and gunicorn close theirs after 5 s (2 s in some
// set-ups): a request written to a connection that is being closed may or may not have been seen, so the client must
// be the one to close.
const idleTimeout = 4 * time.Second

// TLS names the files that a TLS connection needs.
type TLS struct {
	// CAFile is a PEM file of authorities to trust instead of the system's.
	CAFile string
	// CertFile and KeyFile are the client's PEM certificate and key; an empty KeyFile means that CertFile holds both.
	CertFile, KeyFile string
	// Insecure trusts any server. It excludes CAFile.
	Insecure bool
}

func (t TLS) config() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.Insecure}
	if t.Insecure && t.CAFile != "" {
		return nil, errors.New("a certificate authority is set although certificates are not to be verified; give one of the two")
	}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the certificate authority's file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the certificate authority's file %s holds no PEM certificate", t.CAFile)
		}
	}
	if t.KeyFile != "" && t.CertFile == "" {
		return nil, errors.New("a client key is set without a client certificate")
	}
	if t.CertFile != "" {
		key := t.KeyFile
		if key == "" {
			key = t.CertFile
		}
		pair, err := tls.LoadX509KeyPair(t.CertFile, key)
		if err != nil {
			return nil, fmt.Errorf("the client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

func chooseTransport(cfg *Config) (http.RoundTripper, error) {
	if cfg.Transport != nil {
		if cfg.TLS != (TLS{}) {
			return nil, errors.New("TLS settings have no effect on a transport of one's own; configure the transport")
		}
		return cfg.Transport, nil
	}
	tlsConfig, err := cfg.TLS.config()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	dial := dialer.DialContext
	if !cfg.NoQuickACK {
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return quickACK(conn), nil
		}
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dial,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: 15 * time.Second,
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 64, // the default of 2 closes and reopens connections under parallel logging
		IdleConnTimeout:     idleTimeout,
		// Answers are small, or artifacts that do not shrink; the servers do not compress anyway, and a transparently
		// unpacked body has no length.
		DisableCompression: true,
		WriteBufferSize:    64 << 10,
		ReadBufferSize:     16 << 10,
	}, nil
}
