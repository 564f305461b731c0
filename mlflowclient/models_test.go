package mlflowclient_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

// TestOutputsThatAreThere sends again only what is missing, and believes a refusal that has another reason.
func TestOutputsThatAreThere(t *testing.T) {
	for _, tt := range []struct {
		has    string // outputs of the run
		want   string // the model ids of the calls
		failed bool
	}{
		{`{"model_id":"m-1"},{"model_id":"m-2"}`, "m-1 m-2", false},
		{`{"model_id":"m-1"}`, "m-1 m-2, m-2", false},
		{``, "m-1 m-2", true},
	} {
		var sent []string
		c := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				answer(w, 200, `{"run":{"outputs":{"model_outputs":[`+tt.has+`]}}}`)
				return
			}
			body, _ := io.ReadAll(r.Body)
			var ids []string
			for _, id := range []string{"m-1", "m-2"} {
				if strings.Contains(string(body), id) {
					ids = append(ids, id)
				}
			}
			if sent = append(sent, strings.Join(ids, " ")); len(sent) == 1 {
				answer(w, 400, `{"error_code":"BAD_REQUEST","message":"(psycopg2.errors.UniqueViolation)"}`)
				return
			}
			answer(w, 200, "{}")
		})
		err := c.Runs.LogOutputs(t.Context(), "r", []mlflowclient.ModelOutput{{ModelID: "m-1"}, {ModelID: "m-2", Step: 3}})
		if (err != nil) != tt.failed || tt.failed && !errors.Is(err, mlflowclient.ErrInvalidParameter) || strings.Join(sent, ", ") != tt.want {
			t.Errorf("with %s: sent %q, error %v", tt.has, sent, err)
		}
	}
}
