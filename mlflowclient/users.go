package mlflowclient

import (
	"context"
	"net/url"

	"mlopsgo/internal/rest"
)

// UserService is [Client.Users]: the accounts of a server that was started with --app-name basic-auth. Other servers
// have none, and every call is ErrNotImplemented there. A user may look at and change itself; the rest is for admins,
// ErrPermissionDenied for others. Wrong credentials are ErrUnauthenticated, whatever the call.
type UserService struct{ api *api }

// User is an account.
type User struct {
	ID   int64
	Name string
	// Admin may do everything.
	Admin bool
	// Roles is set by [UserService.List] only, and holds those that the asking user may see.
	Roles []*Role
}

type userJSON struct {
	ID    integer    `json:"id"`
	Name  string     `json:"username"`
	Admin bool       `json:"is_admin"`
	Roles []roleJSON `json:"roles"`
}

func (u *userJSON) value() *User {
	return &User{ID: int64(u.ID), Name: u.Name, Admin: u.Admin, Roles: roleValues(u.Roles)}
}

type userAnswer struct {
	User userJSON `json:"user"`
}

// Create makes an account that is not an admin. A password has at least 12 characters. A name that is taken is
// ErrAlreadyExists. It is not sent again when its end is unknown.
func (s *UserService) Create(ctx context.Context, name, password string) (*User, error) {
	return s.one(ctx, creates("users/create"), map[string]string{"username": name, "password": password})
}

// Get returns a user by name, or ErrNotFound.
func (s *UserService) Get(ctx context.Context, name string) (*User, error) {
	return s.one(ctx, reads("users/get"), url.Values{"username": {name}})
}

// Current returns the user that the client's credentials belong to.
func (s *UserService) Current(ctx context.Context) (*User, error) {
	return s.one(ctx, reads("users/current"), nil)
}

func (s *UserService) one(ctx context.Context, op operation, in any) (*User, error) {
	var out userAnswer
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.User.value(), nil
}

// List returns all users, with their roles.
func (s *UserService) List(ctx context.Context) ([]*User, error) {
	var out struct {
		Users []userJSON `json:"users"`
	}
	if err := s.api.call(ctx, reads("users/list"), nil, &out); err != nil {
		return nil, err
	}
	users := make([]*User, len(out.Users))
	for i := range out.Users {
		users[i] = out.Users[i].value()
	}
	return users, nil
}

// UpdatePassword replaces a password.
type UpdatePassword struct {
	User     string
	Password string
	// Current is the password so far. Who changes its own gives it, an admin who changes another's does not.
	Current string
}

// UpdatePassword sets a user's password, of at least 12 characters. A wrong current one is ErrInvalidParameter. The
// client goes on with the credentials that it was made with. It is not sent again when its end is unknown: the current
// password would be another one then.
func (s *UserService) UpdatePassword(ctx context.Context, in UpdatePassword) error {
	body := struct {
		User     string `json:"username"`
		Password string `json:"password"`
		Current  string `json:"current_password,omitempty"`
	}{in.User, in.Password, in.Current}
	op := patches("users/update-password")
	if in.Current != "" {
		op.repeat = rest.Once
	}
	return s.api.call(ctx, op, body, nil)
}

// SetAdmin makes a user an admin, or no longer one.
func (s *UserService) SetAdmin(ctx context.Context, name string, admin bool) error {
	body := struct {
		Name  string `json:"username"`
		Admin bool   `json:"is_admin"`
	}{name, admin}
	return s.api.call(ctx, patches("users/update-admin"), body, nil)
}

// Delete removes a user with its permissions. Nobody can delete itself.
func (s *UserService) Delete(ctx context.Context, name string) error {
	err := s.api.call(ctx, deletes("users/delete"), map[string]string{"username": name}, nil)
	return doneBefore(err, ErrNotFound)
}

// Roles returns the roles of a user, as far as the asking user may see them. The permissions that
// [PermissionService.Grant] gave are those of a role of its own, named __user_<id>__.
func (s *UserService) Roles(ctx context.Context, name string) ([]*Role, error) {
	return listRoles(ctx, s.api, "/api/3.0/mlflow/users/roles/list", url.Values{"username": {name}})
}
