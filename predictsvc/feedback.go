package predictsvc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"mlopsgo/internal/predictionlog"
)

// feedbackTime bounds the wait for the disk.
const feedbackTime = 10 * time.Second

// feedback answers POST /feedback: what was true of predictions, by the id of their request and, when that was an array, the row in it.
//
//	{"request_id":"…","row":0,"quality":6}, or an array of such objects   →   202 {"accepted":1}
//
// 202 says that it is on this machine's disk, and will come to Postgres. An id that is not known is accepted too: the prediction may be
// on its way, or have been answered by another service. The same again changes nothing, and a later word replaces an earlier one.
func (s *Service) feedback(c *gin.Context) {
	if s.recorder == nil {
		s.refuse(c, refusef(http.StatusNotImplemented, "this service keeps no predictions, so it has no use for feedback: it was started without a database"))
		return
	}
	if err := checkContentType(c.Request.Header); err != nil {
		s.refuse(c, err)
		return
	}
	body, refused := readBody(nil, c.Request, s.config.MaxBody)
	if refused == nil {
		var all []predictionlog.Feedback
		if all, refused = s.readFeedback(body, time.Now()); refused == nil {
			refused = s.keepFeedback(c, all)
		}
		if refused == nil {
			c.JSON(http.StatusAccepted, gin.H{"accepted": len(all)})
			return
		}
	}
	s.refuse(c, refused)
}

// keepFeedback waits until feedback is on the disk.
func (s *Service) keepFeedback(ctx context.Context, all []predictionlog.Feedback) *requestError {
	if len(all) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, feedbackTime)
	defer cancel()
	if err := s.recorder.tell(ctx, all); err != nil {
		return refusef(http.StatusServiceUnavailable, "the feedback cannot be kept now, send it again later: %v", err)
	}
	s.metrics.feedback.Add(float64(len(all)))
	return nil
}

// readFeedback reads an object or an array of objects.
func (s *Service) readFeedback(body []byte, now time.Time) ([]predictionlog.Feedback, *requestError) {
	want := fmt.Sprintf(`{"request_id":"…","row":0,%q:…}`, s.config.Target)
	body = bytes.TrimSpace(body)
	list := []json.RawMessage{body}
	isList := bytes.HasPrefix(body, []byte("["))
	if isList {
		list = nil
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, refusef(http.StatusBadRequest, "expected an array of objects %s: %v", want, err)
		}
	}
	if len(list) > s.config.MaxRows {
		return nil, refusef(http.StatusBadRequest, "the array has %d objects, and %d are the most that one request may have", len(list), s.config.MaxRows)
	}
	all := make([]predictionlog.Feedback, len(list))
	for i, text := range list {
		if err := s.readOneFeedback(text, &all[i]); err != nil {
			where := ""
			if isList {
				where = fmt.Sprintf("object %d: ", i)
			}
			return nil, refusef(http.StatusBadRequest, "%s%v; expected %s", where, err, want)
		}
		all[i].Received = now.Add(time.Duration(i) * time.Microsecond) // of two words on one prediction, the later one counts
	}
	return all, nil
}

func (s *Service) readOneFeedback(text []byte, into *predictionlog.Feedback) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return errors.New("it is no JSON object")
	}
	for name, value := range fields {
		var err error
		switch name {
		case "request_id":
			if err = json.Unmarshal(value, &into.RequestID); err == nil && !validRequestID(into.RequestID) {
				err = errors.New("no id of a request")
			}
		case "row":
			if err = json.Unmarshal(value, &into.Row); err == nil && (into.Row < 0 || into.Row >= s.config.MaxRows) {
				err = fmt.Errorf("row %d is not one of a request", into.Row)
			}
		case s.config.Target:
			into.Truth, err = readLabel(value)
		default:
			return fmt.Errorf("%q is not known here", excerpt([]byte(name)))
		}
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	switch {
	case into.RequestID == "":
		return errors.New(`"request_id" is missing`)
	case into.Truth == "":
		return fmt.Errorf("%q is missing", s.config.Target)
	}
	return nil
}

// longestLabel is the most bytes of a label.
const longestLabel = 1000

// readLabel reads a label as the table has the predicted ones: 6, 6.0 and "6" are one.
func readLabel(value []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var label any
	if err := decoder.Decode(&label); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	switch label := label.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(label.String(), 10, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		v, err := label.Float64()
		if err != nil {
			return "", errors.New("no number that a model can predict")
		}
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case string:
		if label == "" || len(label) > longestLabel || strings.Contains(label, "\x00") {
			return "", errors.New("no label")
		}
		return label, nil
	case bool:
		return strconv.FormatBool(label), nil
	}
	return "", errors.New("expected a number, a text or a truth value")
}
