package prefectclient

import (
	"context"
	"encoding/json"
)

// Block is the data of a block document of a known type; see [SaveBlock] and [LoadBlock]. A type of your own is a struct
// with a method that gives the slug of its block type.
type Block interface {
	// BlockType is the slug of the block's type.
	BlockType() string
}

// SaveBlock keeps a block under a name, or replaces the one of this name. The type must exist on the server, as those of
// Prefect's own do.
func SaveBlock[B Block](ctx context.Context, c *Client, name string, block B) (*BlockDocument, error) {
	return c.BlockDocuments.Save(ctx, block.BlockType(), name, block)
}

// LoadBlock gives the block of a name, with its secrets; none is an [ErrNotFound].
func LoadBlock[B Block](ctx context.Context, c *Client, name string) (B, error) {
	var block B
	err := c.BlockDocuments.Load(ctx, block.BlockType(), name, &block)
	return block, err
}

// Secret is a value that the server hides: a text, or any JSON.
type Secret struct {
	Value json.RawMessage `json:"value"`
}

// BlockType is "secret".
func (Secret) BlockType() string { return "secret" }

// SecretText makes a secret of a text.
func SecretText(text string) Secret { return Secret{Value: mustJSON(text)} }

// Text gives a secret that is a text, and false for other JSON.
func (s Secret) Text() (string, bool) {
	var text *string
	if json.Unmarshal(s.Value, &text) != nil || text == nil {
		return "", false
	}
	return *text, true
}

// String hides the value, so that a secret can be logged.
func (Secret) String() string { return "********" }

// GoString hides the value.
func (s Secret) GoString() string { return "prefectclient.Secret(" + s.String() + ")" }

// LocalFileSystem is a folder of the machine that a flow runs on.
type LocalFileSystem struct {
	BasePath string `json:"basepath,omitempty"`
}

// BlockType is "local-file-system".
func (LocalFileSystem) BlockType() string { return "local-file-system" }

// RemoteFileSystem is a place that Python reaches by fsspec: BasePath is a URI such as s3://bucket/folder, Settings are
// those of its file system. The server hides none of them.
type RemoteFileSystem struct {
	BasePath string             `json:"basepath"`
	Settings RemoteFileSettings `json:"settings"`
}

// BlockType is "remote-file-system".
func (RemoteFileSystem) BlockType() string { return "remote-file-system" }

// RemoteFileSettings are what s3fs takes for S3 and MinIO.
type RemoteFileSettings struct {
	UseSSL        bool              `json:"use_ssl"`
	Key           string            `json:"key,omitempty"`
	Secret        string            `json:"secret,omitempty"`
	ClientOptions map[string]string `json:"client_kwargs,omitempty"`
}

// Webhook is a request that an automation sends; see [CallWebhook].
type Webhook struct {
	// Method defaults to POST.
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	// AllowPrivateURLs lets the server send to addresses of its own network.
	AllowPrivateURLs bool `json:"allow_private_urls"`
}

// BlockType is "webhook".
func (Webhook) BlockType() string { return "webhook" }
