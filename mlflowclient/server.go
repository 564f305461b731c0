package mlflowclient

import (
	"context"
	"net/http"
	"strings"

	"mlopsgo/internal/rest"
)

// ServerService is [Client.Server].
type ServerService struct{ api *api }

// ServerInfo is how a server is set up.
type ServerInfo struct {
	// StoreType is "SqlStore" for a database.
	StoreType                string          `json:"store_type"`
	WorkspacesEnabled        bool            `json:"workspaces_enabled"`
	TraceArchivalEnabled     bool            `json:"trace_archival_enabled"`
	MultipartUploads         bool            `json:"multipart_uploads_enabled"`
	MultipartDownloads       bool            `json:"multipart_downloads_enabled"`
	PresignedUploadOfRunID   bool            `json:"presigned_upload_run_id_supported"`
	PresignedUploadOfModelID bool            `json:"presigned_upload_model_id_supported"`
	Features                 map[string]bool `json:"features_enabled"`
}

// Info says how the server is set up; it needs no login.
func (s *ServerService) Info(ctx context.Context) (*ServerInfo, error) {
	var info ServerInfo
	if err := s.api.call(ctx, reads("/api/3.0/mlflow/server-info"), nil, &info); err != nil {
		return nil, err
	}
	return &info, nil
}

// Version is the server's version, such as "3.17.2".
func (s *ServerService) Version(ctx context.Context) (string, error) {
	text, err := s.text(ctx, "/version")
	if err != nil {
		return "", err
	}
	version := strings.TrimSpace(text)
	if version == "" || version[0] < '0' || version[0] > '9' || strings.ContainsAny(version, "<> \n") { // a proxy's page
		return "", noServer("/version", "a version", text)
	}
	return version, nil
}

// noServer is the error of a text that MLflow would not answer.
func noServer(path, want, text string) *Error {
	return &Error{
		Status: http.StatusOK, Code: CodeInternalError, Method: http.MethodGet, Path: path,
		Message: "the answer is not " + want + " (is this an MLflow server?): " + rest.Excerpt([]byte(text)),
	}
}

// Health returns nil when the server answers that it is well.
func (s *ServerService) Health(ctx context.Context) error {
	text, err := s.text(ctx, "/health")
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) != "OK" {
		return noServer("/health", "OK", text)
	}
	return nil
}

func (s *ServerService) text(ctx context.Context, path string) (string, error) {
	var body []byte
	err := s.api.call(ctx, reads(path), nil, &body)
	return string(body), err
}
