package predictsvc

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// alias is the alias by which the model was asked for, or "".
func (s source) alias() string {
	name, ok := strings.CutPrefix(s.URI, "models:/")
	if !ok {
		return ""
	}
	_, alias, _ := strings.Cut(name, "@")
	return alias
}

// wantsDetails reads the query: ?details=true asks for all that is known of each prediction.
func wantsDetails(c *gin.Context) (bool, *requestError) {
	if c.Request.URL.RawQuery == "" {
		return false, nil
	}
	value, ok := c.GetQuery("details")
	if !ok {
		return false, nil
	}
	wants, err := strconv.ParseBool(value)
	if err != nil {
		return false, refusef(http.StatusBadRequest, "the query's details: expected true or false, got %q", excerpt([]byte(value)))
	}
	return wants, nil
}

// details are what each prediction of an answer says beside the label: the model's version, alias and run, and the request's id, by which
// it is in the log of predictions.
type details struct {
	Version   string `json:"version"`
	Alias     string `json:"alias,omitempty"`
	RunID     string `json:"run_id"`
	RequestID string `json:"request_id"`
}

// writeDetails puts the answer to the rows that were scored into s.answer, with all that is known of each.
func (s *scorer) writeDetails(requestID string) {
	m := s.model
	common, _ := json.Marshal(details{m.Version, m.alias(), m.RunID, requestID}) //nolint:errchkjson // Strings can always be written.
	b := s.answer[:0]
	if s.table.list {
		b = append(b, '[')
	}
	for i := range s.table.rows {
		b = append(append(b, separator(i, "", ",")...), m.answer.before...)
		b = s.appendLabel(b, i)
		b = append(b, m.answer.after[:len(m.answer.after)-1]...)
		b = append(append(b, ','), common[1:len(common)-1]...)
		b = append(s.appendProbabilities(b, i), '}')
	}
	if s.table.list {
		b = append(b, ']')
	}
	s.answer = b
}

// appendProbabilities writes the member with the probability of each class, if the model gives any.
func (s *scorer) appendProbabilities(b []byte, row int) []byte {
	classes := s.model.engine.classes
	if len(classes) == 0 {
		return b
	}
	b = append(b, `,"probabilities":{`...)
	for i, c := range classes {
		b = append(append(append(b, separator(i, "", ",")...), quoted(c.label)...), ':')
		b = appendProbability(b, s.probability(c, row))
	}
	return append(b, '}')
}

// appendProbability writes one as JSON, which has no NaN and no infinity: those are null.
func appendProbability(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
