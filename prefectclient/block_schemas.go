package prefectclient

import (
	"context"
	"encoding/json"
	"iter"
)

// BlockSchemasService holds the schemas of block types, one for each version of their fields.
type BlockSchemasService struct{ client *Client }

// BlockSchema says which fields a document has. Fields is a JSON schema; "secret_fields" in it names those that the
// server hides.
type BlockSchema struct {
	ID           string          `json:"id,omitempty"`
	Checksum     string          `json:"checksum,omitempty"`
	Fields       json.RawMessage `json:"fields"`
	BlockTypeID  string          `json:"block_type_id"`
	Capabilities []string        `json:"capabilities"`
	Version      string          `json:"version,omitempty"`
}

// Create makes a schema, or gives the one of the same content: the server knows schemas by a checksum of their fields.
func (s *BlockSchemasService) Create(ctx context.Context, in BlockSchema) (*BlockSchema, error) {
	in.ID, in.Checksum = "", ""
	if in.Capabilities == nil {
		in.Capabilities = []string{}
	}
	var schema BlockSchema
	if _, err := s.client.call(ctx, post("/block_schemas/", in).harmless(), &schema); err != nil {
		return nil, err
	}
	return &schema, nil
}

// ReadByChecksum gives the schema with this checksum ("sha256:…") and version ("" for the latest).
func (s *BlockSchemasService) ReadByChecksum(ctx context.Context, checksum, version string) (*BlockSchema, error) {
	req := get(pathOf("block_schemas", "checksum", checksum))
	if version != "" {
		req.query = map[string][]string{"version": {version}}
	}
	var schema BlockSchema
	if _, err := s.client.call(ctx, req, &schema); err != nil {
		return nil, err
	}
	return &schema, nil
}

// Filter walks the schemas of a type, the latest first.
func (s *BlockSchemasService) Filter(ctx context.Context, blockTypeID string) iter.Seq2[*BlockSchema, error] {
	filter := map[string]any{"block_type_id": AnyFilter{Any: []string{blockTypeID}}}
	return pages(0, func(b *BlockSchema) string { return b.ID }, func(p page) ([]*BlockSchema, error) {
		return fetch[BlockSchema](ctx, s.client, "/block_schemas/filter", struct {
			BlockSchemas map[string]any `json:"block_schemas"`
			page
		}{filter, p})
	})
}

// Read gives the schema with this id.
func (s *BlockSchemasService) Read(ctx context.Context, id string) (*BlockSchema, error) {
	return one[BlockSchema](ctx, s.client, get(pathOf("block_schemas", id)))
}

// Delete removes a schema with its documents.
func (s *BlockSchemasService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("block_schemas", id)), nil)
	return err
}
