package mlflowclient_test

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// withStorage puts a proxy in front of MLflow and another in front of its storage, or lets the signed addresses lead to where nobody listens.
func withStorage(t *testing.T, gone bool) (server, storage *faultProxy) {
	t.Helper()
	s := stack.Get(t)
	minio, err := url.Parse(s.S3Endpoint)
	must(t, err)
	server, storage = newFaultProxy(t, s.MLflowURI), newFaultProxy(t, s.S3Endpoint)
	storage.Host = minio.Host
	address := storage.URL
	if gone {
		address = "http://127.0.0.1:9" // the port of the discard service, which nobody runs
	}
	server.Rewrite = strings.NewReplacer(s.S3Endpoint, address)
	return server, storage
}

// A large file goes directly to the server's storage, and through the server when that storage cannot be reached, refuses, or breaks off.
func TestUploadsFallBackToTheServer(t *testing.T) {
	for _, one := range []struct {
		name  string
		fault netFault // of the storage
		gone  bool     // nobody listens where it should be
		stuck bool     // the server cannot throw the upload away
		puts  int      // of parts that the storage sees at least
		whole int      // uploads through the server
	}{
		{name: "all is well", fault: netFault{None: true}, puts: 2},
		{name: "nobody listens", gone: true, whole: 1},
		{name: "nobody listens, and what was begun stays", gone: true, stuck: true, whole: 1},
		{name: "refuses", fault: netFault{Status: http.StatusForbidden}, puts: 1, whole: 1},
		{name: "breaks off", fault: netFault{CutRequest: 1 << 20}, puts: 1, whole: 1},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			server, storage := withStorage(t, one.gone)
			one.fault.Method = http.MethodPut
			storage.Add(one.fault)
			if one.stuck {
				server.Add(netFault{Method: http.MethodPost, Path: "mpu/abort", Status: http.StatusForbidden})
			}
			var last mlflowclient.Progress
			c := open(t, server.URL, quick, mlflowclient.WithTransfers(mlflowclient.TransferOptions{
				UploadMinimum: 1, UploadPart: 5 << 20, Progress: func(p mlflowclient.Progress) { last = p },
			}))
			store := artifactsOf(t, c)
			must(t, store.UploadFile(t.Context(), payloadFile(t, "file"), ""))
			if puts := len(storage.Seen(http.MethodPut, "")); puts < one.puts || (one.puts == 0 && puts > 0) {
				t.Errorf("the storage saw %d parts", puts)
			}
			if whole := len(server.Seen(http.MethodPut, "mlflow-artifacts/artifacts")); whole != one.whole {
				t.Errorf("%d uploads through the server, want %d", whole, one.whole)
			}
			if aborts := len(server.Seen(http.MethodPost, "mpu/abort")); (aborts > 0) != (one.whole > 0) {
				t.Errorf("%d uploads in parts were thrown away", aborts)
			}
			if want := (mlflowclient.Progress{Files: 1, FilesTotal: 1, Bytes: payloadSize, BytesTotal: payloadSize}); last != want {
				t.Errorf("progress ended at %+v", last)
			}
			if got := readArtifact(t, store, "file"); got != string(payload) {
				t.Errorf("%d bytes are stored", len(got))
			}
		})
	}
}

// Who asks for the storage gets its error.
func TestUploadsThatWereToGoDirectlyFail(t *testing.T) {
	w := wires(t)[1]
	w.proxy.Add(netFault{Method: http.MethodPut, Status: http.StatusForbidden, Body: "<html>who are you"})
	err := w.store.UploadFile(t.Context(), payloadFile(t, "direct only"), "")
	checkFailure(t, "direct only", err, mlflowclient.ErrPermissionDenied, "403")
	if whole := len(w.server.Seen(http.MethodPut, "")); whole != 0 {
		t.Errorf("%d uploads through the server", whole)
	}
}

