package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
	"mlopsgo/mlflowclient"
)

// cutting serves a file with an ETag, and cuts the first answers off after half of what is asked for.
type cutting struct {
	mu    sync.Mutex
	text  string
	tag   string
	cuts  int
	asked []string // the Range and If-None-Match of each request
}

func (c *cutting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r.Header.Get("Range")+r.Header.Get("If-None-Match"))
	w.Header().Set("ETag", c.tag)
	if r.Header.Get("If-None-Match") == c.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	from := 0
	if r.Header.Get("If-Range") == c.tag {
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	}
	rest := c.text[from:]
	w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(c.text)-1, len(c.text)))
		w.WriteHeader(http.StatusPartialContent)
	}
	if c.cuts > 0 {
		c.cuts--
		_, _ = io.WriteString(w, rest[:len(rest)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, rest)
}

func TestDownloadGoesOnWhereItWasCut(t *testing.T) {
	const text = "a,b\n1,2\n3,4\n5,6\n7,8\n" // 20 bytes
	for _, test := range []struct {
		name, tag string
		cuts      int
		asked     []string
	}{
		{"strong", `"v1"`, 2, []string{"", "bytes=10-", "bytes=15-"}},
		{"weak", `W/"v1"`, 2, []string{"", "", ""}},
	} {
		files := &cutting{text: text, tag: test.tag, cuts: test.cuts}
		server, _, loader := webServer(t, files.ServeHTTP)
		var progress []int64
		loader.OnProgress = func(done, total int64) {
			progress = append(progress, done)
			if total != int64(len(text)) {
				t.Errorf("%s: %d of %d bytes", test.name, done, total)
			}
		}
		sum := sha256.Sum256([]byte(text))
		loader.SHA256 = hex.EncodeToString(sum[:])
		data, err := loader.Load(t.Context(), server.URL+"/a.csv", dataset.ReadOptions{})
		if err != nil || data.Table.Rows() != 4 {
			t.Fatalf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.asked, files.asked); diff != "" || len(progress) == 0 || slices.Max(progress) != int64(len(text)) {
			t.Errorf("%s: progress %v, ranges asked for:\n%s", test.name, progress, diff)
		}
		loader.SHA256 = strings.Repeat("0", 64)
		if _, err := loader.Load(t.Context(), server.URL+"/a.csv", dataset.ReadOptions{}); err == nil || !strings.Contains(err.Error(), "want 0000") {
			t.Errorf("%s: another checksum: %v", test.name, err)
		}
	}
	// A file that changes between two attempts comes whole.
	files := &cutting{text: text, tag: `"v1"`, cuts: 1}
	server, _, loader := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		defer func() { files.text, files.tag = "a,b\n9,9\n", `"v2"` }()
		files.ServeHTTP(w, r)
	})
	data, err := loader.Load(t.Context(), server.URL+"/a.csv", dataset.ReadOptions{})
	if err != nil || data.Table.Rows() != 1 {
		t.Errorf("%+v, %v", data, err)
	}
}

