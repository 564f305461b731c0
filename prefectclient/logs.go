package prefectclient

import (
	"context"
	"iter"
	"log/slog"
	"time"
)

// LogsService writes and reads the logs of runs.
type LogsService struct{ client *Client }

// LogLevel is a level in Python's numbers.
type LogLevel int

// Python's levels.
const (
	LogDebug    LogLevel = 10
	LogInfo     LogLevel = 20
	LogWarning  LogLevel = 30
	LogError    LogLevel = 40
	LogCritical LogLevel = 50
)

// levelOf maps slog's levels onto Python's: debug -4 → 10, info 0 → 20, warn 4 → 30, error 8 → 40, and what is between
// in proportion.
func levelOf(level slog.Level) LogLevel {
	return LogLevel(min(max(20+int(level)*10/4, 1), 50))
}

// Log is one log record of a run.
type Log struct {
	ID string `json:"id,omitempty"`
	// Name is the logger's: "prefect.flow_runs" or "prefect.task_runs" for what runs write.
	Name      string    `json:"name"`
	Level     LogLevel  `json:"level"`
	Message   string    `json:"message"`
	Timestamp time.Time `json:"timestamp"`
	FlowRunID string    `json:"flow_run_id,omitempty"`
	TaskRunID string    `json:"task_run_id,omitempty"`
}

// LogFilter selects logs.
type LogFilter struct {
	Operator  Operator     `json:"operator,omitempty"`
	Level     *RangeFilter `json:"level,omitempty"`
	Timestamp *TimeFilter  `json:"timestamp,omitempty"`
	FlowRunID *AnyFilter   `json:"flow_run_id,omitempty"`
	TaskRunID *LinkFilter  `json:"task_run_id,omitempty"`
}

// Create writes log records. The server takes at most 4,000,000 bytes at once and 1,000,000 a message.
func (s *LogsService) Create(ctx context.Context, logs []Log) error {
	_, err := s.client.call(ctx, post("/logs/", logs), nil)
	return err
}

// Filter walks the logs that match, by time, or the latest first when newestFirst is set.
func (s *LogsService) Filter(ctx context.Context, filter LogFilter, newestFirst bool) iter.Seq2[*Log, error] {
	sort := "TIMESTAMP_ASC"
	if newestFirst {
		sort = "TIMESTAMP_DESC"
	}
	return pages(0, func(l *Log) string { return l.ID }, func(p page) ([]*Log, error) {
		return fetch[Log](ctx, s.client, "/logs/filter", struct {
			Logs LogFilter `json:"logs"`
			Sort string    `json:"sort"`
			page
		}{filter, sort, p})
	})
}
