package embedded

import "context"

func (s *Store) setTag(ctx context.Context, r *request) (any, error) {
	id, tag, err := runKeyValue(r, checkTag)
	if err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		if _, err := activeRun(tx, id); err != nil {
			return err
		}
		return putTags(tx, id, []keyValue{tag})
	})
}

func putTags(tx *session, id string, tags []keyValue) error {
	for _, t := range tags {
		put := putTag
		if t.Key == runNameTag && t.Value != "" { // the tag is the run's name, too; an empty name changes nothing
			put = func(tx *session, id string, t keyValue) error { return renameRun(tx, id, t.Value) }
		} else if t.Key == runNameTag {
			continue
		}
		if err := put(tx, id, t); err != nil {
			return err
		}
	}
	return nil
}

func putTag(tx *session, id string, t keyValue) error {
	_, err := tx.exec(`INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)
		ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value`, t.Key, t.Value, id)
	return err
}

var deleteTagRequest = &descriptor{fields: []field{{name: "run_id"}, {name: "key"}}}

func (s *Store) deleteTag(ctx context.Context, r *request) (any, error) {
	if err := r.decode(deleteTagRequest, rules(
		param("run_id", mandatory, isString), param("key", mandatory, isString))); err != nil {
		return nil, err
	}
	id, key := r.msg.str("run_id"), r.msg.str("key")
	return empty{}, s.write(ctx, func(tx *session) error {
		if _, err := activeRun(tx, id); err != nil {
			return err
		}
		n, err := tx.exec(`DELETE FROM tags WHERE run_uuid = ? AND key = ?`, id, key)
		if err == nil && n == 0 {
			err = failf(codeNotFound, "No tag with name: %s in run with id %s", key, id)
		}
		return err
	})
}
