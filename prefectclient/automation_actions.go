package prefectclient

import (
	"encoding/json"
	"maps"
	"time"
)

// Action is what an automation does. Actions whose target is empty act on what the event is about.
type Action struct{ fields map[string]any }

// MarshalJSON writes the action as the server takes it.
func (a Action) MarshalJSON() ([]byte, error) { return json.Marshal(a.fields) }

// RawAction is any action of the server's: its type and its fields.
func RawAction(kind string, fields map[string]any) Action {
	all := map[string]any{"type": kind}
	maps.Copy(all, fields)
	return Action{all}
}

// aimed is an action at a thing with an id, or at the one that the event is about.
func aimed(kind, field, id string) Action {
	if id == "" {
		return RawAction(kind, map[string]any{"source": "inferred"})
	}
	return RawAction(kind, map[string]any{"source": "selected", field: id})
}

// DoNothing only makes the automation visible when it fires.
func DoNothing() Action { return RawAction("do-nothing", nil) }

// RunDeployment makes a run of a deployment, after a while if that is positive. Parameters hold values, or templates
// {"template": "{{ … }}", "__prefect_kind": "jinja"}.
func RunDeployment(deploymentID string, parameters map[string]any, after time.Duration) Action {
	a := aimed("run-deployment", "deployment_id", deploymentID)
	if parameters != nil {
		a.fields["parameters"] = parameters
	}
	if after > 0 {
		a.fields["schedule_after"] = after.Seconds()
	}
	return a
}

// PauseDeployment keeps a deployment's schedules from making runs.
func PauseDeployment(id string) Action { return aimed("pause-deployment", "deployment_id", id) }

// ResumeDeployment lets a deployment's schedules make runs again.
func ResumeDeployment(id string) Action { return aimed("resume-deployment", "deployment_id", id) }

// PauseWorkPool keeps a pool from handing out runs.
func PauseWorkPool(id string) Action { return aimed("pause-work-pool", "work_pool_id", id) }

// ResumeWorkPool lets a pool hand out runs again.
func ResumeWorkPool(id string) Action { return aimed("resume-work-pool", "work_pool_id", id) }

// PauseWorkQueue keeps a queue from handing out runs.
func PauseWorkQueue(id string) Action { return aimed("pause-work-queue", "work_queue_id", id) }

// ResumeWorkQueue lets a queue hand out runs again.
func ResumeWorkQueue(id string) Action { return aimed("resume-work-queue", "work_queue_id", id) }

// PauseAutomation disables an automation.
func PauseAutomation(id string) Action { return aimed("pause-automation", "automation_id", id) }

// ResumeAutomation enables an automation.
func ResumeAutomation(id string) Action { return aimed("resume-automation", "automation_id", id) }

// CancelFlowRun cancels the flow run that the event is about.
func CancelFlowRun() Action { return RawAction("cancel-flow-run", nil) }

// SuspendFlowRun suspends the flow run that the event is about.
func SuspendFlowRun() Action { return RawAction("suspend-flow-run", nil) }

// ResumeFlowRun resumes the flow run that the event is about.
func ResumeFlowRun() Action { return RawAction("resume-flow-run", nil) }

// DeleteFlowRun deletes the flow run that the event is about.
func DeleteFlowRun() Action { return RawAction("delete-flow-run", nil) }

// ChangeFlowRunState puts the flow run that the event is about into a state: Type, and Name and Message if set.
func ChangeFlowRunState(state State) Action {
	fields := map[string]any{"state": state.Type}
	if state.Name != "" {
		fields["name"] = state.Name
	}
	if state.Message != "" {
		fields["message"] = state.Message
	}
	return RawAction("change-flow-run-state", fields)
}

// SendNotification sends a message by a block of the kind notification, such as Slack's. Subject and body are Jinja
// templates.
func SendNotification(blockDocumentID, subject, body string) Action {
	return RawAction("send-notification", map[string]any{"block_document_id": blockDocumentID, "subject": subject, "body": body})
}

// CallWebhook sends a request by a block of the kind webhook. The payload is a Jinja template.
func CallWebhook(blockDocumentID, payload string) Action {
	return RawAction("call-webhook", map[string]any{"block_document_id": blockDocumentID, "payload": payload})
}
