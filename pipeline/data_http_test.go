package pipeline

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlopsgo/internal/dataset"
)

const webCSV = "a,b\n1,2\n3,4\n"

// webServer serves over TLS what the handler says, counts the calls, and checks at the end that no goroutine and no temporary
// file is left.
func webServer(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, calls *atomic.Int32, loader *DataLoader) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Cleanup(func() {
		if left, err := filepath.Glob(filepath.Join(folder, "mlopsgo-*")); err != nil || len(left) > 0 {
			t.Error("left behind:", left, err)
		}
	})
	calls = new(atomic.Int32)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		handler(w, r)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // cut connections, refused handshakes
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, calls, &DataLoader{hooks: dataHooks{roots: roots, firstWait: time.Millisecond}}
}

// cut announces more than it sends.
func cut(w http.ResponseWriter, content string) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)+100))
	fmt.Fprint(w, content)
}

func TestDownload(t *testing.T) {
	archive := packZip(t, file{name: "d/a.csv", content: webCSV}, file{name: "b.csv", content: "x\n1\n"})
	server, _, loader := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("compression was asked for")
		}
		switch r.URL.Path {
		case "/base/a.csv":
			fmt.Fprint(w, webCSV)
		case "/base/a.csv.gz":
			fmt.Fprint(w, packGzip(t, webCSV))
		case "/base/two":
			fmt.Fprint(w, archive)
		case "/base/private/x.csv":
			if user, password, _ := r.BasicAuth(); user != "me" || password != "hidden" || r.URL.Query().Get("signature") != "hidden" {
				t.Error("the address' own secrets did not arrive")
			}
			fmt.Fprint(w, webCSV)
		case "/base/moved":
			http.Redirect(w, r, "/base/a.csv", http.StatusFound)
		}
	})
	private := strings.Replace(server.URL, "https://", "https://me:hidden@", 1)
	for _, test := range []struct{ uri, location, name string }{
		{server.URL + "/base/a.csv", server.URL + "/base/a.csv", "a"},
		{server.URL + "/base/a.csv.gz", server.URL + "/base/a.csv.gz", "a"},
		{server.URL + "/base/two#d/a.csv", server.URL + "/base/two#d/a.csv", "a"},
		{server.URL + "/base/moved", server.URL + "/base/moved", "moved"},
		{private + "/base/private/x.csv?signature=hidden", server.URL + "/base/private/x.csv?sig=hidden", "x"},
	} {
		data, err := loader.Load(t.Context(), test.uri, dataset.ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", test.uri, err)
			continue
		}
		record := data.Record()
		if data.Table.Rows() != 2 || data.Location != test.location || record.Name != test.name || record.SourceType != "http" ||
			record.Source != `{"url": "`+test.location+`"}` {
			t.Errorf("%s: %s, %+v", test.uri, data.Location, record)
		}
	}
}

func TestDownloadTriesAgain(t *testing.T) {
	var attempt atomic.Int32
	for name, fail := range map[string]http.HandlerFunc{
		"busy":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"too many":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"cut body":      func(w http.ResponseWriter, _ *http.Request) { cut(w, strings.Repeat("9,9\n", 1000)) },
		"no answer":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"bad gateway":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"another place": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/cut", http.StatusSeeOther) },
	} {
		t.Run(name, func(t *testing.T) {
			attempt.Store(0)
			server, _, loader := webServer(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/cut":
					cut(w, "9")
				case attempt.Add(1) < 4:
					fail(w, r)
				default:
					fmt.Fprint(w, webCSV)
				}
			})
			data, err := loader.Load(t.Context(), server.URL+"/a.csv", dataset.ReadOptions{})
			if err != nil || data.Table.Rows() != 2 || attempt.Load() != 4 {
				t.Error(data, err, attempt.Load())
			}
		})
	}
}

