package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/s3"
	"mlopsgo/internal/wine"
	"mlopsgo/mlflowclient"
)

// Where the original keeps its data, and where [Ingest] and the registration flow look when nothing else is said.
const (
	DefaultBucket = "mlflow-artifacts"
	DefaultKey    = "winequality-red.csv"
)

// Metadata of an object that an ingestion put: where the table came from, and the ETag that its server gave it.
const (
	metaSource = "source"
	metaETag   = "source-etag"
)

// mostETag is how many bytes of a source's ETag are kept: metadata has room for little.
const mostETag = 255

// Ingest puts a table into a bucket, where the steps after it find it as s3://bucket/key.
type Ingest struct {
	// Data is where the table comes from, in one of the forms of [DataLoader.Load]; empty means the red wine table in the binary.
	Data string
	// Bucket and Key say where it goes; [DefaultBucket] and [DefaultKey] when empty. A missing bucket is made.
	Bucket, Key string
	// Versioning has the bucket keep what is replaced. It is switched on and never off.
	Versioning bool
	// Loader reads Data, whose text it keeps in memory, and its Getenv says how to reach S3; nil means the default one.
	Loader *DataLoader
	// Target is a column that must be there and may hold text, as a class does; empty means "quality". Of the others, those that hold
	// anything but numbers are put and not looked at.
	Target string
	// Client and Experiment say where the table is recorded as a data set, once for each digest and address; the experiment is made when missing,
	// and is [DataExperiment] when empty. A nil Client records nothing.
	Client     *mlflowclient.Client
	Experiment string
}

// Ingested tells what an [Ingest] did.
type Ingested struct {
	// Address is s3://bucket/key.
	Address string
	// Source is where the table came from, without passwords and signatures.
	Source string
	// Data is the table as it was read back from there.
	Data *Data
	// Bytes is the size of the object.
	Bytes int64
	// MadeBucket tells that there was no bucket before, Versioned that its versioning was switched on, Unchanged that the object was there
	// already, byte for byte.
	MadeBucket, Versioned, Unchanged bool
	// NotModified tells that the source's server said that its file is still the one that was put, so that it was not downloaded.
	NotModified bool
	// Schema is kept beside the table, as key.schema.json.
	Schema *SchemaReport
	// Run is the run in MLflow; its ID is empty when nothing was recorded.
	Run mlflowclient.RunInfo
}

func (in Ingest) target() string { return cmp.Or(in.Target, wine.Target) }

// options are for reading the table at both ends.
func (in Ingest) options() dataset.ReadOptions {
	return dataset.ReadOptions{Need: []string{in.target()}, Text: []string{in.target()}, DropOthers: true, SkipIncomplete: true}
}

// Run puts the CSV text as it stands (unpacked, when Data is compressed), unless the bucket holds the same bytes under that key, and
// reads it back: the digest and every value must be those of the source. A table that cannot be read is refused before anything is
// written.
func (in Ingest) Run(ctx context.Context) (*Ingested, error) {
	if in.Loader == nil {
		in.Loader = new(DataLoader)
	}
	address, err := s3.ParseAddress(s3.Address{Bucket: cmp.Or(in.Bucket, DefaultBucket), Key: cmp.Or(in.Key, DefaultKey)}.String())
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	client, err := newS3(ctx, in.Loader.Getenv)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	source, err := parseDataURI(in.Data)
	if err != nil {
		return nil, err
	}
	done := &Ingested{Address: address.String(), Source: source.display}
	if err := in.transfer(ctx, client, address, done); err != nil {
		return nil, err
	}
	done.Schema = schemaOfTable(done.Data.Table)
	if err := done.keepSchema(ctx, client, address); err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	if err := in.version(ctx, client, address.Bucket, done); err != nil { // of a bucket to which nothing was put
		return nil, fmt.Errorf("ingest: %w", err)
	}
	if err := in.record(ctx, done); err != nil {
		return nil, fmt.Errorf("ingest: the table is at %s, and could not be recorded: %w", done.Address, err)
	}
	return done, nil
}

