package embedded

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// loggedModelsTag holds, as a JSON list, the models among a run's artifacts, as MLflow kept them before logged models.
const loggedModelsTag = "mlflow.log-model.history"

var logModelRequest = &descriptor{fields: []field{{name: "run_id"}, {name: "model_json"}}}

// recordModel notes a model of a run in a tag of the run.
func (s *Store) recordModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(logModelRequest, rules(param("run_id", isString, mandatory), param("model_json", isString, mandatory))); err != nil {
		return nil, err
	}
	model, err := recordOf(r.msg.str("model_json"))
	if err != nil {
		return nil, err
	}
	id := r.msg.str("run_id")
	return empty{}, s.write(ctx, func(tx *session) error {
		if _, err := activeRun(tx, id); err != nil {
			return err
		}
		list := "[" + model + "]"
		err := tx.each(`SELECT value FROM tags WHERE run_uuid = ? AND key = ?`, []any{id, loggedModelsTag}, func(rows *sql.Rows) error {
			var before string
			if err := rows.Scan(&before); err != nil {
				return err
			}
			value, err := decodeJSON([]byte(before))
			if models, ok := value.([]any); err == nil && ok && len(models) > 0 {
				list = strings.TrimSuffix(pythonJSON(models), "]") + "," + model + "]"
			}
			return nil
		})
		if err != nil {
			return err
		}
		tag, err := checkTag("", keyValue{loggedModelsTag, list})
		if err != nil {
			return err
		}
		return putTag(tx, id, tag)
	})
}

// recordOf keeps of a model's description what the tag has of it: no signature, and no configuration in a flavor.
func recordOf(text string) (string, error) {
	value, err := decodeJSON([]byte(text))
	if err != nil {
		return "", invalidf("Malformed model info. \n %s \n is not a valid JSON.", text)
	}
	model, ok := value.(*object)
	if !ok || model.list != nil {
		return "", errServerFault
	}
	var missing []string
	for _, key := range []string{"artifact_path", "flavors", "run_id", "utc_time_created"} {
		if _, ok := model.get(key); !ok {
			missing = append(missing, "'"+key+"'")
		}
	}
	if len(missing) > 0 {
		return "", invalidf("Model json is missing mandatory fields: {%s}", strings.Join(missing, ", "))
	}
	flavors, ok := model.values["flavors"].(*object)
	if !ok {
		return "", errServerFault
	}
	for _, name := range flavors.keys {
		if flavor, ok := flavors.values[name].(*object); ok {
			flavor.keys = slices.DeleteFunc(flavor.keys, func(key string) bool { return key == "config" })
		}
	}
	uuid, _ := model.get("model_uuid")
	return pythonJSON(&object{
		keys: []string{"run_id", "artifact_path", "utc_time_created", "model_uuid", "flavors"},
		values: map[string]any{
			"run_id": model.values["run_id"], "artifact_path": model.values["artifact_path"],
			"utc_time_created": model.values["utc_time_created"], "model_uuid": uuid, "flavors": flavors,
		},
	}), nil
}