func TestDownloadRefused(t *testing.T) {
	archive := packZip(t, file{name: "a.csv", content: webCSV})
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    string // URL stands for the address
		calls   int32
	}{
		{"not found", http.NotFound, "data: download URL: the server answered 404 Not Found", 1},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "data: download URL: the server answered 403 Forbidden", 1},
		{"part", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) }, "data: download URL: the server answered 206 Partial Content", 1},
		{"odd status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) }, "data: download URL: the server answered 799 (tried 4 times)", 4},
		{"busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "data: download URL: the server answered 503 Service Unavailable (tried 4 times)", 4},
		{
			"busy for an hour", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusServiceUnavailable)
			},
			"data: download URL: the server answered 503 Service Unavailable and asks to come back in 1h0m0s", 1,
		},
		{"cut", func(w http.ResponseWriter, _ *http.Request) { cut(w, "a,b\n1") }, "data: download URL: cut off after 5 bytes: unexpected EOF (tried 4 times)", 4},
		{"loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "data: download URL: redirect refused: more than 5 of them", 6},
		{
			"to plain", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
			},
			"data: download URL: redirect refused: from https to http", 1,
		},
		{
			"to a file", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
			},
			"data: download URL: redirect refused: from https to file", 1,
		},
		{
			"page", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprint(w, "log in")
			},
			"data: download URL: the server answered with a web page, not with CSV or an archive", 1,
		},
		{
			"page by content", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/csv")
				fmt.Fprint(w, "<html>")
			}, "data: URL is a web page or XML, not CSV", 1,
		},
		{"empty", func(http.ResponseWriter, *http.Request) {}, "URL: the file is empty", 1},
		{"truncated archive", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, archive[:80]) }, "data: URL is not a zip archive, or is cut short", 1},
		{"announced size", func(w http.ResponseWriter, _ *http.Request) { cut(w, strings.Repeat("x", 1000)) }, "data: download URL: too big: 1100 bytes, more than 1000", 1},
		{
			"size", func(w http.ResponseWriter, _ *http.Request) {
				w.(http.Flusher).Flush()
				fmt.Fprint(w, strings.Repeat("x", 1001))
			}, "data: download URL: too big: more than 1000 bytes", 1,
		},
		{"bad table", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a\nx\n") }, `URL, line 2, column "a": "x" is not a number`, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, calls, loader := webServer(t, test.handler)
			loader.MaxDownload = 1000
			secret := strings.Replace(server.URL, "https://", "https://me:hunter2@", 1) + "/x.csv?token=hunter2"
			_, err := loader.Load(t.Context(), secret, dataset.ReadOptions{})
			want := strings.Replace(test.want, "URL", server.URL+"/x.csv?token=hidden", 1)
			if err == nil || err.Error() != want || calls.Load() != test.calls {
				t.Errorf("after %d calls %v\nwanted %s", calls.Load(), err, want)
			}
		})
	}
}

func TestDownloadWaitsAsAsked(t *testing.T) {
	server, calls, loader := webServer(t, nil)
	busy := true
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		if busy {
			busy = false
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, webCSV)
	})
	start := time.Now()
	_, err := loader.Load(t.Context(), server.URL, dataset.ReadOptions{})
	if waited := time.Since(start); err != nil || waited < time.Second || calls.Load() != 2 {
		t.Error(err, waited, calls.Load())
	}
}

func TestDownloadTooSlow(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"drop by drop": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, "1\n")
				w.(http.Flusher).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, calls, loader := webServer(t, handler)
			loader.Timeout = 200 * time.Millisecond
			_, err := loader.Load(t.Context(), server.URL, dataset.ReadOptions{})
			if err == nil || err.Error() != "data: download "+server.URL+": no complete answer within 200ms" || calls.Load() != 1 {
				t.Error(err, calls.Load())
			}
		})
	}
}

func TestDownloadCancelled(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"while reading": func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() },
		"while waiting": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, _, loader := webServer(t, handler)
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("interrupted")) })
			_, err := loader.Load(ctx, server.URL, dataset.ReadOptions{})
			if err == nil || err.Error() != "data: download "+server.URL+": interrupted" {
				t.Error(err)
			}
		})
	}
}

func TestDownloadUnreachable(t *testing.T) {
	server, _, loader := webServer(t, http.NotFound)
	url := server.URL
	loader.Attempts = 2
	loader.hooks.roots = x509.NewCertPool()
	if _, err := loader.Load(t.Context(), url, dataset.ReadOptions{}); err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") ||
		strings.Contains(err.Error(), "tried") {
		t.Error(err)
	}
	server.Close()
	_, err := loader.Load(t.Context(), url, dataset.ReadOptions{})
	if err == nil || !strings.HasSuffix(err.Error(), "connect: connection refused (tried 2 times)") || !strings.HasPrefix(err.Error(), "data: download "+url+": dial tcp ") {
		t.Error(err)
	}
}

func TestDownloadNeedsAFolderForTemporaryFiles(t *testing.T) {
	server, calls, loader := webServer(t, http.NotFound)
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "absent"))
	if _, err := loader.Load(t.Context(), server.URL, dataset.ReadOptions{}); !errors.Is(err, os.ErrNotExist) || calls.Load() != 0 {
		t.Error(err, calls.Load())
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "4294967295": 365 * 24 * time.Hour, "99999999999999999999": 0,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:03:05 GMT": 0, "Fri, 02 Jan 2099 03:05:05 GMT": 365 * 24 * time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %v, wanted %v", header, got, want)
		}
	}
}
