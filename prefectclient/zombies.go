package prefectclient

import (
	"context"
	"fmt"
	"time"
)

// ZombieAutomation is the name of the automation that [CrashZombies] makes.
const ZombieAutomation = "Crash zombie flow runs"

// CrashZombies makes the server set a flow run to CRASHED when its heartbeats stop for longer than within: a worker that
// starts again settles what it lost by itself, but one that never does leaves its runs RUNNING. The automation acts on
// the flow runs of all programs that send heartbeats, also Python's. There is one of its name; a second call changes the
// time.
//
// within must be at least a minute, and longer than the heartbeats' interval (PREFECT_FLOWS_HEARTBEAT_FREQUENCY, 180 s by
// default, at least 30 s): three of them are a good choice.
func CrashZombies(ctx context.Context, c *Client, within time.Duration) (*Automation, error) {
	if within < time.Minute {
		return nil, fmt.Errorf("prefect: zombies are found after a minute at the earliest, not after %v: heartbeats come every 30 s or less often", within)
	}
	return c.Automations.Ensure(ctx, zombieSpec(ZombieAutomation, within, nil))
}

// zombieSpec is the automation: after a heartbeat, another one or the run's end is expected in time.
func zombieSpec(name string, within time.Duration, related map[string][]string) AutomationSpec {
	const heartbeat = "prefect.flow-run.heartbeat"
	return AutomationSpec{
		Name:        name,
		Description: fmt.Sprintf("Sets flow runs to CRASHED whose heartbeats stopped for %v.", within),
		Trigger: EventTrigger{
			Posture:      Proactive,
			Match:        map[string][]string{"prefect.resource.id": {"prefect.flow-run.*"}},
			MatchRelated: related,
			ForEach:      []string{"prefect.resource.id"},
			After:        []string{heartbeat},
			Expect: []string{
				heartbeat, "prefect.flow-run.Completed", "prefect.flow-run.Failed", "prefect.flow-run.Cancelled", "prefect.flow-run.Crashed",
				"prefect.flow-run.Paused", "prefect.flow-run.Suspended", "prefect.flow-run.AwaitingRetry",
			},
			Within: within,
		},
		Actions: []Action{ChangeFlowRunState(State{Type: StateCrashed, Message: "Flow run marked as crashed due to missing heartbeats."})},
	}
}
