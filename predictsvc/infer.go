package predictsvc

import (
	"cmp"
	"encoding/json"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/gin-gonic/gin"

	"mlopsgo/internal/onnx"
	"mlopsgo/predictsvc/internal/scoring"
)

// Outputs of the Open Inference Protocol, named as MLServer names those of scikit-learn's models: they are the same for every model,
// whatever evaluates it.
const (
	inferLabel         = "predict"
	inferProbabilities = "predict_proba"
)

// installInfer adds the REST endpoints of the Open Inference Protocol (v2), which KServe, MLServer and Triton speak.
func (s *Service) installInfer(e *gin.Engine) {
	e.GET("/v2", s.inferServer)
	e.GET("/v2/health/live", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"live": true}) })
	e.GET("/v2/health/ready", s.inferReady)
	for _, path := range []string{"/v2/models/:model", "/v2/models/:model/versions/:version"} {
		e.GET(path, s.ofModel(func(c *gin.Context, m *model) { c.JSON(http.StatusOK, metadata(m)) }))
		e.GET(path+"/ready", s.ofModel(func(c *gin.Context, m *model) { c.JSON(http.StatusOK, gin.H{"name": m.name(), "ready": true}) }))
		e.POST(path+"/infer", s.ofModel(func(c *gin.Context, _ *model) { s.infer(c) }))
	}
}

// inferServer answers GET /v2.
func (*Service) inferServer(c *gin.Context) {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	c.JSON(http.StatusOK, gin.H{"name": "mlopsgo-predictor", "version": cmp.Or(version, "(devel)"), "extensions": []string{}})
}

func (s *Service) inferReady(c *gin.Context) {
	if s.follower.current.Load() == nil || s.stopping.Load() {
		s.refuse(c, s.unavailable())
		return
	}
	c.JSON(http.StatusOK, gin.H{"ready": true})
}

// ofModel finds the model that a path names.
func (s *Service) ofModel(answer func(c *gin.Context, m *model)) gin.HandlerFunc {
	return func(c *gin.Context) {
		m := s.follower.current.Load()
		if m == nil {
			s.refuse(c, s.unavailable())
			return
		}
		name, version := c.Param("model"), c.Param("version")
		if name != m.name() || version != "" && version != m.Version {
			s.refuse(c, refusef(http.StatusNotFound, "there is no model %q version %q here; this service has %q version %q",
				excerpt([]byte(name)), excerpt([]byte(version)), m.name(), m.Version))
			return
		}
		answer(c, m)
	}
}

// inferTensor describes a tensor.
type inferTensor struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype"`
	Shape      []int          `json:"shape"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// metadata describes a model.
func metadata(m *model) gin.H {
	input := m.columns.input
	var inputs []inferTensor
	if input.Tensor {
		inputs = []inferTensor{{Name: cmp.Or(input.Name, "input"), Datatype: scoring.Datatype(input.Columns[0].Kind), Shape: []int{-1, len(input.Columns)}}}
	} else {
		for _, c := range input.Columns {
			inputs = append(inputs, inferTensor{Name: c.Name, Datatype: scoring.Datatype(c.Kind), Shape: []int{-1}})
		}
	}
	versions := []string{}
	if m.Version != "" {
		versions = append(versions, m.Version)
	}
	return gin.H{"name": m.name(), "versions": versions, "platform": "mlflow", "inputs": inputs, "outputs": m.engine.inferOutputs(-1)}
}

// inferOutputs describes the outputs for a number of rows.
func (e *engine) inferOutputs(rows int) []inferTensor {
	types := map[onnx.DataType]string{onnx.Int64: "INT64", onnx.String: "BYTES", onnx.Bool: "BOOL", onnx.Float: "FP32", onnx.Double: "FP64"}
	outputs := []inferTensor{{Name: inferLabel, Datatype: types[e.outputs[e.label].Type], Shape: []int{rows}}}
	if len(e.classes) > 0 {
		classes := make([]string, len(e.classes))
		for i, c := range e.classes {
			classes[i] = c.label
		}
		outputs = append(outputs, inferTensor{
			Name: inferProbabilities, Datatype: "FP64", Shape: []int{rows, len(classes)}, Parameters: map[string]any{"classes": classes},
		})
	}
	return outputs
}

// infer answers POST …/infer.
func (s *Service) infer(c *gin.Context) {
	s.ask(c, s.refuse, func(sc *scorer, span Span) *requestError {
		if err := checkContentType(c.Request.Header); err != nil {
			return err
		}
		asked, refused := sc.model.columns.input.ParseInfer(&sc.scoring, sc.body, scoring.Limits{Rows: s.config.MaxRows})
		if refused != nil {
			return refusef(refused.Status, "%s", refused.Message)
		}
		sc.table.values, sc.table.texts, sc.table.rows = sc.scoring.Values, sc.scoring.Texts, sc.scoring.Rows
		if sc.table.rows == 0 {
			return refusef(http.StatusBadRequest, "there are no rows")
		}
		outputs, err := sc.model.engine.wanted(asked.Outputs, sc.table.rows)
		if err != nil {
			return err
		}
		if err := sc.evaluate(c, span); err != nil {
			return err
		}
		sc.writeInferred(cmp.Or(asked.ID, c.GetString(keyRequestID)), outputs)
		return nil
	})
}

// wanted are the outputs that a request asks for by their names, nil for all.
func (e *engine) wanted(names []string, rows int) ([]inferTensor, *requestError) {
	all := e.inferOutputs(rows)
	if names == nil {
		return all, nil
	}
	outputs := make([]inferTensor, 0, len(names))
	for _, name := range names {
		i := slices.IndexFunc(all, func(t inferTensor) bool { return t.Name == name })
		if i < 0 {
			known := make([]string, len(all))
			for j, t := range all {
				known[j] = t.Name
			}
			return nil, refusef(http.StatusBadRequest, "the model has no output %q; it has %q", excerpt([]byte(name)), known)
		}
		outputs = append(outputs, all[i])
	}
	return outputs, nil
}

// writeInferred puts the answer into s.answer; the outputs lack their data only.
func (s *scorer) writeInferred(id string, outputs []inferTensor) {
	head, _ := json.Marshal(struct { //nolint:errchkjson // Strings can always be written.
		Model   string `json:"model_name"`
		Version string `json:"model_version,omitempty"`
		ID      string `json:"id"`
	}{s.model.name(), s.model.Version, id})
	b := s.answer[:0]
	b = append(append(b, head[:len(head)-1]...), `,"outputs":[`...)
	for o, out := range outputs {
		description, _ := json.Marshal(out) //nolint:errchkjson // It has strings and numbers.
		b = append(append(b, separator(o, "", ",")...), description[:len(description)-1]...)
		b = append(b, `,"data":[`...)
		for i := range s.table.rows {
			b = append(b, separator(i, "", ",")...)
			if out.Name == inferLabel {
				b = s.appendLabel(b, i)
				continue
			}
			for j, class := range s.model.engine.classes {
				b = appendProbability(append(b, separator(j, "", ",")...), s.probability(class, i))
			}
		}
		b = append(b, "]}"...)
	}
	b = append(b, "]}"...)
	s.answer = b
}
