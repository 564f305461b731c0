package pipeline

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/wine"
)

// Defaults of a [DataLoader]'s zero fields.
const (
	defaultMaxDownload  = 256 << 20
	defaultDataTimeout  = 5 * time.Minute
	defaultDataAttempts = 4
)

// Data is a table with where it came from.
type Data struct {
	// Table is named after the file, without folders and extensions.
	Table *dataset.Table
	// Location is the address the table was read from, without passwords and signatures.
	Location string
	// Difference tells, for uci, how the downloaded table differs from the embedded one; empty when they are equal and for
	// all other data. It is news, not an error.
	Difference string

	source   dataset.Source
	embedded bool
	etag     string // of the download
}

// Record is what MLflow stores for the table as a run's input. Embedded data has the code as its source, for which Python
// records the run's context tags: pass them in the order mlflow.user, mlflow.source.name, mlflow.source.type.
func (d *Data) Record(runTags ...dataset.Tag) dataset.Record {
	if d.embedded {
		return d.Table.Record(dataset.CodeSource(runTags...))
	}
	return d.Table.Record(d.source)
}

// DataLoader reads tables from addresses. The zero value works with the defaults; it is not changed by use and safe for
// concurrent use.
type DataLoader struct {
	// Getenv looks up the variables that say how to reach S3 (see [mlopsgo/internal/s3.ConfigFromEnv]); nil means none are
	// given, and only what the AWS SDK finds by itself is used.
	Getenv func(string) string
	// MaxDownload bounds a download in bytes, before it is unpacked; 0 means 256 MiB. The unpacked text and the table are
	// bounded by the ReadOptions' Limits.
	MaxDownload int64
	// Timeout bounds one attempt of a download; 0 means 5 minutes.
	Timeout time.Duration
	// Attempts is how often a download is tried when the server is busy, cannot be reached or cuts the body; 0 means 4.
	Attempts int
	// SHA256 is the checksum, in hex, that a file, a download or an object must have as it stands, before it is unpacked; empty for any.
	SHA256 string
	// OnProgress is called while something is downloaded, with the bytes so far and those of the whole, -1 when the server does not say. After a
	// cut the count goes on where the server can, else it begins again. Nil is fine.
	OnProgress func(done, total int64)

	hooks dataHooks
}

// LoadTable reads the table at uri with the default [DataLoader].
func LoadTable(ctx context.Context, uri string, want dataset.ReadOptions) (*Data, error) {
	return new(DataLoader).Load(ctx, uri, want)
}

// Load reads the table at uri, which is one of
//
//	embedded:               the red wine table in the binary; also the empty string
//	uci                     the same table downloaded from the UCI repository, compared with the embedded one
//	path/data.csv           a file: CSV, the same compressed by gzip, or a zip archive with one CSV file in it
//	https://host/data.csv   a download of any of these; http:// likewise
//	s3://bucket/key         an object holding any of these
//
// What a file is, is told by its content. An archive with several CSV files needs the name of one: data.zip#folder/data.csv.
// Downloads, unpacked text and tables are bounded; of an archive only the wanted file is read, and an archive with names that
// lead out of it, links, encryption or an absurd compression is refused. want says which columns there must be; see
// [dataset.ReadCSV] for what is refused in the table itself.
func (l *DataLoader) Load(ctx context.Context, uri string, want dataset.ReadOptions) (*Data, error) {
	return l.loadInto(ctx, uri, want, io.Discard)
}

// loadInto is Load, and writes the CSV text, unpacked, as it stands to text.
func (l *DataLoader) loadInto(ctx context.Context, uri string, want dataset.ReadOptions, text io.Writer) (*Data, error) {
	if l.MaxDownload < 0 || l.Timeout < 0 || l.Attempts < 0 {
		return nil, fmt.Errorf("DataLoader: %d bytes, time-out %v, %d attempts: none may be negative", l.MaxDownload, l.Timeout, l.Attempts)
	}
	return l.loadUnless(ctx, uri, "", want, text)
}

// loadUnless is loadInto; of a web address whose server says that its file still has that ETag it fails with errUnchanged.
func (l *DataLoader) loadUnless(ctx context.Context, uri, etag string, want dataset.ReadOptions, text io.Writer) (*Data, error) {
	place, err := parseDataURI(uri)
	if err != nil {
		return nil, err
	}
	place.etag = etag
	switch place.kind {
	case embeddedData:
		return loadEmbedded(want, text)
	case uciData:
		return l.loadUCI(ctx, etag, want, text)
	default:
		return l.load(ctx, place, want, text)
	}
}

// loadEmbedded reads the table in the binary.
func loadEmbedded(want dataset.ReadOptions, text io.Writer) (*Data, error) {
	table, err := dataset.ReadCSV(io.TeeReader(wine.Open(), text), wine.Name, want)
	if err != nil {
		return nil, err
	}
	return &Data{Table: table.Named(tableName(wine.Name)), Location: embeddedURI, embedded: true}, nil
}

// load reads a table from a file, the web or S3.
func (l *DataLoader) load(ctx context.Context, place dataPlace, want dataset.ReadOptions, text io.Writer) (*Data, error) {
	file, err := l.openPlace(ctx, place)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := file.check(l.SHA256, place.display); err != nil {
		return nil, err
	}
	content, err := openText(file, place, want.Limits)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	table, err := dataset.ReadCSV(io.TeeReader(&contextReader{ctx, content}, text), content.name, want)
	if err != nil {
		return nil, err
	}
	return &Data{Table: table.Named(tableName(content.file)), Location: place.display, source: place.source(), etag: file.etag}, nil
}

// openPlace gives the content at an address as a file on disk, which a zip archive needs.
func (l *DataLoader) openPlace(ctx context.Context, place dataPlace) (*dataFile, error) {
	switch place.kind {
	case webData:
		return l.fetch(ctx, place, l.openWeb(place))
	case s3Data:
		open, err := l.openS3(ctx, place)
		if err != nil {
			return nil, err
		}
		return l.fetch(ctx, place, open)
	default:
		return openLocal(place)
	}
}

// loadUCI downloads the original and compares.
func (l *DataLoader) loadUCI(ctx context.Context, etag string, want dataset.ReadOptions, text io.Writer) (*Data, error) {
	embedded, err := loadEmbedded(want, io.Discard)
	if err != nil {
		return nil, err
	}
	place, err := parseDataURI(l.hooks.uciURL() + "#" + wine.Name)
	if err != nil {
		return nil, err
	}
	place.etag = etag
	data, err := l.load(ctx, place, want, text)
	if err != nil {
		return nil, err
	}
	data.source = dataset.HTTPSource(l.hooks.uciURL()) // the archive's address, which can be downloaded as it stands
	if difference := embedded.Table.Diff(data.Table); difference != "" {
		data.Difference = fmt.Sprintf("the table of %s (digest %s) is not the embedded one (digest %s): %s",
			data.Location, data.Table.Digest(), embedded.Table.Digest(), difference)
	}
	return data, nil
}

// tableName is a file's name without folders and extensions; "dataset", MLflow's own default, when there is none.
func tableName(file string) string {
	name := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for _, extension := range []string{".gz", ".csv"} {
		if n := len(name) - len(extension); n > 0 && strings.EqualFold(name[n:], extension) {
			name = name[:n]
		}
	}
	if name == "." || name == "/" {
		return "dataset"
	}
	return name
}
