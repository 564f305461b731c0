package predictsvc

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// ask does for a request for predictions what is the same in every protocol. Answer makes of the body in sc.body the answer in sc.answer;
// refuse answers with an error.
func (s *Service) ask(c *gin.Context, refuse func(*gin.Context, *requestError), answer func(sc *scorer, span Span) *requestError) {
	started := time.Now()
	m := s.follower.current.Load()
	if m == nil {
		refuse(c, s.unavailable())
		return
	}
	header := c.Writer.Header()
	m.nameIn(header)
	sc := m.scorer()
	defer m.release(sc)
	span := s.spanOf(c)
	span.Set("model.name", m.name())
	span.Set("model.version", m.Version)
	var err *requestError
	if sc.body, err = readBody(sc.body[:0], c.Request, s.config.MaxBody); err == nil {
		err = answer(sc, span)
	}
	if err != nil {
		if err.status == http.StatusRequestEntityTooLarge || err.status == http.StatusRequestTimeout {
			header["Connection"] = closeHeader // the rest of the body is not worth reading
		}
		refuse(c, err)
		return
	}
	s.keep(sc, c.GetString(keyRequestID), started)
	header["Content-Type"] = jsonHeader
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(sc.answer) // a client that has gone is not told
}

// evaluate scores the rows of sc, if there are any.
func (s *scorer) evaluate(c *gin.Context, span Span) *requestError {
	if s.table.rows == 0 {
		return nil
	}
	err := scoreTraced(c.Request.Context(), s, span)
	switch {
	case errors.Is(err, errValues):
		return refusef(http.StatusBadRequest, "%v", err)
	case err != nil:
		return refusef(http.StatusInternalServerError, "the model cannot be evaluated: %v", err)
	}
	return nil
}
