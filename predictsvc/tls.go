package predictsvc

import (
	"crypto/tls"
	"errors"
	"log/slog"
)

// TLSConfig names the files of a certificate. The zero value serves without TLS.
type TLSConfig struct {
	// CertFile and KeyFile are PEM files: the certificate with those that lead to its issuer after it, and its key. Both are read again
	// when one of them changes; a pair that does not fit leaves the last good one in force.
	CertFile, KeyFile string
}

func (t TLSConfig) enabled() bool { return t.CertFile != "" }

func (t TLSConfig) validate() error {
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New("predictsvc: Config.TLS needs both CertFile and KeyFile")
	}
	return nil
}

// server makes the configuration of a server whose certificate can be renewed while it runs; nil without TLS.
func (t TLSConfig) server(logger *slog.Logger) (*tls.Config, error) {
	if !t.enabled() {
		return nil, nil //nolint:nilnil // No configuration is what serving without TLS takes.
	}
	pair, err := watchFiles("TLS certificate", logger, func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		return &pair, err
	}, t.CertFile, t.KeyFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair.get(), nil },
	}, nil
}
