package prefectclient

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOwnAuthority(t *testing.T) {
	in := &sockets{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "true") })
	mux.HandleFunc("GET /api/events/in", in.serve)
	secure := httptest.NewTLSServer(mux)
	defer secure.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(file, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		opts []Option
		fine bool
	}{
		{"unknown authority", []Option{WithMaxRetries(0)}, false},
		{"known authority", []Option{WithCertificateFile(file)}, true},
		{"any authority", []Option{WithInsecureTLS()}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := must[*Client](t)(New(secure.URL+"/api", row.opts...))
			defer c.Close()
			if err := c.Admin.Health(t.Context()); (err == nil) != row.fine {
				t.Errorf("a call gave %v", err)
			}
			conn, err := c.openSocket(t.Context(), "/events/in")
			if (err == nil) != row.fine {
				t.Errorf("a websocket gave %v", err)
			}
			if conn != nil {
				_ = conn.CloseNow()
			}
		})
	}
	if _, err := New(secure.URL, WithCertificateFile(file+"x")); err == nil {
		t.Error("a missing file was taken")
	}
	time.Sleep(10 * time.Millisecond) // the server notices the ends
}
