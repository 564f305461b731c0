package embedded

import (
	"context"
	"fmt"
	"strings"
)

var logParamRequest = &descriptor{fields: []field{{name: "run_id"}, {name: "run_uuid"}, {name: "key"}, {name: "value"}}}

// runKeyValue reads a request that sets a key of a run to a value.
func runKeyValue(r *request, check func(element string, kv keyValue) (keyValue, error)) (id string, kv keyValue, err error) {
	if err := r.decode(logParamRequest, rules(
		param("run_id", mandatory, isString), param("key", mandatory, isString), param("value", isString))); err != nil {
		return "", kv, err
	}
	kv, err = check("", keyValue{r.msg.str("key"), r.msg.str("value")})
	return runIDOf(r.msg), kv, err
}

func (s *Store) logParam(ctx context.Context, r *request) (any, error) {
	id, p, err := runKeyValue(r, checkParam)
	if err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		if _, err := activeRun(tx, id); err != nil {
			return err
		}
		old, changed, err := putParam(tx, id, p)
		if changed {
			err = invalidf("Changing param values is not allowed. Param with key='%s' was already logged with value='%s' for run ID='%s'. Attempted logging new value '%s'.",
				p.Key, old, id, p.Value)
		}
		return err
	})
}

// putParam adds a parameter. A parameter never changes: changed tells that the run has it with another value.
func putParam(tx *session, id string, p keyValue) (old string, changed bool, err error) {
	added, err := tx.exec(`INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?) ON CONFLICT (key, run_uuid) DO NOTHING`, p.Key, p.Value, id)
	if err != nil || added == 1 {
		return "", false, err
	}
	_, err = tx.first(`SELECT value FROM params WHERE run_uuid = ? AND key = ?`, []any{id, p.Key}, &old)
	return old, err == nil && old != p.Value, err
}

func putParams(tx *session, id string, params []keyValue) error {
	var conflicts []string
	for _, p := range params {
		old, changed, err := putParam(tx, id, p)
		if err != nil {
			return err
		}
		if changed {
			conflicts = append(conflicts, fmt.Sprintf("{'key': %s, 'old_value': %s, 'new_value': %s}",
				pythonRepr(p.Key), pythonRepr(old), pythonRepr(p.Value)))
		}
	}
	if conflicts != nil {
		return invalidf("Changing param values is not allowed. Params were already logged='[%s]' for run ID='%s'.",
			strings.Join(conflicts, ", "), id)
	}
	return nil
}

// checkUniqueParams refuses a batch that has a parameter twice.
func checkUniqueParams(params []keyValue) error {
	seen := make(map[string]bool, len(params))
	var twice []string
	for _, p := range params {
		if seen[p.Key] {
			twice = append(twice, p.Key)
		}
		seen[p.Key] = true
	}
	if twice != nil {
		return invalidf("Duplicate parameter keys have been submitted: %s. Please ensure the request contains only one param value per param key.", pythonList(twice))
	}
	return nil
}
