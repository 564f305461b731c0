package embedded

import "context"

// mlflowVersion is the server whose answers and whose schema this package gives.
const mlflowVersion = "3.17.2"

func (s *Store) health(context.Context, *request) (any, error) {
	return plain{"text/plain; charset=utf-8", "OK"}, nil
}

func (s *Store) version(context.Context, *request) (any, error) {
	return plain{"text/html; charset=utf-8", mlflowVersion}, nil
}

// serverInfo tells clients which optional features there are: none of those that need a server.
func (s *Store) serverInfo(context.Context, *request) (any, error) {
	return map[string]any{
		"store_type":                          "SqlStore",
		"workspaces_enabled":                  false,
		"trace_archival_enabled":              false,
		"multipart_uploads_enabled":           false,
		"multipart_downloads_enabled":         false,
		"presigned_upload_run_id_supported":   false,
		"presigned_upload_model_id_supported": false,
		"features_enabled":                    map[string]bool{"gateway": false},
	}, nil
}
