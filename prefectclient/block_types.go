package prefectclient

import (
	"context"
	"errors"
	"iter"
)

// BlockTypesService holds the types of blocks, such as "Secret" or "S3 bucket".
type BlockTypesService struct{ client *Client }

// BlockType is a kind of configuration.
type BlockType struct {
	ID               string `json:"id,omitempty"`
	Name             string `json:"name"`
	Slug             string `json:"slug"`
	LogoURL          string `json:"logo_url,omitempty"`
	DocumentationURL string `json:"documentation_url,omitempty"`
	Description      string `json:"description,omitempty"`
	CodeExample      string `json:"code_example,omitempty"`
	IsProtected      bool   `json:"is_protected,omitempty"`
}

// ReadBySlug gives the type with this slug, for example "secret".
func (s *BlockTypesService) ReadBySlug(ctx context.Context, slug string) (*BlockType, error) {
	var t BlockType
	if _, err := s.client.call(ctx, get(pathOf("block_types", "slug", slug)), &t); err != nil {
		return nil, err
	}
	return &t, nil
}

// Create makes a type; a slug that exists is an [ErrConflict].
func (s *BlockTypesService) Create(ctx context.Context, in BlockType) (*BlockType, error) {
	var t BlockType
	if _, err := s.client.call(ctx, post("/block_types/", in), &t); err != nil {
		return nil, err
	}
	return &t, nil
}

// Ensure gives the type with this slug, made as described when it does not exist.
func (s *BlockTypesService) Ensure(ctx context.Context, in BlockType) (*BlockType, error) {
	t, err := s.ReadBySlug(ctx, in.Slug)
	if !errors.Is(err, ErrNotFound) {
		return t, err
	}
	t, err = s.Create(ctx, in)
	if errors.Is(err, ErrConflict) { // someone else was faster
		return s.ReadBySlug(ctx, in.Slug)
	}
	return t, err
}

// Filter walks all types.
func (s *BlockTypesService) Filter(ctx context.Context) iter.Seq2[*BlockType, error] {
	return pages(0, func(t *BlockType) string { return t.ID }, func(p page) ([]*BlockType, error) {
		return fetch[BlockType](ctx, s.client, "/block_types/filter", p)
	})
}

// Delete removes a type with its documents.
func (s *BlockTypesService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("block_types", id)), nil)
	return err
}

// Read gives the type with this id.
func (s *BlockTypesService) Read(ctx context.Context, id string) (*BlockType, error) {
	return one[BlockType](ctx, s.client, get(pathOf("block_types", id)))
}

// BlockTypeUpdate changes how a type is shown; fields left zero are left alone.
type BlockTypeUpdate struct {
	LogoURL          Patch[string] `json:"logo_url,omitzero"`
	DocumentationURL Patch[string] `json:"documentation_url,omitzero"`
	Description      Patch[string] `json:"description,omitzero"`
	CodeExample      Patch[string] `json:"code_example,omitzero"`
}

// Update changes what is set in the update. Types of Prefect's own are an [ErrForbidden].
func (s *BlockTypesService) Update(ctx context.Context, id string, update BlockTypeUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("block_types", id), update), nil)
	return err
}

// InstallSystemTypes makes the types of Prefect's own that are missing.
func (s *BlockTypesService) InstallSystemTypes(ctx context.Context) error {
	_, err := s.client.call(ctx, post("/block_types/install_system_block_types", nil).harmless(), nil)
	return err
}

// Documents gives the named documents of the type with this slug, without their secrets.
func (s *BlockTypesService) Documents(ctx context.Context, slug string) ([]*BlockDocument, error) {
	var docs []*BlockDocument
	_, err := s.client.call(ctx, get(pathOf("block_types", "slug", slug, "block_documents")), &docs)
	return docs, err
}

// Capabilities gives what blocks can be able to do, for example "write-path".
func (s *BlockTypesService) Capabilities(ctx context.Context) ([]string, error) {
	var capabilities []string
	_, err := s.client.call(ctx, get("/block_capabilities/"), &capabilities)
	return capabilities, err
}
