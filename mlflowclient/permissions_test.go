package mlflowclient_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

// TestPermissionsAreEnforced raises a user's permission step by step, and tries at every step what each level allows.
func TestPermissionsAreEnforced(t *testing.T) {
	t.Run("experiment", func(t *testing.T) {
		c := admin(t)
		id := newExperiment(t, c)
		on := mlflowclient.Resource{Type: mlflowclient.ResourceExperiment, ID: id}
		enforced(t, c, on, func(ctx context.Context, theirs *mlflowclient.Client) map[mlflowclient.Permission]error {
			_, readErr := theirs.Experiments.Get(ctx, id)
			_, editErr := theirs.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: id})
			manageErr := theirs.Experiments.Delete(ctx, id)
			return map[mlflowclient.Permission]error{
				mlflowclient.PermissionRead: readErr, mlflowclient.PermissionEdit: editErr, mlflowclient.PermissionManage: manageErr,
			}
		})
	})
	t.Run("model", func(t *testing.T) {
		c := admin(t)
		name := unique("model")
		must(t, second(c.RegisteredModels.Create(t.Context(), mlflowclient.CreateRegisteredModel{Name: name})))
		on := mlflowclient.Resource{Type: mlflowclient.ResourceRegisteredModel, ID: name}
		enforced(t, c, on, func(ctx context.Context, theirs *mlflowclient.Client) map[mlflowclient.Permission]error {
			_, readErr := theirs.RegisteredModels.Get(ctx, name)
			editErr := theirs.RegisteredModels.SetTag(ctx, name, "k", "v")
			manageErr := theirs.RegisteredModels.Delete(ctx, name)
			return map[mlflowclient.Permission]error{
				mlflowclient.PermissionRead: readErr, mlflowclient.PermissionEdit: editErr, mlflowclient.PermissionManage: manageErr,
			}
		})
	})
}

func enforced(t *testing.T, c *mlflowclient.Client, on mlflowclient.Resource, try func(context.Context, *mlflowclient.Client) map[mlflowclient.Permission]error) {
	t.Helper()
	ctx := t.Context()
	user, theirs := newUser(t, c)
	for _, has := range []mlflowclient.Permission{
		mlflowclient.NoPermissions, mlflowclient.PermissionDeny, mlflowclient.PermissionRead, mlflowclient.PermissionUse, mlflowclient.PermissionEdit, mlflowclient.PermissionManage,
	} {
		if has != mlflowclient.NoPermissions {
			must(t, c.Permissions.Grant(ctx, user.Name, on, has))
			denied(t, "a second grant", c.Permissions.Grant(ctx, user.Name, on, has), mlflowclient.ErrAlreadyExists)
		}
		got, err := c.Permissions.Get(ctx, user.Name, on)
		if err != nil || got != has {
			t.Errorf("with %s: %s (%v)", has, got, err)
		}
		for needs, err := range try(ctx, theirs) {
			if has.Includes(needs) != (err == nil) {
				t.Errorf("with %s, what needs %s: %v", has, needs, err)
			}
			if err != nil {
				denied(t, string(has+" and "+needs), err, mlflowclient.ErrPermissionDenied)
			}
		}
		if has == mlflowclient.NoPermissions || has == mlflowclient.PermissionManage { // the resource is gone
			continue
		}
		must(t, c.Permissions.Revoke(ctx, user.Name, on))
		denied(t, "a second revocation", c.Permissions.Revoke(ctx, user.Name, on), mlflowclient.ErrNotFound)
	}
}

// TestCreatorsManage shows what a user may do with what it made.
func TestCreatorsManage(t *testing.T) {
	c, ctx := admin(t), t.Context()
	role, err := c.Roles.Create(ctx, mlflowclient.CreateRole{Name: unique("member")})
	must(t, err)
	must(t, second(c.Roles.AddPermission(ctx, role.ID, mlflowclient.Resource{Type: mlflowclient.ResourceWorkspace, ID: "*"}, mlflowclient.PermissionUse)))
	user, theirs := newUser(t, c)
	denied(t, "to create without a workspace", second(theirs.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: unique("x")})), mlflowclient.ErrPermissionDenied)
	must(t, c.Roles.Assign(ctx, role.ID, user.Name))
	id := newExperiment(t, theirs)
	want := mlflowclient.UserPermission{
		Workspace: mlflowclient.DefaultWorkspace, Resource: mlflowclient.Resource{Type: mlflowclient.ResourceExperiment, ID: id}, Permission: mlflowclient.PermissionManage,
	}
	mine, err := theirs.Permissions.Current(ctx)
	must(t, err)
	listed, err := c.Permissions.List(ctx, user.Name)
	must(t, err)
	for _, have := range []*mlflowclient.UserPermissions{mine, listed} {
		i := slices.IndexFunc(have.Permissions, func(p mlflowclient.UserPermission) bool { return p.Resource == want.Resource })
		if i < 0 || have.Admin {
			t.Fatalf("permissions %+v", have)
		}
		got := have.Permissions[i]
		if !strings.HasPrefix(got.RoleName, "__user_") || got.RoleID == 0 {
			t.Errorf("by role %d %q", got.RoleID, got.RoleName)
		}
		if got.RoleID, got.RoleName = 0, ""; got != want {
			t.Errorf("permission %+v, want %+v", got, want)
		}
	}
	if everything, err := c.Permissions.Current(ctx); err != nil || !everything.Admin {
		t.Errorf("an admin has %+v (%v)", everything, err)
	}
	denied(t, "an unknown type", c.Permissions.Grant(ctx, user.Name, mlflowclient.Resource{Type: "planet", ID: "*"}, mlflowclient.PermissionRead), mlflowclient.ErrInvalidParameter)
	denied(t, "an unknown user", c.Permissions.Grant(ctx, "nobody", want.Resource, mlflowclient.PermissionRead), mlflowclient.ErrNotFound)
}
