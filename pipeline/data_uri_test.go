package pipeline

import (
	"strings"
	"testing"

	"mlopsgo/internal/s3"
)

func TestParseDataURI(t *testing.T) {
	for uri, want := range map[string]dataPlace{
		"":                         {kind: embeddedData, display: "embedded:"},
		"uci":                      {kind: uciData, display: uciAddress},
		"./uci":                    {kind: fileData, display: "./uci", path: "./uci"},
		"v1:data.csv":              {kind: fileData, display: "v1:data.csv", path: "v1:data.csv"},
		`C:\data\wine.zip#a\b.csv`: {kind: fileData, display: `C:\data\wine.zip#a\b.csv`, path: `C:\data\wine.zip`, member: `a\b.csv`},
		"a#b.csv":                  {kind: fileData, display: "a#b.csv", path: "a#b.csv"},
		"a.zip#":                   {kind: fileData, display: "a.zip#", path: "a.zip#"},
		"a.zip#b.zip#c":            {kind: fileData, display: "a.zip#b.zip#c", path: "a.zip", member: "b.zip#c"},
		"file:///d/a%20b.zip#c%20d": {
			kind: fileData, display: "file:///d/a%20b.zip#c%20d", path: "/d/a b.zip", member: "c d",
		},
		"HTTPS://h/a.zip#b.csv": {kind: webData, display: "https://h/a.zip#b.csv", url: "https://h/a.zip", member: "b.csv"},
		"https://user:pass@h:1/a.csv?v=2&X-Amz-Signature=abc&x=1&access_token=t": {
			kind:    webData,
			display: "https://h:1/a.csv?v=2&X-Amz-Sig=hidden&x=1&access_token=hidden",
			url:     "https://user:pass@h:1/a.csv?v=2&X-Amz-Signature=abc&x=1&access_token=t",
		},
		"s3://bucket/a#b.csv": {kind: s3Data, display: "s3://bucket/a#b.csv", object: s3.Address{Bucket: "bucket", Key: "a#b.csv"}},
		"S3://bucket/a.zip#b": {kind: s3Data, display: "s3://bucket/a.zip#b", object: s3.Address{Bucket: "bucket", Key: "a.zip"}, member: "b"},
	} {
		got, err := parseDataURI(uri)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v\nwanted %+v", uri, got, err, want)
		}
	}
}

func TestParseDataURIRefuses(t *testing.T) {
	for uri, want := range map[string]string{
		"embedded:iris":            `data: there is no "embedded:iris"; the only embedded table is embedded:`,
		"ftp://me:hidden@host/a":   "data: cannot read from ftp://…; give embedded:, uci, a path, https://…, http://… or s3://bucket/key",
		"https://":                 `data: "https://" is not a web address; write https://host/path`,
		"https:///a.csv":           `data: "https:///a.csv" is not a web address; write https://host/path`,
		"http://me:hidden@h:x/a":   `data: "http://h:x/a" is not a web address; write https://host/path`,
		"http://me:hid@den@h%zz/a": `data: "http://h%zz/a" is not a web address; write https://host/path`,
		"file://host/a":            `data: "file://host/a" is not the address of a local file; write file:///folder/data.csv or the path alone`,
		"file://":                  `data: "file://" is not the address of a local file; write file:///folder/data.csv or the path alone`,
		"s3://bucket":              `data: "s3://bucket" names a bucket and no object; write s3://bucket/key`,
		"a\nb":                     "data: the address holds a control character",
	} {
		if _, err := parseDataURI(uri); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwanted %s", uri, err, want)
		}
	}
}

func TestTableName(t *testing.T) {
	for uri, want := range map[string]string{
		"wine.csv": "wine", "/d/wine.CSV.GZ": "wine", "a.zip": "a.zip", ".csv": ".csv", "x": "x", `d\w.csv`: "w", "/": "dataset",
		"https://h/d/w%20e.csv?v=1": "w e", "https://h": "dataset", "https://h/": "dataset", "s3://bucket/d/w.csv": "w",
	} {
		place, err := parseDataURI(uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := tableName(place.file()); got != want {
			t.Errorf("%s: %q, wanted %q", uri, got, want)
		}
	}
}

// FuzzParseURI checks that an address is read or refused, and that what is shown of it holds neither password nor line break.
func FuzzParseURI(f *testing.F) {
	for _, seed := range []string{
		"", "embedded:", "uci", "a.zip#b.csv", "https://u:PASSWORD@h/x?token=PASSWORD#m", "s3://bucket/key", "file:///a%2Fb", "http://[::1]:80/%zz",
		"HTTP://u:PASSWORD@@h:99999/", "https://h/?a;sig=PASSWORD",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		place, err := parseDataURI(uri)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("%q gives the error %q", uri, err)
			}
			return
		}
		if strings.ContainsAny(place.display, "\n\r") {
			t.Errorf("%q is shown as %q", uri, place.display)
		}
		if place.kind == webData {
			if again, err := parseDataURI(place.display); err != nil || again.display != place.display || strings.Contains(again.url, "@") && !strings.Contains(place.url, "@") {
				t.Errorf("%q is shown as %q, which reads as %+v, %v", uri, place.display, again, err)
			}
		}
		if tableName(place.file()) == "" {
			t.Errorf("%q has no table name", uri)
		}
	})
}
