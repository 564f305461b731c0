package mlflowclient_test

import (
	"crypto/rand"
	"slices"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestUsers(t *testing.T) {
	c, ctx := admin(t), t.Context()
	me, err := c.Users.Current(ctx)
	if err != nil || me.Name != adminName || !me.Admin {
		t.Fatalf("the admin is %+v (%v)", me, err)
	}
	name := "Zoë " + rand.Text()[:10]
	made, err := c.Users.Create(ctx, name, "twelve chars")
	must(t, err)
	if made.Name != name || made.Admin || made.ID == 0 {
		t.Errorf("made %+v", made)
	}
	denied(t, "a name that is taken", second(c.Users.Create(ctx, name, "twelve chars")), mlflowclient.ErrAlreadyExists)
	denied(t, "a short password", second(c.Users.Create(ctx, name+"2", "eleven char")), mlflowclient.ErrInvalidParameter)
	denied(t, "no such user", second(c.Users.Get(ctx, "nobody")), mlflowclient.ErrNotFound)
	denied(t, "to delete oneself", c.Users.Delete(ctx, adminName), mlflowclient.ErrInvalidParameter)

	must(t, c.Users.SetAdmin(ctx, name, true))
	if found, err := c.Users.Get(ctx, name); err != nil || !found.Admin || found.ID != made.ID {
		t.Errorf("an admin now: %+v (%v)", found, err)
	}
	all, err := c.Users.List(ctx)
	must(t, err)
	if !slices.ContainsFunc(all, func(u *mlflowclient.User) bool { return u.ID == made.ID && u.Name == name && u.Admin }) {
		t.Errorf("%q is not among %d users", name, len(all))
	}
	must(t, c.Users.Delete(ctx, name))
	denied(t, "a deleted user", second(c.Users.Get(ctx, name)), mlflowclient.ErrNotFound)
	denied(t, "a second deletion", c.Users.Delete(ctx, name), mlflowclient.ErrNotFound)
}

func TestPasswords(t *testing.T) {
	c, ctx := admin(t), t.Context()
	user, theirs := newUser(t, c)
	_, err := theirs.Users.Current(ctx)
	must(t, err)
	as := func(password string) *mlflowclient.Client {
		return open(t, own.at(t), mlflowclient.WithBasicAuth(user.Name, password))
	}
	for what, stranger := range map[string]*mlflowclient.Client{"nobody": open(t, own.at(t)), "a wrong password": as("wrong wrong wrong")} {
		_, err := stranger.Experiments.Get(ctx, "0")
		wantError(t, err, mlflowclient.ErrUnauthenticated, 401, mlflowclient.CodeUnauthenticated)
		denied(t, what, stranger.Do(ctx, mlflowclient.Call{Path: "/api/2.0/mlflow-artifacts/artifacts"}), mlflowclient.ErrUnauthenticated)
	}
	if err := open(t, own.at(t)).Server.Health(ctx); err != nil {
		t.Errorf("health needs no login: %v", err)
	}

	const first, changed = "the first of all", "the second of all"
	must(t, c.Users.UpdatePassword(ctx, mlflowclient.UpdatePassword{User: user.Name, Password: first}))
	_, err = theirs.Users.Current(ctx)
	denied(t, "the password before", err, mlflowclient.ErrUnauthenticated)
	theirs = as(first)
	denied(t, "without the current one", theirs.Users.UpdatePassword(ctx, mlflowclient.UpdatePassword{User: user.Name, Password: changed}), mlflowclient.ErrInvalidParameter)
	denied(t, "with a wrong one", theirs.Users.UpdatePassword(ctx, mlflowclient.UpdatePassword{User: user.Name, Password: changed, Current: changed}), mlflowclient.ErrInvalidParameter)
	denied(t, "another's", theirs.Users.UpdatePassword(ctx, mlflowclient.UpdatePassword{User: adminName, Password: changed, Current: first}), mlflowclient.ErrPermissionDenied)
	must(t, theirs.Users.UpdatePassword(ctx, mlflowclient.UpdatePassword{User: user.Name, Password: changed, Current: first}))
	_, err = as(changed).Users.Current(ctx)
	must(t, err)
	_, err = theirs.Users.Current(ctx)
	denied(t, "the one before", err, mlflowclient.ErrUnauthenticated)
}

// TestAccountsElsewhere asks for what only the auth app has.
func TestAccountsElsewhere(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		denied(t, "users", second(c.Users.List(ctx)), mlflowclient.ErrNotImplemented)
		denied(t, "roles", second(c.Roles.List(ctx)), mlflowclient.ErrNotImplemented)
		denied(t, "permissions", second(c.Permissions.Current(ctx)), mlflowclient.ErrNotImplemented)
		denied(t, "workspaces", second(c.Workspaces.List(ctx)), mlflowclient.ErrNotImplemented)
	})
}
