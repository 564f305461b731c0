package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/s3"
	"mlopsgo/internal/wine"
)

// Where the original keeps its data, and where [Ingest] and the registration flow look when nothing else is said.
const (
	DefaultBucket = "mlflow-artifacts"
	DefaultKey    = "winequality-red.csv"
)

// Ingest puts a table into a bucket, where the steps after it find it as s3://bucket/key.
type Ingest struct {
	// Data is where the table comes from, in one of the forms of [DataLoader.Load]; empty means the red wine table in the binary.
	Data string
	// Bucket and Key say where it goes; [DefaultBucket] and [DefaultKey] when empty. A missing bucket is made.
	Bucket, Key string
	// Loader reads Data, whose text it keeps in memory, and its Getenv says how to reach S3; nil means the default one.
	Loader *DataLoader
	// Target is a column that must be there and may hold text, as a class does; empty means "quality". Of the others, those that hold
	// anything but numbers are put and not looked at.
	Target string
}

// Ingested tells what an [Ingest] did.
type Ingested struct {
	// Address is s3://bucket/key.
	Address string
	// Data is the table as it was read back from there.
	Data *Data
	// Bytes is the size of the object.
	Bytes int64
	// MadeBucket tells that there was no bucket before, Unchanged that the object was there already, byte for byte.
	MadeBucket, Unchanged bool
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
	target := cmp.Or(in.Target, wine.Target)
	want := dataset.ReadOptions{Need: []string{target}, Text: []string{target}, DropOthers: true}
	var text bytes.Buffer
	source, err := in.Loader.loadInto(ctx, in.Data, want, &text)
	if err != nil {
		return nil, err
	}
	client, err := newS3(ctx, in.Loader.Getenv)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	done := &Ingested{Address: address.String(), Bytes: int64(text.Len())}
	if err := done.put(ctx, client, address, text.Bytes()); err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	if done.Data, err = in.Loader.Load(ctx, done.Address, want); err != nil {
		return nil, fmt.Errorf("ingest: read back what was put: %w", err)
	}
	if difference := source.Table.Diff(done.Data.Table); difference != "" {
		return nil, fmt.Errorf("ingest: %s does not hold what was put there (digest %s instead of %s): %s; does somebody else write to it?",
			done.Address, done.Data.Table.Digest(), source.Table.Digest(), difference)
	}
	return done, nil
}

// put brings the bucket and the object about.
func (d *Ingested) put(ctx context.Context, client *s3.Client, address s3.Address, text []byte) (err error) {
	if d.MadeBucket, err = client.EnsureBucket(ctx, address.Bucket); err != nil {
		return err
	}
	if !d.MadeBucket {
		there, err := client.Head(ctx, address)
		if err != nil && !errors.Is(err, s3.ErrNoSuchKey) {
			return err
		}
		if err == nil && there.Holds(text) {
			d.Unchanged = true
			return nil
		}
	}
	_, err = client.Put(ctx, address, bytes.NewReader(text), "text/csv")
	return err
}
