package mlflowclient

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// readTracking reads what concerns runs.
func (e environment) readTracking(s *settings) (err error) {
	s.run = e.get("MLFLOW_RUN_ID")
	if s.tags, err = contextTags(e.get("MLFLOW_RUN_CONTEXT")); err != nil {
		return fmt.Errorf("MLFLOW_RUN_CONTEXT: %w", err)
	}
	if s.user == "" && s.rest.Username == "" {
		// In this order Python's getpass looks.
		for _, name := range []string{"LOGNAME", "USER", "LNAME", "USERNAME"} {
			if s.user = e.get(name); s.user != "" {
				break
			}
		}
	}
	return e.readSystemMetrics(s)
}

func (e environment) readSystemMetrics(s *settings) error {
	on, err := e.boolean("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", false)
	if err != nil {
		return err
	}
	interval, err := e.number("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", 0, 24*3600)
	if err != nil {
		return err
	}
	samples, err := e.number("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", 0, 1e6)
	if err != nil {
		return err
	}
	if samples != float64(int(samples)) {
		return fmt.Errorf("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING is %v, which is not a whole number", samples)
	}
	if !on {
		return nil
	}
	s.system = &SystemMetrics{Interval: seconds(interval), Samples: int(samples), NodeID: e.get("MLFLOW_SYSTEM_METRICS_NODE_ID")}
	return s.system.validate()
}

// contextTags reads a JSON object. Values that are not text become the text of their JSON.
func contextTags(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &values); err != nil || values == nil {
		return nil, fmt.Errorf("it is not a JSON object of tags: %.100q", text)
	}
	tags := make(map[string]string, len(values))
	for key, value := range values {
		var word string
		if bytes.HasPrefix(value, []byte(`"`)) {
			if err := json.Unmarshal(value, &word); err != nil {
				return nil, err
			}
		} else {
			word = string(value)
		}
		tags[key] = word
	}
	return tags, nil
}
