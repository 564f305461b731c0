package pipeline

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/wine"
)

// uciText is the table as the UCI repository writes it, with semicolons.
func uciText(t *testing.T) string {
	t.Helper()
	text, err := io.ReadAll(wine.Open())
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), ",", ";")
}

// uciServer serves an archive like UCI's, with the given text as the red wine table.
func uciServer(t *testing.T, red string) *DataLoader {
	t.Helper()
	archive := packZip(t, file{name: "winequality-red.csv", content: red}, file{name: "winequality-white.csv", content: "a\n1\n"},
		file{name: "winequality.names", content: "Citation Request"})
	server, _, loader := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/static/public/186/wine+quality.zip" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/zip")
		fmt.Fprint(w, archive)
	})
	loader.hooks.uci = server.URL + "/static/public/186/wine+quality.zip"
	return loader
}

func TestLoadUCI(t *testing.T) {
	original := uciText(t)
	rows := strings.SplitAfter(original, "\n")
	for _, test := range []struct {
		name, text, want string // DIGEST stands for the downloaded table's digest
	}{
		{"equal", original, ""},
		{"other value", strings.Replace(original, "7.8;0.88;", "7.8;0.89;", 1), `1 different value of 19188, first at row 2, column "volatile acidity": 0.89 instead of 0.88`},
		{"row missing", strings.Join(rows[:len(rows)-2], ""), "1598 rows instead of 1599"},
		{"other name", strings.Replace(original, `"pH"`, `"acid"`, 1), `column 9 is named "acid" instead of "pH"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			loader := uciServer(t, test.text)
			data, err := loader.Load(t.Context(), "uci", dataset.ReadOptions{Need: []string{wine.Target}})
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			if want != "" {
				want = fmt.Sprintf("the table of %s#winequality-red.csv (digest %s) is not the embedded one (digest %s): %s",
					loader.hooks.uci, data.Table.Digest(), wine.Digest, want)
			}
			if data.Difference != want {
				t.Errorf("%s\nwanted %s", data.Difference, want)
			}
			record := data.Record()
			if record.Name != "winequality-red" || record.SourceType != "http" || record.Source != `{"url": "`+loader.hooks.uci+`"}` ||
				(test.want == "") != (record.Digest == wine.Digest) {
				t.Errorf("%+v", record)
			}
		})
	}
}

func TestLoadUCIPartOfTheColumns(t *testing.T) {
	loader := uciServer(t, uciText(t))
	data, err := loader.Load(t.Context(), "uci", dataset.ReadOptions{Need: []string{"pH", wine.Target}, NeedOnly: true})
	if err != nil || data.Difference != "" || len(data.Table.Names()) != 2 {
		t.Error(data, err)
	}
}

func TestLoadUCIUnreadable(t *testing.T) {
	loader := uciServer(t, "not;a\ntable")
	_, err := loader.Load(t.Context(), "uci", dataset.ReadOptions{})
	if want := loader.hooks.uci + "#winequality-red.csv, line 2: 1 value where the header names 2 columns"; err == nil || err.Error() != want {
		t.Error(err)
	}
	loader.hooks.uci += ".gone"
	_, err = loader.Load(t.Context(), "uci", dataset.ReadOptions{})
	if want := "data: download " + loader.hooks.uci + "#winequality-red.csv: the server answered 404 Not Found"; err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestUCIAddress(t *testing.T) {
	place, err := parseDataURI("uci")
	if err != nil || place.display != "https://archive.ics.uci.edu/static/public/186/wine+quality.zip" || (dataHooks{}).uciURL() != place.display {
		t.Error(place, err)
	}
}
