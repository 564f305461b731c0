package evidently_test

import (
	"encoding/json"
	"fmt"
	"time"

	"mlopsgo/monitoring/evidently"
)

func ExampleSnapshot() {
	s := evidently.Snapshot{
		Name: "12:00 to 13:00", Time: time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC),
		Results: []evidently.Result{evidently.ValueDrift("alcohol", "K-S p_value", 0.05, 0.003)},
	}
	text, err := json.Marshal(s)
	if err != nil {
		fmt.Println(err)
		return
	}
	var sent struct {
		Timestamp string
		Results   map[string]struct{ Value float64 } `json:"metric_results"`
	}
	if err := json.Unmarshal(text, &sent); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sent.Timestamp, sent.Results["value-drift:alcohol"].Value)
	s.Time = time.Time{}
	fmt.Println(s.Validate())
	// Output:
	// 2026-11-20T13:00:00 0.003
	// evidently: snapshot "12:00 to 13:00": invalid: it has no time
}
