package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
)

// BlockDocumentsService holds block documents: named configuration of a block type, shown in the UI under Blocks.
type BlockDocumentsService struct{ client *Client }

// BlockDocument is one document. Secret fields hold stars unless they were asked for.
type BlockDocument struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Data          json.RawMessage `json:"data"`
	BlockSchemaID string          `json:"block_schema_id"`
	BlockTypeID   string          `json:"block_type_id"`
	BlockTypeName string          `json:"block_type_name"`
	IsAnonymous   bool            `json:"is_anonymous"`
}

// BlockDocumentCreate describes a new document. Data is a struct or map that becomes a JSON object.
type BlockDocumentCreate struct {
	Name          string `json:"name,omitempty"`
	Data          any    `json:"data"`
	BlockSchemaID string `json:"block_schema_id"`
	BlockTypeID   string `json:"block_type_id"`
	IsAnonymous   bool   `json:"is_anonymous,omitempty"`
}

// Create makes a document; a name that the type has is an [ErrConflict].
func (s *BlockDocumentsService) Create(ctx context.Context, in BlockDocumentCreate) (*BlockDocument, error) {
	var doc BlockDocument
	if _, err := s.client.call(ctx, post("/block_documents/", in), &doc); err != nil {
		return nil, err
	}
	return &doc, nil
}

// ReadByName gives the document of a type, with its secrets.
func (s *BlockDocumentsService) ReadByName(ctx context.Context, typeSlug, name string) (*BlockDocument, error) {
	req := get(pathOf("block_types", "slug", typeSlug, "block_documents", "name", name))
	req.query = map[string][]string{"include_secrets": {"true"}}
	var doc BlockDocument
	if _, err := s.client.call(ctx, req, &doc); err != nil {
		return nil, err
	}
	return &doc, nil
}

// Load decodes the data of a document of a type into out, secrets included.
func (s *BlockDocumentsService) Load(ctx context.Context, typeSlug, name string, out any) error {
	doc, err := s.ReadByName(ctx, typeSlug, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(doc.Data, out); err != nil {
		// The JSON package's text may quote the data, which may be secret.
		return fmt.Errorf("prefect: the block %s/%s does not fit %T", typeSlug, name, out)
	}
	return nil
}

// Save makes the document, or replaces the data of the one with this name. The type must exist; the schema is its
// latest one.
func (s *BlockDocumentsService) Save(ctx context.Context, typeSlug, name string, data any) (*BlockDocument, error) {
	blockType, err := s.client.BlockTypes.ReadBySlug(ctx, typeSlug)
	if err != nil {
		return nil, err
	}
	schema, err := s.latestSchema(ctx, blockType)
	if err != nil {
		return nil, err
	}
	doc, err := s.Create(ctx, BlockDocumentCreate{Name: name, Data: data, BlockSchemaID: schema.ID, BlockTypeID: blockType.ID})
	if !errors.Is(err, ErrConflict) {
		return doc, err
	}
	doc, err = s.ReadByName(ctx, typeSlug, name)
	if err != nil {
		return nil, err
	}
	if err := s.Update(ctx, doc.ID, schema.ID, data, false); err != nil {
		return nil, err
	}
	return s.ReadByName(ctx, typeSlug, name)
}

func (s *BlockDocumentsService) latestSchema(ctx context.Context, t *BlockType) (*BlockSchema, error) {
	for schema, err := range s.client.BlockSchemas.Filter(ctx, t.ID) {
		return schema, err
	}
	return nil, fmt.Errorf("prefect: the block type %q has no schema: %w", t.Slug, ErrNotFound)
}

// Update changes a document's data: all of it, or, with merge, the fields that are given. An empty schema id keeps the
// schema.
func (s *BlockDocumentsService) Update(ctx context.Context, id, schemaID string, data any, merge bool) error {
	body := map[string]any{"data": data, "merge_existing_data": merge}
	if schemaID != "" {
		body["block_schema_id"] = schemaID
	}
	_, err := s.client.call(ctx, patch(pathOf("block_documents", id), body), nil)
	return err
}

// Delete removes a document.
func (s *BlockDocumentsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("block_documents", id)), nil)
	return err
}

// Filter walks all named documents, without their secrets.
func (s *BlockDocumentsService) Filter(ctx context.Context) iter.Seq2[*BlockDocument, error] {
	return pages(0, func(d *BlockDocument) string { return d.ID }, func(p page) ([]*BlockDocument, error) {
		return fetch[BlockDocument](ctx, s.client, "/block_documents/filter", p)
	})
}

// Read gives the document with this id, with its secrets.
func (s *BlockDocumentsService) Read(ctx context.Context, id string) (*BlockDocument, error) {
	req := get(pathOf("block_documents", id))
	req.query = map[string][]string{"include_secrets": {"true"}}
	return one[BlockDocument](ctx, s.client, req)
}

// Count gives the number of named documents.
func (s *BlockDocumentsService) Count(ctx context.Context) (int, error) {
	return count(ctx, s.client, "/block_documents/count", struct{}{})
}
