package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/wine"
)

// writeData writes files into a new folder, makes it the working folder, and returns it.
func writeData(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
	return folder
}

func packGzip(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLoadEmbedded(t *testing.T) {
	for _, uri := range []string{"", "embedded:", "embedded:winequality-red.csv"} {
		data, err := LoadTable(t.Context(), uri, dataset.ReadOptions{Need: []string{wine.Target}})
		if err != nil {
			t.Fatal(err)
		}
		record := data.Record(dataset.Tag{Key: "mlflow.user", Value: "me"})
		want := `{"tags": {"mlflow.user": "me"}}`
		if record.Digest != wine.Digest || record.Name != "winequality-red" || record.SourceType != "code" || record.Source != want ||
			data.Location != "embedded:" || data.Difference != "" {
			t.Errorf("%q: %+v, %+v", uri, data, record)
		}
	}
}

func TestLoadFiles(t *testing.T) {
	const csv = "a;b\n1;2.5\n3;4\n"
	folder := writeData(t, map[string]string{
		"plain.csv": csv, "no-extension": csv, "pa#ck.csv.gz": packGzip(t, csv), "archive.ZIP": packZip(t, file{name: "sub/in ner.csv", content: csv}),
		"two.zip": packZip(t, file{name: "a.csv", content: csv}, file{name: "b.csv", content: "x\n1\n"}, file{name: "readme.txt", content: "text"}),
	})
	for _, test := range []struct{ uri, location, name, source string }{
		{"plain.csv", "plain.csv", "plain", `{"uri": "plain.csv"}`},
		{"./no-extension", "./no-extension", "no-extension", `{"uri": "./no-extension"}`},
		{"pa#ck.csv.gz", "pa#ck.csv.gz", "pa#ck", `{"uri": "pa#ck.csv.gz"}`},
		{"archive.ZIP", "archive.ZIP", "in ner", `{"uri": "archive.ZIP"}`},
		{"two.zip#a.csv", "two.zip#a.csv", "a", `{"uri": "two.zip#a.csv"}`},
		{"file://" + folder + "/plain.csv", "file://" + folder + "/plain.csv", "plain", `{"uri": "file://` + folder + `/plain.csv"}`},
		{"file://localhost" + folder + "/pa%23ck.csv.gz", "file://localhost" + folder + "/pa%23ck.csv.gz", "pa#ck", ""},
		{"file://" + folder + "/two.zip#a.csv", "file://" + folder + "/two.zip#a.csv", "a", ""},
	} {
		data, err := LoadTable(t.Context(), test.uri, dataset.ReadOptions{Need: []string{"b"}})
		if err != nil {
			t.Errorf("%s: %v", test.uri, err)
			continue
		}
		record := data.Record()
		if data.Table.Rows() != 2 || data.Location != test.location || record.Name != test.name || record.SourceType != "local" ||
			(test.source != "" && record.Source != test.source) {
			t.Errorf("%s: location %s, %+v", test.uri, data.Location, record)
		}
	}
}

func TestLoadFilesRefused(t *testing.T) {
	writeData(t, map[string]string{
		"empty.csv": "", "page.csv": "\n <!DOCTYPE html><html>", "bad.csv": "a,b\n1,x\n", "fake.zip": "a,b\n1,2\n", "fake.csv.gz": "\x1f\x8bgarbage, and more of it",
		"cut.csv.gz": packGzip(t, "a\n1\n2\n3\n")[:25], "twice.csv.gz": packGzip(t, packGzip(t, "a\n1\n")),
		"zip.csv.gz":  packGzip(t, packZip(t, file{name: "a.csv", content: "a\n1\n"})),
		"bomb.csv.gz": packGzip(t, "a\n"+strings.Repeat("0\n", 1<<20)),
	})
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]string{
		"absent.csv":     "data: there is no file absent.csv",
		"folder":         "data: folder is a folder; name a file in it",
		os.DevNull:       "data: " + os.DevNull + " is not a regular file",
		"empty.csv":      "empty.csv: the file is empty",
		"page.csv":       "data: page.csv is a web page or XML, not CSV",
		"bad.csv":        `bad.csv, line 2, column "b": "x" is not a number`,
		"fake.zip":       "data: fake.zip is not a zip archive",
		"fake.zip#a.csv": "data: fake.zip is not a zip archive",
		"fake.csv.gz":    "data: fake.csv.gz: gzip: invalid header",
		"cut.csv.gz":     "read cut.csv.gz: unexpected EOF",
		"twice.csv.gz":   "data: twice.csv.gz is an archive inside an archive; unpack it first",
		"zip.csv.gz":     "data: zip.csv.gz is an archive inside an archive; unpack it first",
		"bomb.csv.gz":    "bomb.csv.gz: too big: more than 1048576 bytes of text",
	} {
		_, err := LoadTable(t.Context(), uri, dataset.ReadOptions{Limits: dataset.Limits{MaxBytes: 1 << 20}})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwanted %s", uri, err, want)
		}
	}
}

func TestLoadChecksItsOptions(t *testing.T) {
	if _, err := (&DataLoader{Attempts: -1}).Load(t.Context(), "", dataset.ReadOptions{}); err == nil {
		t.Error("-1 attempts were taken")
	}
	if _, err := LoadTable(t.Context(), "", dataset.ReadOptions{Need: []string{"colour"}}); !errors.Is(err, dataset.ErrNoColumn) {
		t.Error(err)
	}
}

func TestLoadStopsWithItsContext(t *testing.T) {
	writeData(t, map[string]string{"a.csv": "a\n1\n"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LoadTable(ctx, "a.csv", dataset.ReadOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func ExampleLoadTable() {
	data, err := LoadTable(context.Background(), "embedded:", dataset.ReadOptions{Need: []string{"quality"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	record := data.Record()
	fmt.Println(data.Location, data.Table.Rows(), "rows, digest", record.Digest)
	fmt.Println(record.Profile)
	// Output:
	// embedded: 1599 rows, digest 9e3cd6ce
	// {"num_rows": 1599, "num_elements": 19188}
}