// A large file comes directly from the server's storage, and through the server when that storage cannot be reached, refuses, or breaks off.
func TestDownloadsFallBackToTheServer(t *testing.T) {
	for _, one := range []struct {
		name  string
		fault netFault // of the storage
		gone  bool     // nobody listens where it should be
		parts int      // that the storage is asked for at least
		whole int      // downloads through the server
	}{
		{name: "all is well", fault: netFault{None: true}, parts: 6},
		{name: "nobody listens", gone: true, whole: 1},
		{name: "refuses", fault: netFault{Status: http.StatusForbidden}, parts: 2, whole: 1},
		{name: "breaks off", fault: netFault{CutAnswer: 1000}, parts: 1, whole: 1},
		{name: "breaks off late", fault: netFault{None: true, Times: 5}, parts: 6, whole: 1},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			server, storage := withStorage(t, one.gone)
			var last mlflowclient.Progress
			c := open(t, server.URL, quick, mlflowclient.WithTransfers(mlflowclient.TransferOptions{
				Upload: mlflowclient.TransferProxied, DownloadPart: 1 << 20, Progress: func(p mlflowclient.Progress) { last = p },
			}))
			store := artifactsOf(t, c)
			must(t, store.UploadFile(t.Context(), payloadFile(t, "file"), ""))
			one.fault.Method = http.MethodGet
			storage.Add(one.fault)
			storage.Add(netFault{Method: http.MethodGet, CutBefore: one.fault.Times > 0, None: one.fault.Times == 0})
			back := filepath.Join(t.TempDir(), "back")
			must(t, store.Download(t.Context(), "file", back))
			if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, payload) {
				t.Errorf("%d bytes came, %v", len(got), err)
			}
			if parts := len(storage.Seen(http.MethodGet, "")); parts < one.parts || (one.parts == 0 && parts > 0) {
				t.Errorf("the storage was asked for %d parts", parts)
			}
			if whole := len(server.Seen(http.MethodGet, "mlflow-artifacts/artifacts")); whole != one.whole {
				t.Errorf("%d downloads through the server, want %d", whole, one.whole)
			}
			if want := (mlflowclient.Progress{Files: 1, FilesTotal: 1, Bytes: payloadSize, BytesTotal: payloadSize}); last != want {
				t.Errorf("progress ended at %+v", last)
			}
		})
	}
}

// Damage that the storage's checksum shows is no reason to take the file from the server, which compares nothing.
func TestDamageIsNotFetchedFromTheServer(t *testing.T) {
	server, storage := withStorage(t, false)
	store := artifactsOf(t, open(t, server.URL))
	must(t, store.Upload(t.Context(), "damaged", strings.NewReader("good"), 4))
	storage.Add(netFault{Method: http.MethodGet, Path: "damaged", Status: http.StatusPartialContent, Body: "evil", Header: http.Header{
		"Etag": {fmt.Sprintf("%q", fmt.Sprintf("%x", md5.Sum([]byte("good"))))}, "Content-Range": {"bytes 0-3/4"}, "Content-Length": {"4"},
	}})
	err := store.Download(t.Context(), "damaged", filepath.Join(t.TempDir(), "f")) // of a size that is not known before
	if err == nil || !strings.Contains(err.Error(), "MD5") {
		t.Error(err)
	}
	if whole := len(server.Seen(http.MethodGet, "mlflow-artifacts/artifacts")); whole != 0 {
		t.Errorf("%d downloads through the server", whole)
	}
}

// A signed address is good for some minutes; a download may take longer.
func TestAddressesAreSignedAgain(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		w := wires(t)[1]
		must(t, w.store.UploadFile(t.Context(), payloadFile(t, "long"), ""))
		w.proxy.Add(netFault{Method: http.MethodGet, Path: "long", None: true, Times: 2})
		expired := w.proxy.Add(netFault{Method: http.MethodGet, Path: "long", Status: status, Times: 1})
		back := filepath.Join(t.TempDir(), "back")
		must(t, w.store.Download(t.Context(), "long", back))
		if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%d: %d bytes came, %v", status, len(got), err)
		}
		if signed := len(w.server.Seen(http.MethodGet, "presigned")); signed != 2 || w.proxy.Hits(expired) != 1 {
			t.Errorf("%d: %d addresses were signed, and %d refused", status, signed, w.proxy.Hits(expired))
		}
	}
}

// Python's variables ask for the storage where the server says nothing of it, and go through a server that signs no addresses.
func TestEnvironmentPrefersTheStorage(t *testing.T) {
	for _, signs := range []bool{true, false} {
		server, storage := withStorage(t, false)
		server.Add(netFault{Method: http.MethodGet, Path: "server-info", Status: http.StatusNotFound}) // as of an old one
		if !signs {
			server.Add(netFault{Method: http.MethodPost, Path: "mpu/create", Status: http.StatusNotImplemented})
			server.Add(netFault{Method: http.MethodGet, Path: "presigned", Status: http.StatusNotImplemented})
		}
		t.Setenv("MLFLOW_TRACKING_URI", server.URL)
		t.Setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
		t.Setenv("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "true")
		t.Setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1")
		c, err := mlflowclient.FromEnv(t.Context(), quick)
		must(t, err)
		store := artifactsOf(t, c)
		must(t, store.UploadFile(t.Context(), payloadFile(t, "file"), ""))
		back := filepath.Join(t.TempDir(), "back")
		must(t, store.Download(t.Context(), "file", back))
		if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, payload) {
			t.Errorf("signs %v: %d bytes came, %v", signs, len(got), err)
		}
		for _, method := range []string{http.MethodPut, http.MethodGet} {
			if direct := len(storage.Seen(method, "")) > 0; direct != signs {
				t.Errorf("signs %v: %s directly is %v", signs, method, direct)
			}
		}
		must(t, c.Close())
	}
}
