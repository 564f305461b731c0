package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Schedule says when runs are made: exactly one of Cron, Interval and RRule is set. Make it with [Cron], [Every] or
// [RRule].
type Schedule struct {
	// Cron is a cron expression of five fields.
	Cron string `json:"cron,omitempty"`
	// DayOr joins day of month and day of week by "or" (true, the default) or by "and".
	DayOr *bool `json:"day_or,omitempty"`
	// Interval is in seconds.
	Interval float64 `json:"interval,omitempty"`
	// AnchorDate is a time that an interval schedule hits; the server chooses one when it is zero.
	AnchorDate time.Time `json:"anchor_date,omitzero"`
	// RRule is a recurrence rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO.
	RRule string `json:"rrule,omitempty"`
	// Timezone is an IANA name; UTC when empty.
	Timezone string `json:"timezone,omitempty"`
}

// Cron is a schedule by a cron expression in a time zone ("" for UTC).
func Cron(expression, timezone string) Schedule {
	return Schedule{Cron: expression, Timezone: timezone}
}

// Every is a schedule with a fixed distance.
func Every(d time.Duration) Schedule { return Schedule{Interval: d.Seconds()} }

// RRule is a schedule by a recurrence rule of RFC 5545 in a time zone ("" for UTC).
func RRule(rule, timezone string) Schedule { return Schedule{RRule: rule, Timezone: timezone} }

func (s Schedule) validate() error {
	given := 0
	for _, set := range []bool{s.Cron != "", s.Interval != 0, s.RRule != ""} {
		if set {
			given++
		}
	}
	if given != 1 {
		return errors.New("a schedule has exactly one of Cron, Interval and RRule")
	}
	if s.Interval < 0 {
		return fmt.Errorf("the interval of %v s is negative", s.Interval)
	}
	return nil
}

// same compares what a caller can set; the server fills in the rest.
func (s Schedule) same(other Schedule) bool {
	zone := func(z string) string {
		if z == "" {
			return "UTC"
		}
		return z
	}
	dayOr := func(b *bool) bool { return b == nil || *b }
	return s.Cron == other.Cron && s.Interval == other.Interval && s.RRule == other.RRule && dayOr(s.DayOr) == dayOr(other.DayOr) &&
		zone(s.Timezone) == zone(other.Timezone) && (s.AnchorDate.IsZero() || s.AnchorDate.Equal(other.AnchorDate))
}

// DeploymentSchedule is a schedule of a deployment, as the server has it.
type DeploymentSchedule struct {
	ID               string         `json:"id"`
	DeploymentID     string         `json:"deployment_id"`
	Schedule         Schedule       `json:"schedule"`
	Active           bool           `json:"active"`
	MaxScheduledRuns int            `json:"max_scheduled_runs"`
	Parameters       map[string]any `json:"parameters"`
	Slug             string         `json:"slug"`
}

// ScheduleSpec describes a schedule that a deployment shall have.
type ScheduleSpec struct {
	Schedule Schedule `json:"schedule"`
	// Active is true for a new schedule when nil; nil leaves an existing one as it is, so that a pause made in the UI
	// outlives a deployment.
	Active *bool `json:"active,omitempty"`
	// MaxScheduledRuns bounds how many runs are planned ahead; 0 leaves it to the server.
	MaxScheduledRuns int `json:"max_scheduled_runs,omitempty"`
	// Parameters of this schedule's runs win over those of the deployment.
	Parameters any `json:"parameters,omitempty"`
	// Slug names the schedule within the deployment, so that it is found again when its times change.
	Slug string `json:"slug,omitempty"`
}

// Schedules gives the schedules of a deployment.
func (s *DeploymentsService) Schedules(ctx context.Context, deploymentID string) ([]*DeploymentSchedule, error) {
	var schedules []*DeploymentSchedule
	if _, err := s.client.call(ctx, get(pathOf("deployments", deploymentID, "schedules")), &schedules); err != nil {
		return nil, err
	}
	return schedules, nil
}

// CreateSchedules adds schedules to a deployment.
func (s *DeploymentsService) CreateSchedules(ctx context.Context, deploymentID string, specs ...ScheduleSpec) ([]*DeploymentSchedule, error) {
	for _, spec := range specs {
		if err := spec.Schedule.validate(); err != nil {
			return nil, fmt.Errorf("prefect: %w", err)
		}
	}
	var schedules []*DeploymentSchedule
	if _, err := s.client.call(ctx, post(pathOf("deployments", deploymentID, "schedules"), specs), &schedules); err != nil {
		return nil, err
	}
	return schedules, nil
}

// UpdateSchedule replaces a schedule's times, and what else the spec sets.
func (s *DeploymentsService) UpdateSchedule(ctx context.Context, deploymentID, scheduleID string, spec ScheduleSpec) error {
	if err := spec.Schedule.validate(); err != nil {
		return fmt.Errorf("prefect: %w", err)
	}
	_, err := s.client.call(ctx, patch(pathOf("deployments", deploymentID, "schedules", scheduleID), spec), nil)
	return err
}

// DeleteSchedule removes a schedule with its planned runs.
func (s *DeploymentsService) DeleteSchedule(ctx context.Context, deploymentID, scheduleID string) error {
	_, err := s.client.call(ctx, remove(pathOf("deployments", deploymentID, "schedules", scheduleID)), nil)
	return err
}

// syncSchedules makes a deployment's schedules those of the specs, and touches none that is as it should be.
func (s *DeploymentsService) syncSchedules(ctx context.Context, d *Deployment, specs []ScheduleSpec) error {
	existing := append([]*DeploymentSchedule(nil), d.Schedules...)
	var missing []ScheduleSpec
	for _, spec := range specs {
		i := findSchedule(existing, spec)
		if i < 0 {
			missing = append(missing, spec)
			continue
		}
		found := existing[i]
		existing = append(existing[:i], existing[i+1:]...)
		if scheduleFits(found, spec) {
			continue
		}
		if err := s.UpdateSchedule(ctx, d.ID, found.ID, spec); err != nil {
			return err
		}
	}
	for _, surplus := range existing {
		if err := s.DeleteSchedule(ctx, d.ID, surplus.ID); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err := s.CreateSchedules(ctx, d.ID, missing...)
	return err
}

// findSchedule looks for a spec's schedule: by slug, or by its times when it has none.
func findSchedule(existing []*DeploymentSchedule, spec ScheduleSpec) int {
	for i, e := range existing {
		if spec.Slug != "" && e.Slug == spec.Slug || spec.Slug == "" && e.Slug == "" && spec.Schedule.same(e.Schedule) {
			return i
		}
	}
	return -1
}

func scheduleFits(e *DeploymentSchedule, spec ScheduleSpec) bool {
	return spec.Schedule.same(e.Schedule) && (spec.Active == nil || *spec.Active == e.Active) &&
		(spec.MaxScheduledRuns == 0 || spec.MaxScheduledRuns == e.MaxScheduledRuns) &&
		(spec.Parameters == nil || sameJSON(spec.Parameters, e.Parameters))
}
