package mlflowclient

import (
	"context"
	"net/url"
	"strconv"
)

// rolesPath is where the auth app has its roles.
const rolesPath = "/api/3.0/mlflow/roles/"

// RoleService is [Client.Roles]: permissions under a name, for all users that have the role. The server must have been
// started with --app-name basic-auth, see [UserService]; the calls are for its admins, and for users with Manage on the
// role's workspace.
type RoleService struct{ api *api }

// Role is a set of permissions within one workspace.
type Role struct {
	ID          int64
	Name        string
	Workspace   string
	Description string
	Permissions []RolePermission
}

// RolePermission is one permission of a role.
type RolePermission struct {
	ID     int64
	RoleID int64
	// Resource says on what; ID "*" is everything of that type in the role's workspace.
	Resource   Resource
	Permission Permission
}

type roleJSON struct {
	ID          integer              `json:"id"`
	Name        string               `json:"name"`
	Workspace   string               `json:"workspace"`
	Description string               `json:"description"`
	Permissions []rolePermissionJSON `json:"permissions"`
}

type rolePermissionJSON struct {
	ID         integer      `json:"id"`
	RoleID     integer      `json:"role_id"`
	Type       ResourceType `json:"resource_type"`
	Pattern    string       `json:"resource_pattern"`
	Permission Permission   `json:"permission"`
}

func (r *roleJSON) value() *Role {
	return &Role{
		ID: int64(r.ID), Name: r.Name, Workspace: r.Workspace, Description: r.Description,
		Permissions: rolePermissionValues(r.Permissions),
	}
}

func (p *rolePermissionJSON) value() RolePermission {
	return RolePermission{
		ID: int64(p.ID), RoleID: int64(p.RoleID), Resource: Resource{Type: p.Type, ID: p.Pattern}, Permission: p.Permission,
	}
}

func roleValues(in []roleJSON) []*Role {
	var roles []*Role
	for i := range in {
		roles = append(roles, in[i].value())
	}
	return roles
}

func rolePermissionValues(in []rolePermissionJSON) []RolePermission {
	var permissions []RolePermission
	for i := range in {
		permissions = append(permissions, in[i].value())
	}
	return permissions
}

type roleID struct {
	ID int64 `json:"role_id"`
}

func (id roleID) query() url.Values { return url.Values{"role_id": {strconv.FormatInt(id.ID, 10)}} }

// CreateRole describes a new role.
type CreateRole struct {
	Name string
	// Workspace is "default" when empty.
	Workspace   string
	Description string
}

// Create makes a role without permissions. A name that the workspace has is ErrAlreadyExists. It is not sent again when
// its end is unknown.
func (s *RoleService) Create(ctx context.Context, in CreateRole) (*Role, error) {
	if in.Workspace == "" {
		in.Workspace = DefaultWorkspace
	}
	return s.one(ctx, creates(rolesPath+"create"), struct {
		Name        string `json:"name"`
		Workspace   string `json:"workspace"`
		Description string `json:"description,omitempty"`
	}(in))
}

// Get returns a role with its permissions, or ErrNotFound.
func (s *RoleService) Get(ctx context.Context, id int64) (*Role, error) {
	return s.one(ctx, reads(rolesPath+"get"), roleID{id}.query())
}

