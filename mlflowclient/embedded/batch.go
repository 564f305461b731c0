package embedded

import (
	"context"
	"fmt"
)

var logBatchRequest = &descriptor{fields: []field{
	{name: "run_id"},
	{name: "metrics", kind: kindMessage, repeated: true, message: metricMessage},
	{name: "params", kind: kindMessage, repeated: true, message: keyValueMessage},
	{name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage},
}}

// batch is what one log-batch request writes. All of it is stored, or nothing.
type batch struct {
	metrics      []loggedMetric
	params, tags []keyValue
}

func (s *Store) logBatch(ctx context.Context, r *request) (any, error) {
	r.needsBody = true
	if err := r.decode(logBatchRequest, rules(
		param("run_id", isString, mandatory),
		param("metrics", isArray, elementsHave("metrics", "key", "value", "timestamp")),
		param("params", isArray, elementsHave("params", "key")),
		param("tags", isArray, elementsHave("tags", "key")))); err != nil {
		return nil, err
	}
	b := batch{params: keyValues(r.msg.list("params")), tags: keyValues(r.msg.list("tags"))}
	for _, m := range r.msg.list("metrics") {
		b.metrics = append(b.metrics, metricOf(m))
	}
	id := r.msg.str("run_id")
	if !validRunID(id) {
		return nil, invalidValue("run_id", id, "")
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		info, err := activeRun(tx, id)
		if err != nil {
			return err
		}
		if err := putParams(tx, id, b.params); err != nil {
			return err
		}
		if err := putMetrics(tx, info, b.metrics); err != nil {
			return err
		}
		return putTags(tx, id, b.tags)
	})
}

// elementsHave checks that every element of a list has the named parts.
func elementsHave(list string, parts ...string) check {
	return holds(func(value any) (string, bool, error) {
		elements, ok := value.([]any)
		if !ok {
			return "", false, errServerFault
		}
		for i, element := range elements {
			o, ok := element.(*object)
			if !ok {
				return "", false, errServerFault
			}
			for _, part := range parts {
				if v, _ := o.get(part); v == nil || v == "" {
					return fmt.Sprintf("Missing value for required parameter '%s[%d].%s'.", list, i, part), false, nil
				}
			}
		}
		return "", true, nil
	})
}

// check validates the parts and the limits, and cuts long values.
func (b *batch) check() (err error) {
	for i, m := range b.metrics {
		if err := checkMetric(elementOf("metrics", i), m); err != nil {
			return err
		}
	}
	for i := range b.params {
		if b.params[i], err = checkParam(elementOf("params", i), b.params[i]); err != nil {
			return err
		}
	}
	for i := range b.tags {
		if b.tags[i], err = checkTag(elementOf("tags", i), b.tags[i]); err != nil {
			return err
		}
	}
	for _, limit := range []struct {
		what          string
		given, atMost int
	}{
		{"metrics", len(b.metrics), maxBatchMetrics},
		{"params", len(b.params), maxBatchParamsOrTags},
		{"tags", len(b.tags), maxBatchParamsOrTags},
		{"metrics, params, and tags", len(b.metrics) + len(b.params) + len(b.tags), maxBatchEntities},
	} {
		if limit.given > limit.atMost {
			return invalidf("A batch logging request can contain at most %d %s. Got %d %s. Please split up %s across multiple requests and try again.",
				limit.atMost, limit.what, limit.given, limit.what, limit.what)
		}
	}
	return checkUniqueParams(b.params)
}
