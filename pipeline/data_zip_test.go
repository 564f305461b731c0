package pipeline

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
)

// file is a file of a test archive.
type file struct {
	name, content string
	mode          fs.FileMode
	raw           func(*zip.FileHeader) // changes the header of a file written as it is, so that it may lie
}

func packZip(tb testing.TB, files ...file) string {
	tb.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		if f.content == "" {
			header.Method = zip.Store
		}
		header.SetMode(f.mode)
		content := []byte(f.content)
		create := archive.CreateHeader
		if f.raw != nil {
			content = rawContent(tb, header, content)
			f.raw(header)
			create = archive.CreateRaw
		}
		w, err := create(header)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// rawContent packs the content and fills in the header what zip.Writer.CreateRaw leaves to its caller.
func rawContent(tb testing.TB, header *zip.FileHeader, content []byte) []byte {
	tb.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	header.UncompressedSize64, header.CompressedSize64 = uint64(len(content)), uint64(packed.Len())
	return packed.Bytes()
}

func TestZip(t *testing.T) {
	const csv = "a,b\n1,2\n"
	table := file{name: "a.csv", content: csv}
	many := make([]file, 5_000)
	for i := range many {
		many[i] = file{name: fmt.Sprintf("%01000d", i)}
	}
	for _, test := range []struct {
		name, archive, member, want string
	}{
		{"one table", packZip(t, table, file{name: "wine.names", content: "text"}), "", ""},
		{"named", packZip(t, table, file{name: "d/b.CSV", content: csv}), "d/b.CSV", ""},
		{"named without extension", packZip(t, table, file{name: "b", content: csv}), "b", ""},
		{"macOS doubles", packZip(t, table, file{name: "__MACOSX/a.csv"}, file{name: "._a.csv"}, file{name: "d/"}), "", ""},
		{"legal dots", packZip(t, file{name: "a..b/...csv", content: csv}), "", ""},
		{"after other data", "#!/bin/sh\n" + packZip(t, table), "", "data: x.zip is not a zip archive"},
		{"several", packZip(t, table, file{name: "d/b.csv", content: csv}), "", `data: x.zip holds 2 CSV files: "a.csv", "d/b.csv"; name one as x.zip#a.csv`},
		{"absent", packZip(t, table), "c.csv", `data: x.zip holds no "c.csv"; its CSV files: "a.csv"`},
		{"a folder", packZip(t, table, file{name: "d/"}), "d/", `data: x.zip holds no "d/"; its CSV files: "a.csv"`},
		{"no table", packZip(t, file{name: "a.txt", content: csv}), "", `data: x.zip holds no CSV file, only "a.txt"`},
		{"empty", packZip(t), "", "data: x.zip is empty"},
		{"twice", packZip(t, table, table), "a.csv", `data: x.zip holds "a.csv" 2 times`},
		{"truncated", packZip(t, table)[:60], "", "data: x.zip is not a zip archive, or is cut short"},
		{"up", packZip(t, table, file{name: "../b.csv", content: csv}), "", `data: x.zip is refused: the name "../b.csv" in it leads out of the archive`},
		{"up inside", packZip(t, table, file{name: "d/../../b"}), "", `data: x.zip is refused: the name "d/../../b" in it leads out of the archive`},
		{"absolute", packZip(t, file{name: "/etc/a.csv", content: csv}), "", `data: x.zip is refused: the name "/etc/a.csv" in it leads out of the archive`},
		{"backslash", packZip(t, file{name: `d\a.csv`, content: csv}), "", `data: x.zip is refused: the name "d\\a.csv" in it leads out of the archive`},
		{"drive", packZip(t, file{name: "c:a.csv", content: csv}), "", `data: x.zip is refused: the name "c:a.csv" in it leads out of the archive`},
		{"link", packZip(t, file{name: "a.csv", content: "/etc/passwd", mode: fs.ModeSymlink | 0o777}), "", `data: x.zip is refused: "a.csv" in it is a link`},
		{
			"encrypted", packZip(t, file{name: "a.csv", content: csv, raw: func(h *zip.FileHeader) { h.Flags |= 1 }}), "",
			"data: x.zip#a.csv is encrypted; unpack it first",
		},
		{
			"other method", packZip(t, file{name: "a.csv", content: csv, raw: func(h *zip.FileHeader) { h.Method = 14 }}), "",
			"data: x.zip#a.csv is packed by method 14; only deflate and no packing can be read",
		},
		{
			"ratio", packZip(t, file{name: "a.csv", content: "a\n" + strings.Repeat("0\n", 1<<20)}), "",
			"data: x.zip#a.csv is too big: it would unpack to more than 200 times its size",
		},
		{
			"size", packZip(t, file{name: "a.csv", content: csv, raw: func(h *zip.FileHeader) { h.UncompressedSize64 = 5 << 20 }}), "",
			"data: x.zip#a.csv is too big: 5242880 bytes when unpacked, more than 4194304",
		},
		{
			"packed size", packZip(t, file{name: "a.csv", content: csv, raw: func(h *zip.FileHeader) { h.CompressedSize64 = 1 << 20 }}), "",
			"data: x.zip#a.csv is said to be larger than the archive; the archive is damaged or cut short",
		},
		{
			"more than it says", packZip(t, file{name: "a.csv", content: csv + strings.Repeat("3,4\n", 1000), raw: func(h *zip.FileHeader) { h.UncompressedSize64 = 8 }}), "",
			"read x.zip#a.csv: zip: not a valid zip file",
		},
		{
			"wrong checksum", packZip(t, file{name: "a.csv", content: csv, raw: func(h *zip.FileHeader) { h.CRC32 = 1 }}), "",
			"read x.zip#a.csv: zip: checksum error",
		},
		{"nested", packZip(t, file{name: "a.csv", content: packZip(t, table)}), "", "data: x.zip#a.csv is an archive inside an archive; unpack it first"},
		{"nested by name", packZip(t, file{name: "b.zip", content: packZip(t, table)}), "", `data: x.zip holds no CSV file, only "b.zip"`},
		{"web page", packZip(t, file{name: "a.csv", content: "<html>"}), "", "data: x.zip#a.csv is a web page or XML, not CSV"},
		{"too many files", packZip(t, many...), "", "data: x.zip lists too many files"},
		{"bad table", packZip(t, file{name: "a.csv", content: "a,b\n1,x\n"}), "", `x.zip#a.csv, line 2, column "b": "x" is not a number`},
	} {
		t.Run(test.name, func(t *testing.T) {
			writeData(t, map[string]string{"x.zip": test.archive})
			uri := "x.zip"
			if test.member != "" {
				uri += "#" + test.member
			}
			data, err := LoadTable(t.Context(), uri, dataset.ReadOptions{Limits: dataset.Limits{MaxBytes: 4 << 20}})
			switch {
			case test.want == "" && (err != nil || data.Table.Rows() != 1):
				t.Error(data, err)
			case test.want != "" && (err == nil || err.Error() != test.want):
				t.Errorf("%v\nwanted %s", err, test.want)
			}
		})
	}
}

// FuzzZip checks that any bytes are read or refused with one line, and never give more text than the limit.
func FuzzZip(f *testing.F) {
	f.Add([]byte(packZip(f, file{name: "a.csv", content: "a\n1\n"})), "")
	f.Add([]byte(packZip(f, file{name: "a.csv", content: strings.Repeat("a\n1\n", 100)}, file{name: "../b"})), "a.csv")
	f.Add([]byte(packZip(f, file{name: "l", mode: fs.ModeSymlink}, file{name: "d/x.CSV", content: "x"})), "d/x.CSV")
	f.Add([]byte("PK\x05\x06"), "")
	f.Fuzz(func(t *testing.T, archive []byte, member string) {
		const maxBytes = 1 << 16
		text, err := openMember(bytes.NewReader(archive), int64(len(archive)), zipWant{archive: "x.zip", member: member, maxBytes: maxBytes})
		if err != nil {
			if strings.ContainsAny(strings.TrimSuffix(err.Error(), member), "\n") && !strings.ContainsAny(member, "\n") {
				t.Errorf("error %q", err)
			}
			return
		}
		n, err := io.Copy(io.Discard, text)
		if n > maxBytes {
			t.Errorf("%d bytes, %v", n, err)
		}
		if closed := text.Close(); closed != nil && err == nil { // what is corrupt says so at the end too
			t.Error(closed)
		}
	})
}