// A body without a length that is cut off behind its last byte looks as if more had to come.
func TestDownloadThatWasCutBehindItsEnd(t *testing.T) {
	const text = "a,b\n1,2\n3,4\n"
	var asked []string
	server, _, loader := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range"))
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		_, _ = io.WriteString(w, text)
		if len(asked) == 1 {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	data, err := loader.Load(t.Context(), server.URL+"/a.csv", dataset.ReadOptions{})
	if err != nil || data.Table.Rows() != 2 {
		t.Errorf("%+v, %v", data, err)
	}
	if diff := cmp.Diff([]string{"", "bytes=12-", ""}, asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

// The second run of an ingestion is a no-op: nothing is downloaded, put or recorded again.
func TestIngestTwiceFromTheWeb(t *testing.T) {
	inBucket, client, bucket := storage(t)
	text, err := io.ReadAll(wine.Open())
	if err != nil {
		t.Fatal(err)
	}
	files := &cutting{text: string(text), tag: `"v1"`}
	server, _, loader := webServer(t, files.ServeHTTP)
	loader.Getenv = inBucket.Getenv
	mlflow := connect(t, stack.Get(t).MLflowURI)
	ingest := Ingest{Data: strings.Replace(server.URL, "://", "://me:hidden@", 1) + "/wine.csv?X-Amz-Signature=hush", Bucket: bucket, Loader: loader, Versioning: true, Client: mlflow, Experiment: bucket}
	var first *Ingested
	for i, want := range []Ingested{{MadeBucket: true, Versioned: true}, {Unchanged: true, NotModified: true}} {
		done, err := ingest.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := (Ingested{MadeBucket: done.MadeBucket, Versioned: done.Versioned, Unchanged: done.Unchanged, NotModified: done.NotModified}); got != want {
			t.Errorf("run %d: %+v, want %+v", i, got, want)
		}
		if first == nil {
			first = done
		}
		if done.Run.ID == "" || done.Run.ID != first.Run.ID || done.Data.Table.Digest() != wine.Digest || done.Bytes != int64(len(text)) {
			t.Errorf("run %d: %+v", i, done)
		}
	}
	if diff := cmp.Diff([]string{"", `"v1"`}, files.asked); diff != "" {
		t.Errorf("asked the web server:\n%s", diff)
	}
	files.text, files.tag = strings.Replace(string(text), "7.4,", "7.5,", 1), `"v2"`
	changed, err := ingest.Run(t.Context())
	if err != nil || changed.Unchanged || changed.NotModified || changed.Run.ID == first.Run.ID || changed.Schema.Digest == wine.Digest {
		t.Errorf("after a change: %+v, %v", changed, err)
	}
	if on, err := client.EnsureVersioning(t.Context(), bucket); err != nil || on {
		t.Errorf("versioning was off: %v", err)
	}

	run, err := mlflow.Runs.Get(t.Context(), first.Run.ID)
	if err != nil || run.Status != mlflowclient.StatusFinished || len(run.Datasets) != 1 || run.Datasets[0].Digest != wine.Digest || run.Datasets[0].SourceType != "s3" ||
		run.Metrics["rows"].Value != wine.Rows {
		t.Errorf("%+v, %v", run, err)
	}
	kept := objectText(t, client, first.Address+"."+SchemaFile)
	quality := first.Schema.Columns[11]
	if !strings.Contains(kept, `"column": "quality"`) || quality != (ColumnReport{Name: "quality", Type: "int64", Min: "3", Max: "8", Distinct: 6}) {
		t.Errorf("%+v, kept:\n%s", quality, kept)
	}
	shown, err := json.Marshal([]any{first, run.Params, run.Tags, run.Datasets})
	if err != nil || strings.Contains(string(shown)+kept, "hush") || strings.Contains(string(shown)+kept, "me:hidden") || !strings.Contains(run.Params["source"], "/wine.csv") {
		t.Errorf("%v, the address is shown as\n%s", err, shown)
	}
}

// TestIngestPutsNothingInVain counts what is written: each put makes a version where these are kept.
func TestIngestPutsNothingInVain(t *testing.T) {
	files := &cutting{text: "a,quality\n1,2\n3,4\n", tag: `"` + strings.Repeat("v", 300) + `"`} // too long to be kept
	server, _, web := webServer(t, files.ServeHTTP)
	loader, _, bucket := storage(t)
	var puts atomic.Int64
	var refused atomic.Bool
	endpoint := answered(t, stack.Get(t).S3Endpoint, func(r *http.Request) int {
		switch {
		case !strings.HasSuffix(r.URL.Path, DefaultKey):
		case r.Method == http.MethodPut:
			puts.Add(1)
		case r.Method == http.MethodHead && refused.Load():
			return http.StatusBadRequest // as to a token that has expired
		}
		return 0
	})
	getenv := loader.Getenv
	web.Getenv = func(name string) string {
		if name == "AWS_ENDPOINT_URL_S3" {
			return endpoint
		}
		return getenv(name)
	}
	ingest := Ingest{Data: server.URL + "/a.csv", Bucket: bucket, Loader: web}
	for range 2 {
		if _, err := ingest.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	refused.Store(true)
	if done, err := ingest.Run(t.Context()); err == nil {
		t.Errorf("what is there could not be looked at: %+v", done)
	}
	if puts.Load() != 1 {
		t.Errorf("the table was put %d times", puts.Load())
	}
}
