package mlflowclient

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"mlopsgo/internal/rest"
)

// What follows lets the server reach the files, wherever they are: it is for clients that may not, or cannot, reach the run's store.

// ListRun gives what is directly in a folder of a run's artifacts ("" is the top), by name, as the server sees it.
func (s *ArtifactService) ListRun(ctx context.Context, runID, dir string) ([]*FileInfo, error) {
	in := url.Values{"run_id": {runID}}
	if dir != "" {
		if err := checkArtifactName(dir); err != nil {
			return nil, err
		}
		in.Set("path", dir)
	}
	var out serverFiles
	if err := s.api.call(ctx, reads("artifacts/list"), in, &out); err != nil {
		return nil, err
	}
	return out.in(dir, apiPrefix+"artifacts/list")
}

// OpenRun gives the content of a file of a run; close it.
func (s *ArtifactService) OpenRun(ctx context.Context, runID, name string) (io.ReadCloser, error) {
	return s.open(ctx, "/get-artifact", name, url.Values{"run_id": {runID}, "path": {name}})
}

// OpenModelVersion gives the content of a file of a registered model's version; close it.
func (s *ArtifactService) OpenModelVersion(ctx context.Context, model, version, name string) (io.ReadCloser, error) {
	return s.open(ctx, "/model-versions/get-artifact", name, url.Values{"name": {model}, "version": {version}, "path": {name}})
}

// OpenLoggedModel gives the content of a file of a logged model; close it.
func (s *ArtifactService) OpenLoggedModel(ctx context.Context, modelID, name string) (io.ReadCloser, error) {
	at, err := loggedModelPath(modelID, "artifacts", "files")
	if err != nil {
		return nil, err
	}
	// Only the pages of the user interface have this operation, so that there is no other path to it.
	return s.open(ctx, "/ajax-api/2.0/mlflow/"+at, name, url.Values{"artifact_file_path": {name}})
}

func (s *ArtifactService) open(ctx context.Context, at, name string, query url.Values) (io.ReadCloser, error) {
	if err := checkArtifactName(name); err != nil {
		return nil, err
	}
	return s.api.file(ctx, at, query)
}

// maxSmall is the server's own limit.
const maxSmall = 10 << 20

// UploadRun stores a file of at most 10 MiB, which must not be empty, among the artifacts of a run.
func (s *ArtifactService) UploadRun(ctx context.Context, runID, name string, data []byte) error {
	if err := checkArtifactName(name); err != nil {
		return err
	}
	if len(data) == 0 || len(data) > maxSmall {
		return invalid("artifact %s of %d bytes: this way takes from 1 byte to 10 MiB; ForRun gives a store that takes all", quote(name), len(data))
	}
	const at = "/ajax-api/2.0/mlflow/upload-artifact"
	return s.api.store(ctx, &rest.Request{
		Method: http.MethodPost, Path: at, Query: url.Values{"run_uuid": {runID}, "path": {name}}, Header: s.api.header(at),
		Body: data, ContentType: "application/octet-stream", Repeat: rest.Harmless,
	}, "application/json")
}

// PresignDownload asks for an address of a file; see [ArtifactService.PresignDownload].
type PresignDownload struct {
	RunID, Path string
	// Expires is how long the address is to be good, from a second to seven days; 0 leaves it to the server.
	Expires time.Duration
}

// PresignUpload asks for an address to put a file at; see [ArtifactService.PresignUpload].
type PresignUpload struct {
	// RunID or ModelID, one of the two, says whose file it is.
	RunID, ModelID string
	Path           string
	// Expires is how long the address is to be good, 15 minutes by default.
	Expires time.Duration
}

// PresignedURL is an address that anybody can use who knows it, until it expires: treat it as a secret.
type PresignedURL struct {
	URL string
	// Header must be sent along.
	Header http.Header
	// Size of a download in bytes; -1 when the server does not know.
	Size int64
}

// PresignDownload gives an address at which a GET, without credentials, reads a run's file. Only runs have some whose artifacts are directly in
// a store that can sign, such as s3://; others are ErrInvalidParameter.
func (s *ArtifactService) PresignDownload(ctx context.Context, in PresignDownload) (*PresignedURL, error) {
	return s.presign(ctx, "artifacts/presigned-download-url", map[string]any{"run_id": in.RunID, "path": in.Path}, in.Path, in.Expires)
}

// PresignUpload gives an address at which a PUT, without credentials, stores a file, as [ArtifactService.PresignDownload] one to read it.
func (s *ArtifactService) PresignUpload(ctx context.Context, in PresignUpload) (*PresignedURL, error) {
	if (in.RunID == "") == (in.ModelID == "") {
		return nil, invalid("an address for an upload: set one of RunID and ModelID")
	}
	whose := map[string]any{"path": in.Path}
	if in.RunID != "" {
		whose["run_id"] = in.RunID
	} else {
		whose["model_id"] = in.ModelID
	}
	return s.presign(ctx, "artifacts/presigned-upload-url", whose, in.Path, in.Expires)
}

func (s *ArtifactService) presign(ctx context.Context, at string, in map[string]any, name string, expires time.Duration) (*PresignedURL, error) {
	if err := checkArtifactName(name); err != nil {
		return nil, err
	}
	if expires != 0 {
		if expires < time.Second {
			return nil, invalid("an address that expires after %v: at least a second", expires)
		}
		in["expiration"] = int64(expires / time.Second)
	}
	var out struct {
		URL     string            `json:"presigned_url"`
		Headers map[string]string `json:"headers"`
		Size    *integer          `json:"file_size"`
	}
	if err := s.api.call(ctx, queries(at), in, &out); err != nil {
		return nil, err
	}
	signed := &PresignedURL{URL: out.URL, Header: http.Header{}, Size: -1}
	for name, value := range out.Headers {
		signed.Header.Set(name, value)
	}
	if out.Size != nil {
		signed.Size = int64(*out.Size)
	}
	return signed, nil
}
