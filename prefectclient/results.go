package prefectclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ResultStorage is where results are kept, by key. Implementations are safe for concurrent use.
type ResultStorage interface {
	// Read gives what was written under a key; nothing there is an error that is [fs.ErrNotExist].
	Read(ctx context.Context, key string) ([]byte, error)
	// Write keeps data under a key, whole or not at all. What was there before is replaced.
	Write(ctx context.Context, key string, data []byte) error
	// Key is how a record names what is kept under a key, so that others find it: for local files their path.
	Key(key string) string
	// BlockID is the id of the storage's block document on the server; "" for local files, or when there is none.
	BlockID() string
}

// KeepResult keeps a run's result as JSON, in the form in which Python's Prefect keeps results with its JSON serializer:
// the run's state says where, and Python's State.result() reads it.
func KeepResult(storage ResultStorage) RunOption {
	return func(s *runSpec) error {
		if storage == nil {
			return errors.New("KeepResult needs a storage")
		}
		s.results = storage
		return nil
	}
}

// LocalResults keeps results as files in a folder, which is made when missing.
func LocalResults(dir string) ResultStorage { return localResults(dir) }

type localResults string

func (l localResults) Key(key string) string {
	path := filepath.Join(string(l), filepath.FromSlash(key))
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

func (l localResults) BlockID() string { return "" }

func (l localResults) Read(_ context.Context, key string) ([]byte, error) {
	return os.ReadFile(l.Key(key))
}

func (l localResults) Write(_ context.Context, key string, data []byte) error {
	path := l.Key(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".result-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// resultRecord is a kept result with what a reader needs to know.
type resultRecord struct {
	Metadata resultMetadata `json:"metadata"`
	// Result is the serialized result: JSON in a text.
	Result string `json:"result"`

	key string
}

// resultMetadata is also what a run's state says of its result.
type resultMetadata struct {
	StorageKey string           `json:"storage_key"`
	Expiration *time.Time       `json:"expiration"`
	Serializer resultSerializer `json:"serializer"`
	// Version is that of the Prefect whose form this is.
	Version string  `json:"prefect_version"`
	BlockID *string `json:"storage_block_id"`
}

// resultSerializer names the serializer; Python knows the rest of "json" by default.
type resultSerializer struct {
	Type string `json:"type"`
}

// recordVersion is the Prefect whose form of records is written.
const recordVersion = "3.8.8"

func newResultRecord(storage ResultStorage, key string, value any, expiry time.Duration) (*resultRecord, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("it cannot be written as JSON: %w", err)
	}
	record := &resultRecord{
		Metadata: resultMetadata{StorageKey: storage.Key(key), Serializer: resultSerializer{Type: "json"}, Version: recordVersion},
		Result:   string(bytes.TrimSpace(text.Bytes())), key: key,
	}
	if expiry > 0 {
		record.Metadata.Expiration = new(now().Add(expiry))
	}
	if id := storage.BlockID(); id != "" {
		record.Metadata.BlockID = &id
	}
	return record, nil
}

// keep writes the record, and gives what the run's state says of it.
func (r *resultRecord) keep(ctx context.Context, storage ResultStorage) (json.RawMessage, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if err := storage.Write(ctx, r.key, data); err != nil {
		return nil, fmt.Errorf("the result could not be kept as %s: %w", r.Metadata.StorageKey, err)
	}
	return json.Marshal(r.Metadata)
}

// readResultRecord gives a record that has not expired, or nil.
func readResultRecord(ctx context.Context, storage ResultStorage, key string) (*resultRecord, error) {
	data, err := storage.Read(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	record := &resultRecord{key: key}
	if err := json.Unmarshal(data, record); err != nil {
		return nil, fmt.Errorf("%s is not a result: %w", storage.Key(key), err)
	}
	if record.Metadata.Serializer.Type != "json" {
		return nil, fmt.Errorf("%s was written by Python's serializer %q; only json can be read", storage.Key(key), record.Metadata.Serializer.Type)
	}
	if ends := record.Metadata.Expiration; ends != nil && !ends.After(time.Now()) {
		return nil, nil
	}
	return record, nil
}
