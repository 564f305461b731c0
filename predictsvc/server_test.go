package predictsvc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificate writes a certificate for 127.0.0.1 with a serial number, and its key.
func certificate(t *testing.T, dir string, serial int64) (config TLSConfig, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "predictor"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	config = TLSConfig{CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")}
	must(t, os.WriteFile(config.CertFile, text, 0o600))
	must(t, os.WriteFile(config.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return config, pool
}

func TestTLSIsRenewed(t *testing.T) {
	dir := t.TempDir()
	config, pool := certificate(t, dir, 1)
	s := serve(t, Config{TLS: config})
	address := strings.TrimPrefix(s.url, "http://")
	serial := func() int64 {
		connection, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool}}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return 0
		}
		defer connection.Close()
		return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	eventually(t, "the first certificate", func() bool { return serial() == 1 })
	client := httpClient(t)
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	response, err := client.Get("https://" + address + "/live") //nolint:noctx // The client has a time-out.
	must(t, err)
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
		t.Error(response.Status, response.Proto)
	}
	must(t, os.WriteFile(config.KeyFile, []byte("half a"), 0o600))
	time.Sleep(watchTime + 100*time.Millisecond)
	if serial() != 1 {
		t.Error("half a key took the certificate away")
	}
	_, pool = certificate(t, dir, 2)
	eventually(t, "the second certificate", func() bool { return serial() == 2 })
	if !strings.Contains(s.logs.String(), "what they held before stays in force") {
		t.Error("the broken key is not in the log")
	}
}

// TestShutdownFinishesWhatItAccepted: a request whose body is still on its way when the service is told to stop is answered, /ready
// says what is coming, /live does not, and connections are given up one answer at a time.
func TestShutdownFinishesWhatItAccepted(t *testing.T) {
	logs := &logBuffer{}
	s := newService(t, Config{Drain: 300 * time.Millisecond, Logger: slog.New(slog.NewJSONHandler(logs, nil))})
	m, err := folderModel(t, modelFiles(t, tinyForest(5, 6), nil))
	must(t, err)
	s.follower.swap(m)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, listener) }()
	url := "http://" + listener.Addr().String()
	client := httpClient(t)
	var group sync.WaitGroup
	writers := make([]*io.PipeWriter, 8)
	for i := range writers {
		body, writer := io.Pipe()
		writers[i] = writer
		group.Go(func() {
			response, err := client.Post(url+"/predict", "application/json", body) //nolint:noctx // The client has a time-out.
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			if string(text) != `{"quality":5,"model":"sk-rfc-model"}` || !response.Close {
				t.Errorf("%s %s, closes: %v", response.Status, text, response.Close)
			}
		})
		_, err := writer.Write([]byte(wine[:20]))
		must(t, err)
	}
	cancel()
	status := func(path string) int {
		response, err := client.Get(url + path) //nolint:noctx // The client has a time-out.
		if err != nil {
			return 0
		}
		response.Body.Close()
		return response.StatusCode
	}
	eventually(t, "not ready", func() bool { return status("/ready") == http.StatusServiceUnavailable })
	if got := status("/live"); got != http.StatusOK {
		t.Error("/live:", got)
	}
	eventually(t, "a closed listener", func() bool { return status("/live") == 0 })
	for _, writer := range writers {
		_, err := writer.Write([]byte(wine[20:]))
		must(t, err)
		must(t, writer.Close())
	}
	group.Wait()
	must(t, <-done)
}

func TestProfiles(t *testing.T) {
	s := serve(t, Config{Profile: "localhost:0"})
	var url string
	eventually(t, "the address in the log", func() bool {
		_, after, found := strings.Cut(s.logs.String(), `"msg":"profiles","url":"`)
		url, _, _ = strings.Cut(after, `"`)
		return found
	})
	client := httpClient(t)
	response, err := client.Get(url + "heap?debug=1") //nolint:noctx // The client has a time-out.
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(string(text), "heap profile:") {
		t.Error(response.Status)
	}
	other, err := client.Get(s.url + "/debug/pprof/heap") //nolint:noctx // The client has a time-out.
	must(t, err)
	other.Body.Close()
	if other.StatusCode != http.StatusNotFound {
		t.Error("the service's own address has profiles", other.Status)
	}
}

// TestServerThatFailsWhileItDrains: the failure is told, though the end was asked for.
func TestServerThatFailsWhileItDrains(t *testing.T) {
	s := newService(t, Config{Drain: time.Minute})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, listener) }()
	cancel()
	eventually(t, "it is stopping", s.stopping.Load)
	must(t, listener.Close())
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("it ends with %v", err)
	}
}
