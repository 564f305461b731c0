package mlflowclient

import (
	"context"
	"net/url"
)

// permissionsPath is where the auth app has its permissions.
const permissionsPath = "/api/3.0/mlflow/users/permissions/"

// Permission is what a user may do with a resource. Each level includes those before it: Read, Use, Edit, Manage. Deny
// wins over whatever other roles allow.
type Permission string

// The permissions. NoPermissions is an answer, and what a server may give by default; it cannot be granted.
const (
	PermissionRead   Permission = "READ"
	PermissionUse    Permission = "USE"
	PermissionEdit   Permission = "EDIT"
	PermissionManage Permission = "MANAGE"
	PermissionDeny   Permission = "DENY"
	NoPermissions    Permission = "NO_PERMISSIONS"
)

// Includes says whether p allows what the level other allows.
func (p Permission) Includes(other Permission) bool { return p.level() >= other.level() }

func (p Permission) level() int {
	switch p {
	case PermissionRead:
		return 1
	case PermissionUse:
		return 2
	case PermissionEdit:
		return 3
	case PermissionManage:
		return 4
	case PermissionDeny, NoPermissions:
	}
	return 0
}

// ResourceType is a kind of what permissions are about.
type ResourceType string

// The resource types that have an id: an experiment's id, a model's, prompt's or scorer's name, and so on.
const (
	ResourceExperiment             ResourceType = "experiment"
	ResourceRegisteredModel        ResourceType = "registered_model"
	ResourcePrompt                 ResourceType = "prompt"
	ResourceScorer                 ResourceType = "scorer"
	ResourceGatewaySecret          ResourceType = "gateway_secret"
	ResourceGatewayEndpoint        ResourceType = "gateway_endpoint"
	ResourceGatewayModelDefinition ResourceType = "gateway_model_definition"
	ResourceMCPServer              ResourceType = "mcp_server"
)

// The resource types of which a permission is always about all, with the id "*". On a workspace there are Use, to be a
// member, and Manage, to give roles and permissions in it; both only by a role.
const (
	ResourceWorkspace              ResourceType = "workspace"
	ResourceRun                    ResourceType = "run"
	ResourceTrace                  ResourceType = "trace"
	ResourceAssessment             ResourceType = "assessment"
	ResourceLoggedModel            ResourceType = "logged_model"
	ResourceReviewQueue            ResourceType = "review_queue"
	ResourceRegisteredModelVersion ResourceType = "registered_model_version"
	ResourcePromptVersion          ResourceType = "prompt_version"
	ResourceScorerVersion          ResourceType = "scorer_version"
	ResourceMCPServerVersion       ResourceType = "mcp_server_version"
)

// Resource is what a permission is about.
type Resource struct {
	Type ResourceType
	// ID is "*" for all of the type.
	ID string
}

// PermissionService is [Client.Permissions]: what single users may do, beside their roles. The server must have been
// started with --app-name basic-auth, see [UserService]. A grant is for who manages the resource, and for admins; it
// holds in the client's workspace.
type PermissionService struct{ api *api }

// UserPermission is a permission that a user has by one of its roles.
type UserPermission struct {
	RoleID     int64
	RoleName   string
	Workspace  string
	Resource   Resource
	Permission Permission
}

// UserPermissions is all that a user may do.
type UserPermissions struct {
	// Admin may do everything.
	Admin bool
	// Permissions are those of all roles. Who creates a resource gets Manage on it, in the role __user_<id>__.
	Permissions []UserPermission
}

type grant struct {
	User       string       `json:"username"`
	Type       ResourceType `json:"resource_type"`
	ID         string       `json:"resource_id"`
	Permission Permission   `json:"permission,omitempty"`
}

// Grant gives a user a permission on a resource. One that has been given on the same resource is ErrAlreadyExists;
// revoke it first.
func (s *PermissionService) Grant(ctx context.Context, user string, on Resource, p Permission) error {
	err := s.api.call(ctx, writes(permissionsPath+"grant"), grant{user, on.Type, on.ID, p}, nil)
	return doneBefore(err, ErrAlreadyExists)
}

// Revoke takes back what Grant gave. Without that it is ErrNotFound.
func (s *PermissionService) Revoke(ctx context.Context, user string, on Resource) error {
	err := s.api.call(ctx, writes(permissionsPath+"revoke"), grant{User: user, Type: on.Type, ID: on.ID}, nil)
	return doneBefore(err, ErrNotFound)
}

// Get tells what a user may do with a resource, all roles and the server's default taken together. An experiment or
// model that does not exist is NoPermissions.
func (s *PermissionService) Get(ctx context.Context, user string, on Resource) (Permission, error) {
	var out struct {
		Permission Permission `json:"permission"`
	}
	in := url.Values{"username": {user}, "resource_type": {string(on.Type)}, "resource_id": {on.ID}}
	if err := s.api.call(ctx, reads(permissionsPath+"get"), in, &out); err != nil {
		return "", err
	}
	return out.Permission, nil
}

// List returns all permissions of a user.
func (s *PermissionService) List(ctx context.Context, user string) (*UserPermissions, error) {
	return s.list(ctx, permissionsPath+"list", url.Values{"username": {user}})
}

// Current returns all permissions of the user that the client's credentials belong to.
func (s *PermissionService) Current(ctx context.Context) (*UserPermissions, error) {
	return s.list(ctx, "/api/3.0/mlflow/users/current/permissions", nil)
}

func (s *PermissionService) list(ctx context.Context, path string, in url.Values) (*UserPermissions, error) {
	var out struct {
		Admin       bool `json:"is_admin"`
		Permissions []struct {
			RoleID     integer      `json:"role_id"`
			RoleName   string       `json:"role_name"`
			Workspace  string       `json:"workspace"`
			Type       ResourceType `json:"resource_type"`
			Pattern    string       `json:"resource_pattern"`
			Permission Permission   `json:"permission"`
		} `json:"permissions"`
	}
	if err := s.api.call(ctx, reads(path), in, &out); err != nil {
		return nil, err
	}
	all := &UserPermissions{Admin: out.Admin}
	for _, p := range out.Permissions {
		all.Permissions = append(all.Permissions, UserPermission{
			RoleID: int64(p.RoleID), RoleName: p.RoleName, Workspace: p.Workspace,
			Resource: Resource{p.Type, p.Pattern}, Permission: p.Permission,
		})
	}
	return all, nil
}