// transfer brings the object about and reads it back.
func (in Ingest) transfer(ctx context.Context, client *s3.Client, address s3.Address, done *Ingested) error {
	there, found, err := headObject(ctx, client, address)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	var text bytes.Buffer
	source, err := in.Loader.loadUnless(ctx, in.Data, in.knownETag(there, done.Source), in.options(), &text)
	back := *in.Loader
	back.SHA256, back.OnProgress = "", nil // which are the source's
	if errors.Is(err, errUnchanged) {
		done.Unchanged, done.NotModified, done.Bytes = true, true, there.Size
		if done.Data, err = back.Load(ctx, done.Address, in.options()); err != nil {
			return fmt.Errorf("ingest: read what was put before: %w", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	done.Bytes = int64(text.Len())
	etag := source.etag
	if len(etag) > mostETag {
		etag = ""
	}
	if done.Unchanged = found && there.Holds(text.Bytes()) && there.Metadata[metaETag] == etag; !done.Unchanged {
		if err := in.put(ctx, client, address, etag, text.Bytes(), done); err != nil {
			return fmt.Errorf("ingest: %w", err)
		}
		done.Unchanged = found && there.Holds(text.Bytes())
	}
	if done.Data, err = back.Load(ctx, done.Address, in.options()); err != nil {
		return fmt.Errorf("ingest: read back what was put: %w", err)
	}
	if difference := source.Table.Diff(done.Data.Table); difference != "" {
		return fmt.Errorf("ingest: %s does not hold what was put there (digest %s instead of %s): %s; does somebody else write to it?",
			done.Address, done.Data.Table.Digest(), source.Table.Digest(), difference)
	}
	return nil
}

// knownETag is the source's ETag when the object was put from the same source.
func (in Ingest) knownETag(there s3.Info, source string) string {
	if in.Loader.SHA256 != "" || there.Metadata[metaSource] != url.PathEscape(source) { // a checksum is of the download
		return ""
	}
	return there.Metadata[metaETag]
}

// headObject looks whether an object is there. Who may not list the bucket is denied access to one that is not.
func headObject(ctx context.Context, client *s3.Client, address s3.Address) (there s3.Info, found bool, err error) {
	there, err = client.Head(ctx, address)
	switch {
	case err == nil:
		return there, true, nil
	case errors.Is(err, s3.ErrNoSuchKey), errors.Is(err, s3.ErrNoSuchBucket), errors.Is(err, s3.ErrAccessDenied):
		return there, false, nil
	}
	return there, false, err
}

// put writes the object, and the bucket before it.
func (in Ingest) put(ctx context.Context, client *s3.Client, address s3.Address, etag string, text []byte, done *Ingested) (err error) {
	if done.MadeBucket, err = client.EnsureBucket(ctx, address.Bucket); err != nil {
		return err
	}
	if err := in.version(ctx, client, address.Bucket, done); err != nil { // before anything is replaced
		return err
	}
	metadata := map[string]string{metaSource: url.PathEscape(done.Source)}
	if etag != "" {
		metadata[metaETag] = etag
	}
	_, err = client.PutWith(ctx, address, bytes.NewReader(text), "text/csv", metadata)
	return err
}

// version switches the bucket's versioning on where that is wanted.
func (in Ingest) version(ctx context.Context, client *s3.Client, bucket string, done *Ingested) error {
	if !in.Versioning {
		return nil
	}
	changed, err := client.EnsureVersioning(ctx, bucket)
	done.Versioned = done.Versioned || changed
	return err
}

// keepSchema writes the report beside the table, unless it is there.
func (d *Ingested) keepSchema(ctx context.Context, client *s3.Client, address s3.Address) error {
	text, err := d.Schema.schemaText()
	if err != nil {
		return err
	}
	address.Key += "." + SchemaFile
	there, found, err := headObject(ctx, client, address)
	if err != nil {
		return err
	}
	if found {
		content := make([]byte, text.Size())
		if _, err := text.ReadAt(content, 0); err == nil && there.Holds(content) {
			return nil
		}
	}
	_, err = client.Put(ctx, address, text, "application/json")
	return err
}
