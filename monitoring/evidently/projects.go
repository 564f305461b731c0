package evidently

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"mlopsgo/internal/rest"
)

// Project is a project of the service.
type Project struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Projects lists all projects.
func (c *Client) Projects(ctx context.Context) ([]Project, error) {
	var projects []Project
	err := c.get(ctx, "/api/projects", &projects)
	return projects, err
}

// FindProject gives the project of that name, and [ErrNotFound] without one. The service lets several have one name; the one with the
// smallest identity is taken, so that everybody takes the same.
func (c *Client) FindProject(ctx context.Context, name string) (*Project, error) {
	// Not by /api/projects/search/{name}, which cannot find a name with a slash.
	projects, err := c.Projects(ctx)
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(projects, func(p Project) bool { return p.Name != name })
	if len(named) == 0 {
		return nil, fmt.Errorf("evidently: project %q: %w", name, ErrNotFound)
	}
	found := slices.MinFunc(named, func(a, b Project) int { return cmp.Compare(a.ID, b.ID) })
	return &found, nil
}

// GetOrCreateProject finds the project of that name, or makes it. The name must not be empty ([ErrInvalid]).
func (c *Client) GetOrCreateProject(ctx context.Context, name string) (*Project, error) {
	if name == "" {
		return nil, fmt.Errorf("evidently: %w: a project needs a name", ErrInvalid)
	}
	found, err := c.FindProject(ctx, name)
	if err == nil || !notFound(err) {
		return found, err
	}
	// The identity follows from the name: of two processes that make the project at the same time, the service refuses one.
	project := Project{ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte("mlopsgo/evidently/project/"+name)).String(), Name: name}
	var id string
	err = c.call(ctx, &rest.Request{Method: http.MethodPost, Path: "/api/v2/projects"}, project, &id)
	if err == nil {
		project.ID = id
		return &project, nil
	}
	if found, findErr := c.FindProject(ctx, name); findErr == nil {
		return found, nil
	}
	return nil, err
}

// DeleteProject removes a project with its snapshots and its dashboard. One that is not there is no error.
func (c *Client) DeleteProject(ctx context.Context, id string) error {
	err := c.call(ctx, &rest.Request{Method: http.MethodDelete, Path: pathOf("api", "v2", "projects", id), Repeat: rest.Harmless}, nil, nil)
	if notFound(err) {
		return nil
	}
	return err
}
