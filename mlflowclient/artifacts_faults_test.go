package mlflowclient_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// wire is a way to a store with proxies on it.
type wire struct {
	name   string
	store  *mlflowclient.ArtifactStore
	proxy  *faultProxy // in front of whom the bytes of files go to
	server *faultProxy // in front of MLflow
}

// wires are all ways to the stack's real servers, each with faults of its own.
func wires(t *testing.T, opts ...mlflowclient.Option) []*wire {
	t.Helper()
	s := stack.Get(t)
	minio, err := url.Parse(s.S3Endpoint)
	must(t, err)
	transfer := mlflowclient.TransferOptions{UploadPart: 5 << 20, DownloadPart: 1 << 20, UploadMinimum: 1}
	connect := func(server *faultProxy, o mlflowclient.TransferOptions, more ...mlflowclient.Option) *mlflowclient.ArtifactStore {
		t.Helper()
		more = append([]mlflowclient.Option{
			mlflowclient.WithTransfers(o), mlflowclient.WithBasicAuth("user", "hidden-password"), mlflowclient.WithHeader("X-Secret", "hidden-header"),
		}, append(more, opts...)...)
		c, err := mlflowclient.New(t.Context(), server.URL, append([]mlflowclient.Option{quick}, more...)...)
		must(t, err)
		t.Cleanup(func() { must(t, c.Close()) })
		return artifactsOf(t, c)
	}

	proxied := &wire{name: "proxied", server: newFaultProxy(t, s.MLflowURI)}
	proxied.proxy = proxied.server
	transfer.Upload, transfer.Download = mlflowclient.TransferProxied, mlflowclient.TransferProxied
	proxied.store = connect(proxied.server, transfer)

	direct := &wire{name: "direct", server: newFaultProxy(t, s.MLflowURI), proxy: newFaultProxy(t, s.S3Endpoint)}
	direct.proxy.Host = minio.Host // which the signature is for
	direct.server.Rewrite = strings.NewReplacer(s.S3Endpoint, direct.proxy.URL)
	transfer.Upload, transfer.Download = mlflowclient.TransferDirect, mlflowclient.TransferDirect
	direct.store = connect(direct.server, transfer)

	bucket := &wire{name: "s3", server: newFaultProxy(t, s.MLflowURI), proxy: newFaultProxy(t, s.S3Endpoint)}
	c := open(t, bucket.server.URL, mlflowclient.WithTransfers(transfer), mlflowclient.WithS3(mlflowclient.S3Options{
		Endpoint: bucket.proxy.URL, Region: "us-east-1", AccessKeyID: s.S3AccessKey, SecretAccessKey: s.S3SecretKey,
	}))
	bucket.store, err = c.Artifacts.At("s3://mlflow-artifacts/faults/" + url.PathEscape(unique("x")))
	must(t, err)
	return []*wire{proxied, direct, bucket}
}

const payloadSize = 5<<20 + 4321 // two parts of an upload, six of a download

var payload = noise(payloadSize)

func payloadFile(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(file, payload, 0o600))
	return file
}

// namedFault is a case.
type namedFault struct {
	name string
	netFault
}

// passing are faults that pass by themselves, so that nobody should notice.
var passing = []namedFault{
	{"cut before", netFault{CutBefore: true}},
	{"cut after", netFault{CutAfter: true}},
	{"503", netFault{Status: 503, Header: http.Header{"Retry-After": {"0"}}}},
	{"503 until", netFault{Status: 503, Header: http.Header{"Retry-After": {"Wed, 21 Oct 2015 07:28:00 GMT"}}}},
	{"500", netFault{Status: 500, Body: "<html>oh"}},
}

func TestUploadsThroughFaultsThatPass(t *testing.T) {
	for _, w := range wires(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			faults := append(slices.Clone(passing), namedFault{"cut inside", netFault{CutRequest: 1 << 20}})
			for _, f := range faults {
				name := "up " + f.name
				f.Method, f.Path, f.Times = http.MethodPut, name, 1
				added := w.proxy.Add(f.netFault)
				if err := w.store.UploadFile(t.Context(), payloadFile(t, name), "dir"); err != nil {
					t.Errorf("%s: %v", f.name, err)
					continue
				}
				if w.proxy.Hits(added) != 1 {
					t.Errorf("%s did not happen", f.name)
				}
				if got := readArtifact(t, w.store, "dir/"+name); got != string(payload) {
					t.Errorf("%s: %d bytes are stored", f.name, len(got))
				}
			}
		})
	}
}

