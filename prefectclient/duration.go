package prefectclient

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isoDuration is a duration of ISO 8601 as pydantic writes it: P1DT2H3M4.5S.
var isoDuration = regexp.MustCompile(`^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

// parseDuration reads ISO 8601 (PT1M30S), Go's form (1m30s), or a number of seconds.
func parseDuration(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return durationOf(seconds, text)
	}
	m := isoDuration.FindStringSubmatch(text)
	if m == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		if d, err := time.ParseDuration(text); err == nil {
			return d, nil
		}
		return 0, fmt.Errorf("%q is not a duration such as PT1M30S", text)
	}
	seconds := 0.0
	for i, unit := range []float64{7 * 86400, 86400, 3600, 60, 1} {
		if part := m[i+2]; part != "" {
			number, err := strconv.ParseFloat(part, 64)
			if err != nil {
				return 0, fmt.Errorf("%q is not a duration", text)
			}
			seconds += number * unit
		}
	}
	if m[1] == "-" {
		seconds = -seconds
	}
	return durationOf(seconds, text)
}

func durationOf(seconds float64, text string) (time.Duration, error) {
	if !(seconds > -9e9 && seconds < 9e9) {
		return 0, fmt.Errorf("%q is longer than Go's durations", text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// formatDuration writes ISO 8601.
func formatDuration(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	return sign + "PT" + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "S"
}

// encodeField is encoding/json, but for durations, which Python has as texts.
func encodeField(value reflect.Value) (json.RawMessage, error) {
	if value.Type() == durationType {
		return mustJSON(formatDuration(time.Duration(value.Int()))), nil
	}
	return json.Marshal(value.Interface())
}

// decodeField is encoding/json, but for durations.
func decodeField(target reflect.Value, raw json.RawMessage) error {
	if target.Type() == durationType {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			d, err := parseDuration(text)
			target.SetInt(int64(d))
			return err
		}
	}
	if err := json.Unmarshal(raw, target.Addr().Interface()); err != nil {
		return fmt.Errorf("%s does not fit %v", raw, target.Type())
	}
	return nil
}
