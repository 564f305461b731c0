package prefectclient

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestAutomations(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	owner := "prefect.deployment." + uuid.NewString()
	spec := AutomationSpec{
		Name: name, Description: "for a test", Disabled: true, Tags: []string{"wine"}, OwnerResource: owner,
		Trigger: CompoundTrigger{Within: time.Minute, Require: 1, Triggers: []Trigger{
			EventTrigger{Expect: []string{"prefect.flow-run.Failed"}, Match: map[string][]string{"prefect.resource.id": {"prefect.flow-run.*"}}, Threshold: 2, Within: 30 * time.Second},
			SequenceTrigger{Triggers: []Trigger{EventTrigger{Expect: []string{"a"}}, RawTrigger(`{"type":"event","posture":"Reactive","expect":["b"]}`)}},
		}},
		Actions: []Action{DoNothing(), ChangeFlowRunState(State{Type: StateCrashed, Message: "gone"}), CancelFlowRun(), PauseWorkPool("")},
	}
	made := must[*Automation](t)(c.Automations.Create(ctx, spec))
	if made.Name != name || made.Enabled || !slices.Equal(made.Tags, spec.Tags) || len(made.Actions) != 4 || !strings.Contains(string(made.Trigger), `"compound"`) {
		t.Errorf("made %+v", made)
	}
	spec.Disabled, spec.Trigger = false, EventTrigger{Posture: Proactive, Expect: []string{"never"}, Within: time.Hour}
	changed := must[*Automation](t)(c.Automations.Ensure(ctx, spec))
	var trigger struct{ Posture Posture }
	if err := json.Unmarshal(changed.Trigger, &trigger); err != nil || changed.ID != made.ID || !changed.Enabled || trigger.Posture != Proactive {
		t.Errorf("changed to %+v, %v", changed, err)
	}
	if err := c.Automations.SetEnabled(ctx, made.ID, false); err != nil {
		t.Error(err)
	}
	if must[*Automation](t)(c.Automations.Read(ctx, made.ID)).Enabled {
		t.Error("it is enabled")
	}
	filter := AutomationFilter{Name: &AnyFilter{Any: []string{name}}}
	if n := must[int](t)(c.Automations.Count(ctx, filter)); n != 1 {
		t.Errorf("%d of them", n)
	}
	if related := must[[]*Automation](t)(c.Automations.RelatedTo(ctx, owner)); len(related) != 1 {
		t.Errorf("%d belong to the owner", len(related))
	}
	if err := c.Automations.DeleteOwnedBy(ctx, owner); err != nil {
		t.Error(err)
	}
	if _, err := c.Automations.Read(ctx, made.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted one gave %v", err)
	}
	again := must[*Automation](t)(c.Automations.Ensure(ctx, spec))
	if err := c.Automations.Delete(ctx, again.ID); err != nil {
		t.Error(err)
	}
	for _, wrong := range []AutomationSpec{{}, {Name: "x"}, {Name: "x", Trigger: EventTrigger{}}} {
		if _, err := c.Automations.Create(ctx, wrong); err == nil {
			t.Errorf("%+v was sent", wrong)
		}
	}
	if err := c.Automations.ValidateTemplate(ctx, "{{ flow_run.name }}"); err != nil {
		t.Error(err)
	}
	if err := c.Automations.ValidateTemplate(ctx, "{{ flow_run.name"); !errors.Is(err, ErrInvalid) {
		t.Errorf("a wrong template gave %v", err)
	}
}

// TestAutomationRunsDeployment lets an event start a run, as monitoring does when data drift.
func TestAutomationRunsDeployment(t *testing.T) {
	t.Parallel()
	c, name := server(t), unique(t)
	ctx := t.Context()
	forget(t, c, name)
	flow := must[*FlowEntry](t)(c.Flows.Create(ctx, name, nil, nil))
	d := must[*Deployment](t)(c.Deployments.Apply(ctx, DeploymentSpec{Name: "d", FlowID: flow.ID}))
	a := must[*Automation](t)(c.Automations.Create(ctx, AutomationSpec{
		Name: name, Trigger: EventTrigger{Expect: []string{name}}, Actions: []Action{RunDeployment(d.ID, map[string]any{"n": 3}, 0)},
	}))
	t.Cleanup(func() { _ = c.Automations.Delete(deadline(t, 5*time.Second), a.ID) })
	var runs []*FlowRun
	eventually(t, 60*time.Second, "the event starts a run", func() bool {
		// The server's reactor may not know the automation yet, so the event is sent until it acts.
		event := must[Event](t)(NewEvent(name, Resource{"prefect.resource.id": name}, nil))
		if err := c.Events.Emit(ctx, event); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		runs = nil
		for run, err := range c.FlowRuns.Filter(ctx, FlowRunQuery{Related: Related{Flows: &FlowFilter{ID: &IDFilter{Any: []string{flow.ID}}}}}) {
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, run)
		}
		return len(runs) > 0
	})
	if string(runs[0].Parameters["n"]) != "3" || runs[0].DeploymentID != d.ID {
		t.Errorf("the run is %+v", runs[0])
	}
}

func TestSavedSearches(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	filter := SavedSearchFilter{Object: "flow", Property: "name", Type: "string", Operation: "equals", Value: "wine"}
	made := must[*SavedSearch](t)(c.SavedSearches.Save(ctx, name))
	saved := must[*SavedSearch](t)(c.SavedSearches.Save(ctx, name, filter))
	if saved.ID != made.ID || len(saved.Filters) != 1 || saved.Filters[0] != filter {
		t.Errorf("saved %+v", saved)
	}
	found := false
	for s, err := range c.SavedSearches.Filter(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		found = found || s.ID == made.ID
	}
	if read := must[*SavedSearch](t)(c.SavedSearches.Read(ctx, made.ID)); !found || read.Name != name {
		t.Errorf("listed %v, read %+v", found, read)
	}
	if err := c.SavedSearches.Delete(ctx, made.ID); err != nil {
		t.Error(err)
	}
}
