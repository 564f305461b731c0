package predictsvc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const jsonType = "application/json"

// jsonHeader is shared by all answers; net/http only reads it.
var jsonHeader = []string{jsonType}

// predict answers POST /predict.
func (s *Service) predict(c *gin.Context) {
	started := time.Now()
	m := s.follower.current.Load()
	if m == nil {
		s.refuse(c, s.unavailable())
		return
	}
	header := c.Writer.Header()
	header[headerModelName], header[headerModelVersion], header[headerModelRunID] = m.headers[0:1:1], m.headers[1:2:2], m.headers[2:3:3]
	if err := checkContentType(c.Request.Header); err != nil {
		s.refuse(c, err)
		return
	}
	sc := m.scorer()
	defer m.release(sc)
	span := s.spanOf(c)
	span.Set("model.name", m.name())
	span.Set("model.version", m.Version)
	if err := s.answer(sc, c.Request, span); err != nil {
		if err.status == http.StatusRequestEntityTooLarge || err.status == http.StatusRequestTimeout {
			header.Set("Connection", "close") // the rest of the body is not worth reading
		}
		s.refuse(c, err)
		return
	}
	s.keep(sc, c.GetString(keyRequestID), started)
	header["Content-Type"] = jsonHeader
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(sc.answer) // a client that has gone is not told
}

// answer reads, scores and writes into the buffers of sc.
func (s *Service) answer(sc *scorer, request *http.Request, span Span) *requestError {
	var err *requestError
	if sc.body, err = readBody(sc.body[:0], request, s.config.MaxBody); err != nil {
		return err
	}
	if err := sc.model.columns.decode(&sc.table, sc.body, s.config.MaxRows); err != nil {
		return err
	}
	if sc.table.rows > 0 {
		if err := scoreTraced(request.Context(), sc, span); errors.Is(err, errValues) {
			return refusef(http.StatusBadRequest, "%v", err)
		} else if err != nil {
			return refusef(http.StatusInternalServerError, "the model cannot be evaluated: %v", err)
		}
	}
	sc.write()
	return nil
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

// readBody appends the body to buffer.
func readBody(buffer []byte, request *http.Request, limit int) ([]byte, *requestError) {
	tooLarge := func() *requestError {
		return refusef(http.StatusRequestEntityTooLarge, "the body has more than %d bytes, which is the most that a request may have", limit)
	}
	if request.ContentLength > int64(limit) {
		return buffer, tooLarge()
	}
	if need := int(request.ContentLength) + 1; need > cap(buffer) { // one more shows the end without growing
		buffer = make([]byte, 0, max(need, 512))
	}
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
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
