package mlflowclient_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

func TestWebhooks(t *testing.T) {
	c, ctx := admin(t), t.Context()
	in := mlflowclient.CreateWebhook{
		Name: "hook-1", Description: "für alle", URL: "http://127.0.0.1:9/hook?a=b", Secret: "s", Status: mlflowclient.WebhookDisabled,
		Events: []mlflowclient.WebhookEvent{mlflowclient.EventModelVersionAliasCreated, mlflowclient.EventRegisteredModelCreated},
	}
	made, err := c.Webhooks.Create(ctx, in)
	must(t, err)
	slices.Sort(made.Events)
	if made.Name != in.Name || made.Description != in.Description || made.URL != in.URL || made.Status != in.Status || !slices.Equal(made.Events, in.Events) ||
		made.Calls(mlflowclient.EventRegisteredModelCreated) || time.Since(made.Created) > time.Minute || !made.Updated.Equal(made.Created) {
		t.Errorf("made %+v", made)
	}
	for what, bad := range map[string]mlflowclient.CreateWebhook{
		"a scheme that is not allowed": {Name: "x", URL: "ftp://127.0.0.1/", Events: in.Events}, "no events": {Name: "x", URL: in.URL},
		"an event without an action": {Name: "x", URL: in.URL, Events: []mlflowclient.WebhookEvent{"prompt"}}, "a bad name": {Name: "a b", URL: in.URL, Events: in.Events},
	} {
		denied(t, what, second(c.Webhooks.Create(ctx, bad)), mlflowclient.ErrInvalidParameter)
	}
	changed, err := c.Webhooks.Update(ctx, made.ID, mlflowclient.UpdateWebhook{
		Description: new(""), Status: mlflowclient.WebhookActive, Events: []mlflowclient.WebhookEvent{mlflowclient.EventModelVersionCreated},
	})
	must(t, err)
	if changed.Name != in.Name || changed.Description != "" || changed.URL != in.URL || !changed.Calls(mlflowclient.EventModelVersionCreated) || len(changed.Events) != 1 {
		t.Errorf("changed to %+v", changed)
	}
	if found, err := c.Webhooks.Get(ctx, made.ID); err != nil || found.ID != made.ID || !found.Calls(mlflowclient.EventModelVersionCreated) {
		t.Errorf("found %+v (%v)", found, err)
	}
	other, err := c.Webhooks.Create(ctx, in)
	must(t, err)
	var ids []string
	for _, w := range collect(t, c.Webhooks.List(ctx, mlflowclient.ListWebhooks{PageSize: 1})) {
		ids = append(ids, w.ID)
	}
	if i, j := slices.Index(ids, other.ID), slices.Index(ids, made.ID); i < 0 || j < i {
		t.Errorf("listed %v, want %s before %s", ids, other.ID, made.ID)
	}
	// Nobody listens on port 9.
	if result, err := c.Webhooks.Test(ctx, made.ID, ""); err != nil || result.Success || result.Error == "" {
		t.Errorf("a test without a receiver: %+v (%v)", result, err)
	}
	for _, w := range []*mlflowclient.Webhook{made, other} {
		must(t, c.Webhooks.Delete(ctx, w.ID))
		denied(t, "a deleted webhook", second(c.Webhooks.Get(ctx, w.ID)), mlflowclient.ErrNotFound)
	}
	denied(t, "no id", c.Webhooks.Delete(ctx, ".."), mlflowclient.ErrInvalidParameter)
}

// TestServerCallsWebhook has the real server call a receiver of ours.
func TestServerCallsWebhook(t *testing.T) {
	c, ctx := admin(t), t.Context()
	secret := rand.Text()
	got := make(chan *mlflowclient.WebhookDelivery, 10)
	fail := make(chan struct{}, 1)
	receiver := httptest.NewServer(&mlflowclient.WebhookReceiver{Secret: secret, Handle: func(_ context.Context, d *mlflowclient.WebhookDelivery) error {
		got <- d
		select {
		case <-fail:
			return errors.New("not now")
		default:
			return nil
		}
	}})
	defer receiver.Close()
	hook, err := c.Webhooks.Create(ctx, mlflowclient.CreateWebhook{Name: "live", URL: receiver.URL + "/hook", Secret: secret, Events: []mlflowclient.WebhookEvent{
		mlflowclient.EventRegisteredModelCreated, mlflowclient.EventModelVersionCreated, mlflowclient.EventModelVersionAliasCreated, mlflowclient.EventModelVersionTagSet,
	}})
	must(t, err)
	defer c.Webhooks.Delete(context.WithoutCancel(ctx), hook.ID) //nolint:errcheck // the server ends with the tests

	result, err := c.Webhooks.Test(ctx, hook.ID, mlflowclient.EventModelVersionAliasCreated)
	if err != nil || !result.Success || result.Status != 204 || result.Error != "" {
		t.Errorf("test: %+v (%v)", result, err)
	}
	if d := <-got; d.Event != mlflowclient.EventModelVersionAliasCreated || d.Data.Name == "" || d.Data.Alias == "" || d.Data.Version != "1" || d.ID == "" || d.Workspace != mlflowclient.DefaultWorkspace {
		t.Errorf("test delivered %+v", d)
	}

	name := unique("wine")
	next := func(event mlflowclient.WebhookEvent) *mlflowclient.WebhookDelivery {
		t.Helper()
		select {
		case d := <-got:
			if d.Event != event || d.Data.Name != name || time.Since(d.Sent) > time.Minute {
				t.Errorf("delivered %+v, want %s of %s", d, event, name)
			}
			return d
		case <-time.After(time.Minute):
			t.Fatalf("%s was not delivered", event)
			return nil
		}
	}
	must(t, second(c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name, Description: "rot & weiß", Tags: map[string]string{"k": "v"}})))
	if d := next(mlflowclient.EventRegisteredModelCreated); d.Data.Description != "rot & weiß" || d.Data.Tags["k"] != "v" {
		t.Errorf("delivered %+v", d.Data)
	}
	must(t, second(c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: name, Source: "s3://bucket/model"})))
	if d := next(mlflowclient.EventModelVersionCreated); d.Data.Version != "1" || d.Data.Source != "s3://bucket/model" {
		t.Errorf("delivered %+v", d.Data)
	}
	must(t, c.ModelVersions.SetTag(ctx, name, "1", "quality", "7"))
	if d := next(mlflowclient.EventModelVersionTagSet); d.Data.Key != "quality" || d.Data.Value != "7" {
		t.Errorf("delivered %+v", d.Data)
	}
	fail <- struct{}{} // the first answer is 500, and the server calls again
	must(t, c.RegisteredModels.SetAlias(ctx, name, "champion", "1"))
	first, again := next(mlflowclient.EventModelVersionAliasCreated), next(mlflowclient.EventModelVersionAliasCreated)
	if first.Data.Alias != "champion" || first.Data.Version != "1" || again.ID != first.ID || !again.Sent.Equal(first.Sent) {
		t.Errorf("delivered %+v and %+v", first, again)
	}
}