func TestDownloadsThroughFaultsThatPass(t *testing.T) {
	for _, w := range wires(t, mlflowclient.WithTimeout(700*time.Millisecond)) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			faults := append(slices.Clone(passing), namedFault{"cut inside", netFault{CutAnswer: 300_000}}, namedFault{"slow", netFault{Stall: 3 * time.Second}})
			for _, f := range faults {
				name := "down " + f.name
				must(t, w.store.UploadFile(t.Context(), payloadFile(t, name), ""))
				f.Method, f.Path, f.Times = http.MethodGet, name, 1
				if f.name == "slow" && w.name == "s3" {
					f.Stall, f.CutAnswer = 0, 10 // its own test is in internal/s3
				}
				added := w.proxy.Add(f.netFault)
				file := filepath.Join(t.TempDir(), "f")
				if err := w.store.Download(t.Context(), name, file); err != nil {
					t.Errorf("%s: %v", f.name, err)
					continue
				}
				if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, payload) {
					t.Errorf("%s: %d bytes came, %v", f.name, len(got), err)
				}
				if w.proxy.Hits(added) != 1 {
					t.Errorf("%s did not happen", f.name)
				}
			}
		})
	}
}

// lasting are faults that do not pass.
var lasting = []struct {
	namedFault
	is   error
	says string
}{
	{namedFault{"cut", netFault{CutBefore: true}}, mlflowclient.ErrUnreachable, ""},
	{namedFault{"503", netFault{Status: 503, Header: http.Header{"Retry-After": {"0"}}, Body: "busy"}}, mlflowclient.ErrUnavailable, "503"},
	{namedFault{"500", netFault{Status: 500, Body: "<html>oh"}}, mlflowclient.ErrInternal, "500"},
	{namedFault{"403", netFault{Status: 403, Body: "<html>who are you"}}, mlflowclient.ErrPermissionDenied, "403"},
	{namedFault{"redirect", netFault{Status: 307}}, nil, ""},
}

func TestFaultsThatDoNotPass(t *testing.T) {
	elsewhere := newFaultProxy(t, stack.Get(t).MLflowURI)
	for _, w := range wires(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range lasting {
				if f.Status == 307 {
					f.Header = http.Header{"Location": {elsewhere.URL + "/stolen"}}
				}
				checkFailingUpload(t, w, f.namedFault, f.is, f.says)
				checkFailingDownload(t, w, f.namedFault, f.is, f.says)
			}
		})
	}
	t.Cleanup(func() { // after the parallel cases
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost} {
			if got := elsewhere.Seen(method, ""); len(got) != 0 {
				t.Errorf("another host got %s %s", method, got[0].URL)
			}
		}
	})
}

func checkFailingUpload(t *testing.T, w *wire, f namedFault, is error, says string) {
	t.Helper()
	name := "no up " + f.name
	f.Method, f.Path = http.MethodPut, name
	w.proxy.Add(f.netFault)
	err := w.store.UploadFile(t.Context(), payloadFile(t, name), "")
	checkFailure(t, w.name+" "+name, err, is, says)
	if got := listing(t, w.store, ""); strings.Contains(got, name) {
		t.Errorf("%s left %s", name, got)
	}
}

func checkFailingDownload(t *testing.T, w *wire, f namedFault, is error, says string) {
	t.Helper()
	name := "no down " + f.name
	must(t, w.store.UploadFile(t.Context(), payloadFile(t, name), ""))
	f.Method, f.Path = http.MethodGet, name
	w.proxy.Add(f.netFault)
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	must(t, os.WriteFile(file, []byte("before"), 0o600))
	err := w.store.Download(t.Context(), name, file)
	checkFailure(t, w.name+" "+name, err, is, says)
	if err != nil && !strings.Contains(err.Error(), name) {
		t.Errorf("the error does not name %s: %v", name, err)
	}
	if got, err := os.ReadFile(file); string(got) != "before" {
		t.Errorf("%s: the file holds %d bytes, %v", name, len(got), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%s left %v", name, entries)
	}
}

func checkFailure(t *testing.T, name string, err, is error, says string) {
	t.Helper()
	if err == nil || (is != nil && !errors.Is(err, is)) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: error %v, not %v", name, err, is)
		return
	}
	for _, secret := range []string{"X-Amz-Signature", "X-Amz-Credential", "hidden"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s shows %s: %v", name, secret, err)
		}
	}
}

// A server that signs addresses of its storage gets the credentials, the storage gets none.
func TestSignedAddressesGetNoCredentials(t *testing.T) {
	w := wires(t)[1]
	must(t, w.store.UploadFile(t.Context(), payloadFile(t, "f"), ""))
	must(t, w.store.Download(t.Context(), "f", filepath.Join(t.TempDir(), "f")))
	calls := append(w.proxy.Seen(http.MethodPut, ""), w.proxy.Seen(http.MethodGet, "")...)
	if len(calls) != 8 {
		t.Errorf("%d calls to the storage", len(calls))
	}
	for _, r := range calls {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Secret") != "" {
			t.Errorf("%s %s got %v", r.Method, r.URL.Path, r.Header)
		}
	}
	for _, r := range w.server.Seen(http.MethodPost, "mpu") {
		if _, password, _ := r.BasicAuth(); password != "hidden-password" || r.Header.Get("X-Secret") != "hidden-header" {
			t.Errorf("%s without credentials", r.URL.Path)
		}
	}
}

