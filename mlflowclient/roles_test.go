package mlflowclient_test

import (
	"slices"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestRoles(t *testing.T) {
	c, ctx := admin(t), t.Context()
	user, theirs := newUser(t, c)
	experiment := newExperiment(t, c)
	name := unique("reader")
	role, err := c.Roles.Create(ctx, mlflowclient.CreateRole{Name: name, Description: "reads all"})
	must(t, err)
	if role.Name != name || role.Workspace != mlflowclient.DefaultWorkspace || role.Description != "reads all" || role.ID == 0 {
		t.Errorf("made %+v", role)
	}
	denied(t, "a role that exists", second(c.Roles.Create(ctx, mlflowclient.CreateRole{Name: name})), mlflowclient.ErrAlreadyExists)
	denied(t, "roles for a user that is no admin", second(theirs.Roles.List(ctx)), mlflowclient.ErrPermissionDenied)

	all := mlflowclient.Resource{Type: mlflowclient.ResourceExperiment, ID: "*"}
	added, err := c.Roles.AddPermission(ctx, role.ID, all, mlflowclient.PermissionRead)
	must(t, err)
	if added.Resource != all || added.Permission != mlflowclient.PermissionRead || added.RoleID != role.ID {
		t.Errorf("added %+v", added)
	}
	denied(t, "a second permission on the same", second(c.Roles.AddPermission(ctx, role.ID, all, mlflowclient.PermissionEdit)), mlflowclient.ErrAlreadyExists)
	denied(t, "before the role is theirs", second(theirs.Experiments.Get(ctx, experiment)), mlflowclient.ErrPermissionDenied)

	must(t, c.Roles.Assign(ctx, role.ID, user.Name))
	denied(t, "a role twice", c.Roles.Assign(ctx, role.ID, user.Name), mlflowclient.ErrAlreadyExists)
	must(t, second(theirs.Experiments.Get(ctx, experiment)))
	denied(t, "to write as a reader", theirs.Experiments.SetTag(ctx, experiment, "k", "v"), mlflowclient.ErrPermissionDenied)
	changed, err := c.Roles.UpdatePermission(ctx, added.ID, mlflowclient.PermissionEdit)
	if err != nil || changed.Permission != mlflowclient.PermissionEdit || changed.ID != added.ID {
		t.Errorf("changed to %+v (%v)", changed, err)
	}
	must(t, theirs.Experiments.SetTag(ctx, experiment, "k", "v"))

	users, err := c.Roles.Users(ctx, role.ID)
	if err != nil || !slices.Equal(users, []int64{user.ID}) {
		t.Errorf("users %v (%v), want %d", users, err, user.ID)
	}
	roles, err := theirs.Users.Roles(ctx, user.Name)
	if err != nil || len(roles) != 1 || roles[0].ID != role.ID || len(roles[0].Permissions) != 1 {
		t.Errorf("roles %+v (%v)", roles, err)
	}
	permissions, err := c.Roles.Permissions(ctx, role.ID)
	if err != nil || len(permissions) != 1 || permissions[0] != *changed {
		t.Errorf("permissions %+v (%v)", permissions, err)
	}

	must(t, c.Roles.Unassign(ctx, role.ID, user.Name))
	denied(t, "after the role was taken", second(theirs.Experiments.Get(ctx, experiment)), mlflowclient.ErrPermissionDenied)
	denied(t, "to take it twice", c.Roles.Unassign(ctx, role.ID, user.Name), mlflowclient.ErrNotFound)
	must(t, c.Roles.RemovePermission(ctx, added.ID))
	renamed, err := c.Roles.Update(ctx, role.ID, mlflowclient.UpdateRole{Name: new(name + "2"), Description: new("")})
	if err != nil || renamed.Name != name+"2" || renamed.Description != "" {
		t.Errorf("renamed %+v (%v)", renamed, err)
	}
	if found, err := c.Roles.Get(ctx, role.ID); err != nil || found.Name != name+"2" || len(found.Permissions) != 0 {
		t.Errorf("found %+v (%v)", found, err)
	}
	list, err := c.Roles.List(ctx, mlflowclient.DefaultWorkspace)
	if err != nil || !slices.ContainsFunc(list, func(r *mlflowclient.Role) bool { return r.ID == role.ID }) {
		t.Errorf("the role is not among %d of its workspace (%v)", len(list), err)
	}
	must(t, c.Roles.Delete(ctx, role.ID))
	denied(t, "a deleted role", second(c.Roles.Get(ctx, role.ID)), mlflowclient.ErrNotFound)
}
