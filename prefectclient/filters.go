package prefectclient

import "time"

// Operator joins the conditions of one filter.
type Operator string

// The operators; And is the default.
const (
	And Operator = "and_"
	Or  Operator = "or_"
)

// IDFilter selects by id.
type IDFilter struct {
	Any    []string `json:"any_,omitempty"`
	NotAny []string `json:"not_any_,omitempty"`
}

// NameFilter selects by name: one of Any, or names that contain Like, whatever the case.
type NameFilter struct {
	Any  []string `json:"any_,omitempty"`
	Like string   `json:"like_,omitempty"`
}

// TagsFilter selects by tags: all of All, any of Any, or none at all (IsNull true).
type TagsFilter struct {
	Operator Operator `json:"operator,omitempty"`
	All      []string `json:"all_,omitempty"`
	Any      []string `json:"any_,omitempty"`
	IsNull   *bool    `json:"is_null_,omitempty"`
}

// LinkFilter selects by a reference to another object, or by its absence.
type LinkFilter struct {
	Operator Operator `json:"operator,omitempty"`
	Any      []string `json:"any_,omitempty"`
	IsNull   *bool    `json:"is_null_,omitempty"`
}

// AnyFilter selects one of several values.
type AnyFilter struct {
	Any []string `json:"any_,omitempty"`
}

// TimeFilter selects by time; both ends belong to the range. IsNull is not known for expected and next start times.
type TimeFilter struct {
	Before time.Time `json:"before_,omitzero"`
	After  time.Time `json:"after_,omitzero"`
	IsNull *bool     `json:"is_null_,omitempty"`
}

// RangeFilter selects whole numbers; both ends belong to the range.
type RangeFilter struct {
	AtLeast *int `json:"ge_,omitempty"`
	AtMost  *int `json:"le_,omitempty"`
}

// StateFilter selects by the current state.
type StateFilter struct {
	Operator Operator         `json:"operator,omitempty"`
	Type     *StateTypeFilter `json:"type,omitempty"`
	Name     *StateNameFilter `json:"name,omitempty"`
}

// StateTypeFilter selects by the state's type.
type StateTypeFilter struct {
	Any    []StateType `json:"any_,omitempty"`
	NotAny []StateType `json:"not_any_,omitempty"`
}

// StateNameFilter selects by the state's name.
type StateNameFilter struct {
	Any    []string `json:"any_,omitempty"`
	NotAny []string `json:"not_any_,omitempty"`
}

// StateIs selects runs in a state of one of the types.
func StateIs(types ...StateType) *StateFilter {
	return &StateFilter{Type: &StateTypeFilter{Any: types}}
}

// Related narrows a query by the objects that belong to the ones sought: flow runs of certain flows, task runs of
// certain flow runs, and so on. Nil filters narrow nothing.
type Related struct {
	Flows       *FlowFilter       `json:"flows,omitempty"`
	FlowRuns    *FlowRunFilter    `json:"flow_runs,omitempty"`
	TaskRuns    *TaskRunFilter    `json:"task_runs,omitempty"`
	Deployments *DeploymentFilter `json:"deployments,omitempty"`
	WorkPools   *WorkPoolFilter   `json:"work_pools,omitempty"`
	WorkQueues  *WorkQueueFilter  `json:"work_pool_queues,omitempty"`
}
