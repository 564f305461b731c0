package predictsvc

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"

	"mlopsgo/predictsvc/internal/scoring"
)

// scoringVersion is the version of MLflow whose scoring server /invocations, /ping and /version answer like.
const scoringVersion = "3.17.2"

// invocations answers POST /invocations as MLflow's scoring server does.
func (s *Service) invocations(c *gin.Context) {
	s.ask(c, s.refuseInvocation, func(sc *scorer, span Span) *requestError {
		columns := sc.model.columns
		err := columns.input.Parse(&sc.scoring, c.GetHeader("Content-Type"), sc.body, scoring.Limits{Rows: s.config.MaxRows})
		if err != nil {
			return &requestError{status: err.Status, message: err.Message, scoring: err}
		}
		sc.table.values, sc.table.texts, sc.table.rows = sc.scoring.Values, sc.scoring.Texts, sc.scoring.Rows
		if sc.table.rows == 0 && sc.model.engine.plain() { // scikit-learn refuses it, and a graph does not
			return refusef(http.StatusBadRequest, "there are no rows; send one or more of %s", columns.input)
		}
		if err := sc.evaluate(c, span); err != nil {
			return err
		}
		sc.writePredictions(!columns.input.Tensor)
		return nil
	})
}

// refuseInvocation answers with an error as MLflow's scoring server does.
func (s *Service) refuseInvocation(c *gin.Context, err *requestError) {
	note(c, err)
	refused := err.scoring
	if refused == nil {
		refused = &scoring.Error{Code: cmp.Or(mlflowCodes[err.status], mlflowCodes[http.StatusBadRequest]), Message: err.message}
	}
	body, contentType := refused.Body()
	c.Abort()
	c.Data(err.status, contentType, body)
}

// mlflowCodes are the error_codes of errors that have nothing to do with the body's content.
var mlflowCodes = map[int]string{
	http.StatusBadRequest: "BAD_REQUEST", http.StatusInternalServerError: "INTERNAL_ERROR", http.StatusServiceUnavailable: "TEMPORARILY_UNAVAILABLE",
	http.StatusRequestTimeout: "DEADLINE_EXCEEDED",
}

// ping answers GET /ping: 200 when there is a model, as MLflow's scoring server and SageMaker's containers do.
func (s *Service) ping(c *gin.Context) {
	status := http.StatusOK
	if s.follower.current.Load() == nil || s.stopping.Load() {
		status = http.StatusServiceUnavailable
	}
	c.Data(status, jsonType, []byte("\n"))
}

// version answers GET /version: the version of MLflow whose scoring protocol this is.
func (*Service) version(c *gin.Context) { c.Data(http.StatusOK, jsonType, []byte(scoringVersion)) }
