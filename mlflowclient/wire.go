package mlflowclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// number is a float64 as MLflow writes it: NaN and the infinities are strings. Read back, the infinities are the
// largest finite numbers, because the server's database keeps them so; they become infinities again here.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	switch f := float64(n); {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(f)
	}
}

func (n *number) UnmarshalJSON(data []byte) error {
	f := exact(*n)
	if err := f.UnmarshalJSON(data); err != nil {
		return err
	}
	if math.Abs(float64(f)) == math.MaxFloat64 {
		f = exact(math.Inf(int(math.Copysign(1, float64(f)))))
	}
	*n = number(f)
	return nil
}

// exact is a float64 that the server keeps as it is, such as an attribute of a span.
type exact float64

func (x *exact) UnmarshalJSON(data []byte) error {
	text := string(bytes.Trim(data, `"`))
	switch text {
	case "null":
		return nil
	case "Infinity", "+Infinity", "-Infinity", "NaN":
	default:
		// ParseFloat also takes hexadecimal, underscores and several words for infinity, which JSON does not have.
		if strings.ContainsAny(text, "xXpP_") || strings.ContainsAny(text, "iInN") {
			return fmt.Errorf("%q is not a number", text)
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number", text)
	}
	*x = exact(f)
	return nil
}

// integer is an int64 that may come as a number or, as in protobuf's own JSON, as a string.
type integer int64

func (i *integer) UnmarshalJSON(data []byte) error {
	text := string(bytes.Trim(data, `"`))
	if text == "null" {
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not an integer", text)
	}
	*i = integer(v)
	return nil
}

// text is a string that some versions of the server send as a number, such as an experiment's id or a model's version.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '"' {
		if string(data) != "null" {
			*t = text(data)
		}
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// millis is a time in milliseconds since 1970; nil is the zero time.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func fromMillis(ms *integer) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*ms))
}

// tagJSON is a tag, a param or an input's tag.
type tagJSON struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func toTags(m map[string]string) []tagJSON {
	tags := make([]tagJSON, 0, len(m))
	for _, key := range sortedKeys(m) {
		tags = append(tags, tagJSON{key, m[key]})
	}
	return tags
}

func fromTags(tags []tagJSON) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[tag.Key] = tag.Value
	}
	return m
}
