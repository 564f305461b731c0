package predictsvc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/gin-gonic/gin"
)

const jsonType = "application/json"

// jsonHeader is shared by all answers; net/http only reads it.
var jsonHeader = []string{jsonType}

// predict answers POST /predict.
func (s *Service) predict(c *gin.Context) {
	s.ask(c, s.refuse, func(sc *scorer, span Span) *requestError {
		if err := checkContentType(c.Request.Header); err != nil {
			return err
		}
		detailed, err := wantsDetails(c)
		if err != nil {
			return err
		}
		if err := sc.model.columns.decode(&sc.table, sc.body, s.config.MaxRows); err != nil {
			return err
		}
		if err := sc.evaluate(c, span); err != nil {
			return err
		}
		if detailed {
			sc.writeDetails(c.GetString(keyRequestID))
		} else {
			sc.write()
		}
		return nil
	})
}

func (s *Service) unavailable() *requestError {
	message := "no model is loaded yet"
	if err := s.follower.state().err; err != nil {
		message += ": " + err.Error()
	}
	return refusef(http.StatusServiceUnavailable, "%s", message)
}

func checkContentType(header http.Header) *requestError {
	value := header.Get("Content-Type")
	if value == jsonType {
		return nil
	}
	kind, params, err := mime.ParseMediaType(value)
	charset := params["charset"]
	if err != nil || kind != jsonType || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		if value == "" {
			value = "nothing"
		}
		return refusef(http.StatusUnsupportedMediaType, "expected the header Content-Type: %s, got %s", jsonType, excerpt([]byte(value)))
	}
	return nil
}

// firstBytes is the most that is taken for a body before its bytes come: who only announces a large one costs nothing.
const firstBytes = 64 << 10

// readBody reads the body into buffer, which is empty.
func readBody(buffer []byte, request *http.Request, limit int) ([]byte, *requestError) {
	tooLarge := func() *requestError {
		return refusef(http.StatusRequestEntityTooLarge, "the body has more than %d bytes, which is the most that a request may have", limit)
	}
	if request.ContentLength > int64(limit) {
		return buffer, tooLarge()
	}
	need := int(request.ContentLength) + 1 // one more shows the end without growing
	if first := min(max(need, 512), firstBytes); first > cap(buffer) {
		buffer = make([]byte, 0, first)
	}
	for {
		if len(buffer) == cap(buffer) {
			larger := 2 * cap(buffer)
			if need > cap(buffer) {
				larger = min(larger, need)
			}
			buffer = append(make([]byte, 0, larger), buffer...)
		}
		n, err := request.Body.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case len(buffer) > limit:
			return buffer, tooLarge()
		case errors.Is(err, io.EOF):
			return buffer, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return buffer, refusef(http.StatusRequestTimeout, "the body did not arrive in time")
		case err != nil:
			return buffer, refusef(http.StatusBadRequest, "the body cannot be read: %v", err)
		}
	}
}
