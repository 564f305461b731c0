package mlflowclient

import "encoding/json"

// DecodeJSON and DecodeTrace are the parsers of what others wrote, for fuzzing.
var DecodeJSON = decodeJSON

func DecodeTrace(data []byte) (*Trace, error) {
	var t traceJSON
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	return t.value()
}
