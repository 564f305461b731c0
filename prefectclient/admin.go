package prefectclient

import (
	"context"
	"errors"
)

// AdminService answers for the server itself.
type AdminService struct{ client *Client }

// Health asks whether the server answers. It needs no credentials.
func (s *AdminService) Health(ctx context.Context) error {
	var healthy bool
	if _, err := s.client.call(ctx, get("/health"), &healthy); err != nil {
		return err
	}
	if !healthy {
		return errors.New("prefect: the server says that it is not healthy")
	}
	return nil
}

// Ready asks whether the server and its database answer.
func (s *AdminService) Ready(ctx context.Context) error {
	_, err := s.client.call(ctx, get("/ready"), nil)
	return err
}

// Version gives the server's version, for example "3.8.8".
func (s *AdminService) Version(ctx context.Context) (string, error) {
	var version string
	_, err := s.client.call(ctx, get("/admin/version"), &version)
	return version, err
}
