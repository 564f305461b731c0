package rest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// selfSigned makes a certificate that is its own authority, and writes certificate and key to one PEM file.
func selfSigned(t *testing.T, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...)
	file := filepath.Join(t.TempDir(), name+".pem")
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(both, both)
	if err != nil {
		t.Fatal(err)
	}
	return pair, file
}

func TestTLS(t *testing.T) {
	clientPair, clientFile := selfSigned(t, "client")
	asked := ""
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = ""
		if len(r.TLS.PeerCertificates) > 0 {
			asked = r.TLS.PeerCertificates[0].Subject.CommonName
		}
	}))
	pool := x509.NewCertPool()
	pool.AddCert(clientPair.Leaf)
	s.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(authority, block, 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(cfg TLS) error {
		c := client(t, Config{BaseURL: s.URL, TLS: cfg, Backoff: Backoff{Retries: 5, Factor: time.Minute, Jitter: time.Minute}})
		_, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless})
		return err
	}
	if err := get(TLS{CAFile: authority}); err != nil || asked != "" {
		t.Errorf("with the authority: %v", err)
	}
	if err := get(TLS{Insecure: true}); err != nil {
		t.Errorf("insecure: %v", err)
	}
	if err := get(TLS{CAFile: authority, CertFile: clientFile}); err != nil || asked != "client" {
		t.Errorf("with a certificate: %v, the server saw %q", err, asked)
	}
	began := time.Now()
	if err := get(TLS{}); err == nil || time.Since(began) > 20*time.Second {
		t.Errorf("an unknown authority: error %v after %v", err, time.Since(began))
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{BaseURL: s.URL, TLS: TLS{CAFile: empty}}); err == nil {
		t.Error("an authority's file without one passes")
	}
}

func TestConnectionsAreKept(t *testing.T) {
	for _, delayed := range []bool{false, true} {
		c := client(t, Config{BaseURL: server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }), NoQuickACK: delayed})
		reused := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
			if i.Reused {
				reused++
			}
		}})
		for range 10 {
			if _, err := c.Do(ctx, &Request{Method: http.MethodPost, Path: "/", Body: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
		}
		if reused != 9 {
			t.Errorf("delayed %v: %d connections of 10 were used again", delayed, reused)
		}
	}
}

func TestIdleConnectionsEndBeforeTheServersDo(t *testing.T) {
	transport, err := chooseTransport(&Config{})
	if err != nil {
		t.Fatal(err)
	}
	if idle := transport.(*http.Transport).IdleConnTimeout; idle <= 0 || idle >= 5*time.Second {
		t.Errorf("idle connections are kept for %v; the servers close theirs after 5 s", idle)
	}
}
