package predictsvc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc/internal/scoring"
)

// object is a JSON object of the description.
type object = map[string]any

// description answers GET /openapi.json: web/openapi.json with the operations that there are, and with the columns and the example of the
// model that is served.
type description struct {
	text   []byte
	routes map[string]bool // "get /v2/models/{model}"
	target string
	tokens bool
}

func newDescription(e *gin.Engine, config Config) (*description, error) {
	text, err := webFiles.ReadFile("web/openapi.json")
	if err != nil {
		return nil, fmt.Errorf("predictsvc: the API's description: %w", err)
	}
	d := &description{
		text: text, routes: map[string]bool{}, target: config.Target, tokens: len(config.Access.Tokens) > 0 || config.Access.TokenFile != "",
	}
	for _, route := range e.Routes() {
		d.routes[strings.ToLower(route.Method)+" "+describedPath(route.Path)] = true
	}
	_, err = d.of(nil)
	return d, err
}

// describedPath is a route of Gin's as OpenAPI writes it.
func describedPath(route string) string {
	parts := strings.Split(route, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func (s *Service) openAPI(c *gin.Context) {
	document, err := s.description.of(s.follower.current.Load())
	if err != nil {
		s.refuse(c, refusef(http.StatusInternalServerError, "%v", err))
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, document)
}

// of describes what can be asked while a model is served; nil is none.
func (d *description) of(m *model) (object, error) {
	var document object
	if err := json.Unmarshal(d.text, &document); err != nil {
		return nil, fmt.Errorf("predictsvc: the API's description: %w", err)
	}
	paths := part(document, "paths")
	for path := range paths {
		operations := part(paths, path)
		for method := range operations {
			if !d.routes[method+" "+path] {
				delete(operations, method)
			}
		}
		if len(operations) == 0 {
			delete(paths, path)
		}
	}
	if d.tokens {
		document["security"] = []any{object{"token": []any{}}}
	}
	schemas := part(document, "components", "schemas")
	// What a prediction is depends on the model, and not on its signature alone: a label can be a number or text.
	part(schemas, "Prediction", "properties")[d.target] = object{"description": "the prediction"}
	part(schemas, "Prediction")["required"] = []any{d.target, "model"}
	part(schemas, "Feedback", "properties")[d.target] = object{"description": "the true value"}
	part(schemas, "Feedback")["required"] = []any{"request_id", d.target}
	if m != nil {
		d.fill(document, m)
	}
	return document, nil
}

// fill adds what the model's signature says.
func (d *description) fill(document object, m *model) {
	part(document, "info")["description"] = fmt.Sprintf("Predictions of %s, version %s.", m.name(), orDash(m.Version))
	properties, required := object{}, []any{}
	for _, column := range m.columns.list {
		properties[column.Name] = schemaOf(column)
		if !column.Optional {
			required = append(required, column.Name)
		}
	}
	row := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 { // an empty list is not allowed
		row["required"] = required
	}
	part(document, "components", "schemas")["Row"] = row
	var example object
	if json.Unmarshal(m.example, &example) != nil || example == nil {
		return
	}
	row["example"] = example
	setExample(document, "/predict", example)
	setExample(document, "/invocations", object{"dataframe_records": []any{example}})
	setExample(document, "/feedback", object{"request_id": "the X-Request-Id of a prediction", "row": 0, d.target: 6})
	infer := object{"inputs": v2Inputs(m, example)}
	for _, path := range []string{"/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer"} {
		setExample(document, path, infer)
	}
	part(document, "components", "parameters", "model")["example"] = m.name()
	part(document, "components", "parameters", "version")["example"] = orDash(m.Version)
}

// setExample sets the example of a JSON body.
func setExample(document object, path string, example any) {
	if content := part(document, "paths", path, "post", "requestBody", "content", jsonType); content != nil {
		content["example"] = example
	}
}

// v2Inputs are a row in the Open Inference Protocol: one tensor for each column.
func v2Inputs(m *model, example object) []any {
	inputs := make([]any, 0, len(m.columns.list))
	for _, column := range m.columns.list {
		inputs = append(inputs, object{
			"name": column.Name, "shape": []any{1}, "datatype": scoring.Datatype(column.Kind), "data": []any{example[column.Name]},
		})
	}
	return inputs
}

// schemaOf is the schema of a column's values.
func schemaOf(c column) object {
	schema := object{"type": "string"}
	switch c.Kind {
	case mlmodel.Double, mlmodel.Float:
		schema = object{"type": "number", "format": string(c.Kind)}
	case mlmodel.Long:
		schema = object{"type": "integer", "format": "int64"}
	case mlmodel.Integer:
		schema = object{"type": "integer", "format": "int32"}
	case mlmodel.Boolean:
		schema = object{"type": "boolean"}
	default:
	}
	if c.Optional {
		schema["nullable"] = true
	}
	return schema
}

// part goes down into objects, and is nil where there is none.
func part(of object, names ...string) object {
	for _, name := range names {
		of, _ = of[name].(object)
	}
	return of
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