func (s *RoleService) one(ctx context.Context, op operation, in any) (*Role, error) {
	var out struct {
		Role roleJSON `json:"role"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Role.value(), nil
}

// List returns the roles of the named workspaces; without a name those of all, for which one must be an admin.
func (s *RoleService) List(ctx context.Context, workspaces ...string) ([]*Role, error) {
	return listRoles(ctx, s.api, rolesPath+"list", url.Values{"workspace": workspaces})
}

func listRoles(ctx context.Context, api *api, path string, in url.Values) ([]*Role, error) {
	var out struct {
		Roles []roleJSON `json:"roles"`
	}
	if err := api.call(ctx, reads(path), in, &out); err != nil {
		return nil, err
	}
	return roleValues(out.Roles), nil
}

// UpdateRole changes what is not nil.
type UpdateRole struct {
	Name        *string
	Description *string
}

// Update renames a role, describes it anew, or both, and returns it as it is then.
func (s *RoleService) Update(ctx context.Context, id int64, in UpdateRole) (*Role, error) {
	return s.one(ctx, patches(rolesPath+"update"), struct {
		ID          int64   `json:"role_id"`
		Name        *string `json:"name,omitempty"`
		Description *string `json:"description,omitempty"`
	}{id, in.Name, in.Description})
}

// Delete removes a role from the server and from its users.
func (s *RoleService) Delete(ctx context.Context, id int64) error {
	err := s.api.call(ctx, deletes(rolesPath+"delete"), roleID{id}, nil)
	return doneBefore(err, ErrNotFound)
}

type rolePermissionAnswer struct {
	Permission rolePermissionJSON `json:"role_permission"`
}

// AddPermission gives a role a permission on a resource; the id "*" is everything of the type in the role's workspace.
// A resource that the role has a permission on is ErrAlreadyExists; [RoleService.UpdatePermission] changes that one. It
// is not sent again when its end is unknown.
func (s *RoleService) AddPermission(ctx context.Context, id int64, on Resource, p Permission) (*RolePermission, error) {
	body := struct {
		ID         int64        `json:"role_id"`
		Type       ResourceType `json:"resource_type"`
		Pattern    string       `json:"resource_pattern"`
		Permission Permission   `json:"permission"`
	}{id, on.Type, on.ID, p}
	return s.permission(ctx, creates(rolesPath+"permissions/add"), body)
}

// UpdatePermission changes a permission of a role, by [RolePermission.ID].
func (s *RoleService) UpdatePermission(ctx context.Context, id int64, p Permission) (*RolePermission, error) {
	body := struct {
		ID         int64      `json:"role_permission_id"`
		Permission Permission `json:"permission"`
	}{id, p}
	return s.permission(ctx, patches(rolesPath+"permissions/update"), body)
}

func (s *RoleService) permission(ctx context.Context, op operation, in any) (*RolePermission, error) {
	var out rolePermissionAnswer
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	p := out.Permission.value()
	return &p, nil
}

// RemovePermission takes a permission from a role, by [RolePermission.ID].
func (s *RoleService) RemovePermission(ctx context.Context, id int64) error {
	err := s.api.call(ctx, deletes(rolesPath+"permissions/remove"), map[string]int64{"role_permission_id": id}, nil)
	return doneBefore(err, ErrNotFound)
}

// Permissions returns what a role may do.
func (s *RoleService) Permissions(ctx context.Context, id int64) ([]RolePermission, error) {
	var out struct {
		Permissions []rolePermissionJSON `json:"role_permissions"`
	}
	if err := s.api.call(ctx, reads(rolesPath+"permissions/list"), roleID{id}.query(), &out); err != nil {
		return nil, err
	}
	return rolePermissionValues(out.Permissions), nil
}

// Assign gives a role to a user. A user that has it is ErrAlreadyExists.
func (s *RoleService) Assign(ctx context.Context, id int64, user string) error {
	err := s.api.call(ctx, writes(rolesPath+"assign"), roleUser{id, user}, nil)
	return doneBefore(err, ErrAlreadyExists)
}

// Unassign takes a role from a user. A user that has it not is ErrNotFound.
func (s *RoleService) Unassign(ctx context.Context, id int64, user string) error {
	err := s.api.call(ctx, deletes(rolesPath+"unassign"), roleUser{id, user}, nil)
	return doneBefore(err, ErrNotFound)
}

type roleUser struct {
	ID   int64  `json:"role_id"`
	User string `json:"username"`
}

// Users returns the ids of the users that have a role, as [User.ID] has them.
func (s *RoleService) Users(ctx context.Context, id int64) ([]int64, error) {
	var out struct {
		Assignments []struct {
			User integer `json:"user_id"`
		} `json:"assignments"`
	}
	if err := s.api.call(ctx, reads(rolesPath+"users/list"), roleID{id}.query(), &out); err != nil {
		return nil, err
	}
	users := make([]int64, len(out.Assignments))
	for i, a := range out.Assignments {
		users[i] = int64(a.User)
	}
	return users, nil
}
