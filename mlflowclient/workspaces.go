package mlflowclient

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"mlopsgo/internal/rest"
)

// DefaultWorkspace is the workspace of clients that name none. It always exists.
const DefaultWorkspace = "default"

const workspacesPath = "/api/3.0/mlflow/workspaces"

// WorkspaceService is [Client.Workspaces]: the rooms of a server, each with experiments, models and webhooks of its own.
// [WithWorkspace] enters one. The server must have been started with MLFLOW_ENABLE_WORKSPACES=true, which
// [ServerInfo.WorkspacesEnabled] tells; others answer ErrNotImplemented.
type WorkspaceService struct{ api *api }

// Workspace is a room of a server.
type Workspace struct {
	// Name is 2 to 63 small letters, digits and single hyphens inside.
	Name        string
	Description string
	// ArtifactRoot is the URI below which new experiments keep their artifacts; empty means the server's.
	ArtifactRoot string
	// TraceArchive is the URI that old traces are moved to, and TraceRetention after which time, as 30d or 12h.
	TraceArchive   string
	TraceRetention string
}

type workspaceJSON struct {
	Name         string        `json:"name,omitempty"`
	Description  *string       `json:"description,omitempty"`
	ArtifactRoot *string       `json:"default_artifact_root,omitempty"`
	Archival     *archivalJSON `json:"trace_archival_config,omitempty"`
}

type archivalJSON struct {
	Location  *string `json:"location,omitempty"`
	Retention *string `json:"retention,omitempty"`
}

func (w *workspaceJSON) value() *Workspace {
	out := &Workspace{Name: w.Name, Description: deref(w.Description), ArtifactRoot: deref(w.ArtifactRoot)}
	if w.Archival != nil {
		out.TraceArchive, out.TraceRetention = deref(w.Archival.Location), deref(w.Archival.Retention)
	}
	return out
}

// deref is what p points to, or the zero value.
func deref[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

// given points to text, unless it is empty.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// List returns the workspaces that the client's user may enter.
func (s *WorkspaceService) List(ctx context.Context) ([]*Workspace, error) {
	var out struct {
		Workspaces []workspaceJSON `json:"workspaces"`
	}
	if err := s.api.call(ctx, reads(workspacesPath), nil, &out); err != nil {
		return nil, err
	}
	workspaces := make([]*Workspace, len(out.Workspaces))
	for i := range out.Workspaces {
		workspaces[i] = out.Workspaces[i].value()
	}
	return workspaces, nil
}

// Create makes a workspace. A name that is taken is ErrAlreadyExists. On a server with --app-name basic-auth it gets
// the roles admin and user. It is not sent again when its end is unknown.
func (s *WorkspaceService) Create(ctx context.Context, in Workspace) (*Workspace, error) {
	body := workspaceJSON{Name: in.Name, Description: given(in.Description), ArtifactRoot: given(in.ArtifactRoot)}
	body.Archival = archival(given(in.TraceArchive), given(in.TraceRetention))
	return s.one(ctx, creates(workspacesPath), body)
}

func archival(location, retention *string) *archivalJSON {
	if location == nil && retention == nil {
		return nil
	}
	return &archivalJSON{location, retention}
}

// Get returns a workspace, or ErrNotFound.
func (s *WorkspaceService) Get(ctx context.Context, name string) (*Workspace, error) {
	path, err := workspacePath(name)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, reads(path), nil)
}

func (s *WorkspaceService) one(ctx context.Context, op operation, in any) (*Workspace, error) {
	var out struct {
		Workspace workspaceJSON `json:"workspace"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Workspace.value(), nil
}

// UpdateWorkspace changes what is not nil. An empty text takes a setting away.
type UpdateWorkspace struct {
	Description    *string
	ArtifactRoot   *string
	TraceArchive   *string
	TraceRetention *string
}

// Update changes a workspace and returns it as it is then. The artifacts that exist stay where they are.
func (s *WorkspaceService) Update(ctx context.Context, name string, in UpdateWorkspace) (*Workspace, error) {
	path, err := workspacePath(name)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, patches(path), workspaceJSON{
		Description: in.Description, ArtifactRoot: in.ArtifactRoot, Archival: archival(in.TraceArchive, in.TraceRetention),
	})
}

// WorkspaceDeletion says what becomes of what a deleted workspace holds.
type WorkspaceDeletion string

// The ways to delete a workspace; the zero value is DeleteEmpty.
const (
	// DeleteEmpty refuses to delete a workspace that holds anything.
	DeleteEmpty WorkspaceDeletion = "RESTRICT"
	// DeleteToDefault moves everything to the default workspace.
	DeleteToDefault WorkspaceDeletion = "SET_DEFAULT"
	// DeleteAll deletes everything with it.
	DeleteAll WorkspaceDeletion = "CASCADE"
)

// Delete removes a workspace.
func (s *WorkspaceService) Delete(ctx context.Context, name string, how WorkspaceDeletion) error {
	path, err := workspacePath(name)
	if err != nil {
		return err
	}
	if how == "" {
		how = DeleteEmpty
	}
	err = s.api.call(ctx, operation{http.MethodDelete, path, rest.Harmless}, url.Values{"mode": {string(how)}}, nil)
	return doneBefore(err, ErrNotFound)
}

func workspacePath(name string) (string, error) {
	if strings.Trim(name, ".") == "" {
		return "", invalid("%q is not a workspace's name", name)
	}
	return workspacesPath + "/" + url.PathEscape(name), nil
}