// The answer to the last call of an upload in parts is lost: the file is there, and calling again is refused.
func TestCompletionWhoseAnswerIsLost(t *testing.T) {
	for _, w := range wires(t)[1:] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			proxy, path := w.server, "mpu/complete"
			if w.name == "s3" {
				proxy, path = w.proxy, "last"
				// The call that starts the upload has the same path.
				proxy.Add(netFault{Method: http.MethodPost, Path: path, Times: 1, Status: 503})
				proxy.Add(netFault{Method: http.MethodPost, Path: path, Times: 1, None: true})
			}
			added := proxy.Add(netFault{Method: http.MethodPost, Path: path, CutAfter: true, Times: 1})
			if err := w.store.UploadFile(t.Context(), payloadFile(t, "last"), ""); err != nil {
				t.Error(err)
			}
			if proxy.Hits(added) != 1 {
				t.Errorf("the fault happened %d times", proxy.Hits(added))
			}
			if got := readArtifact(t, w.store, "last"); got != string(payload) {
				t.Errorf("%d bytes are stored", len(got))
			}
		})
	}
}

// A download that breaks goes on where it broke, if the server can: of what has come nothing comes again.
func TestDownloadsAreContinued(t *testing.T) {
	for _, w := range wires(t)[1:] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			must(t, w.store.UploadFile(t.Context(), payloadFile(t, "long"), ""))
			w.proxy.Add(netFault{Method: http.MethodGet, Path: "long", CutAnswer: 600_000, Times: 1})
			must(t, w.store.Download(t.Context(), "long", filepath.Join(t.TempDir(), "f")))
			continued := 0
			for _, r := range w.proxy.Seen(http.MethodGet, "long") {
				var from, to int64
				if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err != nil {
					t.Errorf("%q: %v", r.Header.Get("Range"), err)
				}
				if from%(1<<20) != 0 {
					continued++
				}
			}
			if continued != 1 {
				t.Errorf("%d calls went on inside of a part", continued)
			}
		})
	}
}

// What a caller gives up is thrown away, at the server too.
func TestUploadsThatAreGivenUp(t *testing.T) {
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			store := place.open(t, mlflowclient.TransferOptions{UploadPart: 5 << 20, Parts: 1, Progress: func(p mlflowclient.Progress) {
				if p.Files == 0 {
					cancel()
				}
			}})
			if err := store.UploadFile(ctx, payloadFile(t, "given up"), ""); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if got := listing(t, store, ""); got != "" {
				t.Errorf("left %s", got)
			}
		})
	}
}

// A login page with status 200 must pass neither for a file nor for the answer to one.
func TestPagesAreNoFiles(t *testing.T) {
	page := netFault{Method: http.MethodGet, Path: "page", Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>log in"}
	for _, w := range wires(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			must(t, w.store.UploadFile(t.Context(), payloadFile(t, "page"), ""))
			w.proxy.Add(page)
			put := page
			put.Method, put.Path = http.MethodPut, "unkept"
			w.proxy.Add(put)
			if err := w.store.UploadFile(t.Context(), payloadFile(t, "unkept"), ""); err == nil {
				t.Error("a page passes for the answer of who keeps a file")
			}
			dir := t.TempDir()
			if err := w.store.Download(t.Context(), "page", filepath.Join(dir, "f")); err == nil || !strings.Contains(err.Error(), "page") {
				t.Error(err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 0 {
				t.Errorf("left %v", entries)
			}
		})
	}
}

// Bytes that change on their way are found, where the store keeps a checksum.
func TestDamageIsFound(t *testing.T) {
	w := wires(t)[1]
	small := noise(100_000)
	must(t, w.store.Upload(t.Context(), "damaged", bytes.NewReader(small), int64(len(small))))
	damaged := bytes.Clone(small)
	damaged[50_000] ^= 1
	etag := "\"" + fmt.Sprintf("%x", md5.Sum(small)) + "\""
	w.proxy.Add(netFault{Method: http.MethodGet, Path: "damaged", Status: 206, Body: string(damaged), Header: http.Header{
		"Etag": {etag}, "Content-Range": {"bytes 0-99999/100000"}, "Content-Length": {"100000"},
	}})
	dir := t.TempDir()
	err := w.store.Download(t.Context(), "damaged", filepath.Join(dir, "f"))
	if err == nil || !strings.Contains(err.Error(), "MD5") {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}
