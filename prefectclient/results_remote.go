package prefectclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"mlopsgo/internal/s3"
)

// maxResultBytes bounds what is read as a result, which is held in memory.
const maxResultBytes = 1 << 30

// RemoteResults keeps results where a RemoteFileSystem block of the server says: in a folder of S3 or MinIO
// (s3://bucket/folder, the bucket must exist). The records name the block, so that Python finds them by it.
func RemoteResults(ctx context.Context, c *Client, block string) (ResultStorage, error) {
	doc, err := c.BlockDocuments.ReadByName(ctx, RemoteFileSystem{}.BlockType(), block)
	if err != nil {
		return nil, err
	}
	place, err := LoadBlock[RemoteFileSystem](ctx, c, block)
	if err != nil {
		return nil, err
	}
	settings := place.Settings
	store, err := s3.New(ctx, s3.Config{
		Endpoint: settings.ClientOptions["endpoint_url"], AccessKeyID: settings.Key, SecretAccessKey: settings.Secret,
		OneCall: true, // results are few, and nobody closes a storage
	})
	if err != nil {
		return nil, fmt.Errorf("prefect: the storage of block %q: %w", block, err)
	}
	r := &remoteResults{store: store, base: strings.TrimRight(place.BasePath, "/"), blockID: doc.ID}
	if _, err := s3.ParseAddress(r.base + "/x"); err != nil {
		return nil, fmt.Errorf("prefect: the storage of block %q: %w", block, err)
	}
	return r, nil
}

type remoteResults struct {
	store   *s3.Client
	base    string
	blockID string
}

// Key is the key as it is: readers put the block's base path before it.
func (r *remoteResults) Key(key string) string { return key }

func (r *remoteResults) BlockID() string { return r.blockID }

func (r *remoteResults) Read(ctx context.Context, key string) ([]byte, error) {
	address, err := s3.ParseAddress(r.base + "/" + key)
	if err != nil {
		return nil, err
	}
	object, err := r.store.Get(ctx, address, maxResultBytes)
	if errors.Is(err, s3.ErrNoSuchKey) {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	if err != nil {
		return nil, err
	}
	defer object.Close()
	return io.ReadAll(object)
}

func (r *remoteResults) Write(ctx context.Context, key string, data []byte) error {
	address, err := s3.ParseAddress(r.base + "/" + key)
	if err != nil {
		return err
	}
	_, err = r.store.Put(ctx, address, bytes.NewReader(data), "application/json")
	return err
}
