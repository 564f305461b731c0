package embedded

import (
	"context"
	"strings"
)

// Custom views of the UI are tags of an experiment; the server limits how many there may be.
const (
	customViewPrefix = "mlflow.customView.view"
	maxCustomViews   = 50
)

var experimentTagRequest = &descriptor{fields: []field{{name: "experiment_id"}, {name: "key"}, {name: "value"}}}

func (s *Store) setExperimentTag(ctx context.Context, r *request) (any, error) {
	if err := r.decode(experimentTagRequest, rules(
		param("experiment_id", mandatory, isString), param("key", mandatory, isString), param("value", isString))); err != nil {
		return nil, err
	}
	tag := keyValue{r.msg.str("key"), r.msg.str("value")}
	if err := checkExperimentTag(tag); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		e, err := activeExperiment(tx, r.msg.str("experiment_id"))
		if err != nil {
			return err
		}
		if err := checkCustomViews(tx, e, tag.Key); err != nil {
			return err
		}
		_, err = tx.exec(`INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)
			ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value`, tag.Key, tag.Value, e.ExperimentID)
		return err
	})
}

func checkCustomViews(tx *session, e *experiment, key string) error {
	if !strings.HasPrefix(key, customViewPrefix) {
		return nil
	}
	if err := loadExperimentTags(tx, e); err != nil {
		return err
	}
	views := 0
	for _, t := range e.Tags {
		if t.Key == key {
			return nil
		}
		if strings.HasPrefix(t.Key, customViewPrefix) {
			views++
		}
	}
	if views >= maxCustomViews {
		return invalidf("Unable to create another custom view for experiment %s; the maximum number of custom views per experiment is %d. Delete an existing custom view before creating a new one.", e.ExperimentID, maxCustomViews)
	}
	return nil
}

func (s *Store) deleteExperimentTag(ctx context.Context, r *request) (any, error) {
	if err := r.decode(experimentTagRequest, rules(
		param("experiment_id", mandatory, isString), param("key", mandatory, isString))); err != nil {
		return nil, err
	}
	id, key := r.msg.str("experiment_id"), r.msg.str("key")
	return empty{}, s.write(ctx, func(tx *session) error {
		e, err := activeExperiment(tx, id)
		if err != nil {
			return err
		}
		n, err := tx.exec(`DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?`, e.ExperimentID, key)
		if err == nil && n == 0 {
			err = failf(codeNotFound, "No tag with name: %s in experiment with id %s", key, id)
		}
		return err
	})
}

// activeExperiment is findExperiment for a change that a deleted experiment refuses.
func activeExperiment(tx *session, id string) (*experiment, error) {
	e, err := findExperiment(tx, id)
	if err == nil && e.LifecycleStage != stageActive {
		return nil, invalidf("The experiment %s must be in the 'active' state. Current state is %s.", e.ExperimentID, e.LifecycleStage)
	}
	return e, err
}
