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
