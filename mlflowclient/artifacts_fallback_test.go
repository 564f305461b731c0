package mlflowclient_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// A large file goes directly to the server's storage, and through the server when that storage cannot be reached, refuses, or breaks off.
func TestUploadsFallBackToTheServer(t *testing.T) {
	s := stack.Get(t)
	minio, err := url.Parse(s.S3Endpoint)
	must(t, err)
	for _, one := range []struct {
		name  string
		fault netFault // of the storage
		gone  bool     // nobody listens where it should be
		puts  int      // of parts that the storage sees at least
		whole int      // uploads through the server
	}{
		{name: "all is well", fault: netFault{None: true}, puts: 2},
		{name: "nobody listens", gone: true, whole: 1},
		{name: "refuses", fault: netFault{Status: http.StatusForbidden}, puts: 1, whole: 1},
		{name: "breaks off", fault: netFault{CutRequest: 1 << 20}, puts: 1, whole: 1},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			server, storage := newFaultProxy(t, s.MLflowURI), newFaultProxy(t, s.S3Endpoint)
			storage.Host = minio.Host
			address := storage.URL
			if one.gone {
				address = "http://127.0.0.1:9" // the port of the discard service, which nobody runs
			}
			server.Rewrite = strings.NewReplacer(s.S3Endpoint, address)
			one.fault.Method = http.MethodPut
			storage.Add(one.fault)
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
