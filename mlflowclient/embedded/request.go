package embedded

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// request is one call on its way through an operation.
type request struct {
	method string
	query  url.Values
	header http.Header
	body   []byte
	path   map[string]string // the variable parts of the route
	msg    *message

	needsBody bool // the handler fails without a body, where others take it as empty
}

// check is one of the tests that the server's handlers put on a parameter.
type check struct {
	typed bool // only a type test: skipped when the protocol buffer could be read, as that proves the type
	test  func(value any) (message string, ok bool, err error)
}

// rule names the checks of one parameter.
type rule struct {
	param  string
	checks []check
}

func rules(rs ...rule) []rule                 { return rs }
func param(name string, checks ...check) rule { return rule{name, checks} }

// isRequired tells mandatory, which has no test of its own, from the other checks.
func (c check) isRequired() bool { return c.test == nil }

// The checks of the handlers' schemas. Those that convert with int() or float() fail with a Python TypeError on null,
// lists and objects: the real server answers 500 then.

// mandatory refuses a missing value, null and "".
var mandatory = check{}

var isString = check{typed: true, test: func(v any) (string, bool, error) {
	switch v.(type) {
	case string, brokenText:
		return "", true, nil
	}
	return "", false, nil
}}

var isArray = check{typed: true, test: func(v any) (string, bool, error) {
	_, ok := v.([]any)
	return "", ok, nil
}}

var isArrayOfStrings = check{typed: true, test: func(v any) (string, bool, error) {
	list, ok := v.([]any)
	if !ok {
		return "", false, errServerFault
	}
	for _, item := range list {
		if pythonType(item) != "str" {
			return "", false, nil
		}
	}
	return "", true, nil
}}

var isBool = check{typed: true, test: func(v any) (string, bool, error) {
	_, ok := v.(bool)
	return "", ok, nil
}}

var isIntLike = check{typed: true, test: func(v any) (string, bool, error) {
	switch t := v.(type) {
	case bool:
		return "", true, nil
	case number:
		if f := t.float(); !t.isInt() && (f != f || f-f != 0) {
			return "", false, errServerFault // int(nan) and int(inf)
		}
		return "", true, nil
	case string:
		_, ok := pythonInt(t)
		return "", ok, nil
	case brokenText:
		return "", false, nil
	}
	return "", false, errServerFault
}}

var isFloatLike = check{typed: true, test: func(v any) (string, bool, error) {
	switch t := v.(type) {
	case bool, number:
		return "", true, nil
	case string:
		_, ok := pythonFloat(t)
		return "", ok, nil
	case brokenText:
		return "", false, nil
	}
	return "", false, errServerFault
}}

// holds makes a check of any other condition on the raw value.
func holds(test func(value any) (message string, ok bool, err error)) check {
	return check{test: test}
}

// decode reads the request into its message: the query of a GET, else the JSON body.
func (r *request) decode(d *descriptor, schema []rule) error {
	raw, err := r.raw(d)
	if err != nil {
		return err
	}
	for i := range d.fields {
		f := &d.fields[i]
		if camel := jsonName(f.name); camel != f.name {
			_, snakeGiven := raw.get(f.name)
			if _, camelGiven := raw.get(camel); snakeGiven && camelGiven {
				return invalidf("Request specifies both '%s' and '%s'; provide only one of them.", f.name, camel)
			}
		}
	}
	r.msg = newMessage(d)
	return validate(raw, schema, r.msg.parse(raw))
}

func validate(raw *object, schema []rule, parsed bool) error {
	for _, rl := range schema {
		if raw.list != nil && (slices.ContainsFunc(rl.checks, check.isRequired) || slices.Contains(raw.list, any(rl.param))) {
			return errServerFault
		}
		value, given := raw.get(rl.param)
		if rl.param == "run_id" && value == nil {
			if v, ok := raw.get("run_uuid"); ok {
				value = v
			}
		}
		if !given && !slices.ContainsFunc(rl.checks, check.isRequired) {
			continue
		}
		for _, c := range rl.checks {
			if c.typed && parsed {
				continue
			}
			if err := c.apply(rl.param, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c check) apply(param string, value any) error {
	const seeDocs = " See the API docs for more information about request parameters."
	if c.isRequired() {
		if value == nil || value == "" {
			return invalidf("Missing value for required parameter '%s'.%s", param, seeDocs)
		}
		return nil
	}
	message, ok, err := c.test(value)
	if ok || err != nil {
		return err
	}
	if message == "" {
		message = "Invalid value " + pythonJSON(value) + " for parameter '" + param + "' supplied:  Hint: Value was of type '" + pythonType(value) + "'."
	}
	return invalidf("%s%s", message, seeDocs)
}

func (r *request) raw(d *descriptor) (*object, error) {
	if r.method == http.MethodGet && len(r.query) > 0 {
		return r.fromQuery(d)
	}
	if r.method == http.MethodPost || r.method == http.MethodPut {
		if err := r.checkContentType(); err != nil {
			return nil, err
		}
	}
	value, err := decodeJSON(r.body)
	switch {
	case errors.Is(err, errServerFault):
		return nil, err
	case err != nil:
		value = nil
	}
	if text, ok := value.(string); ok { // an old client: JSON inside of a JSON string
		if value, err = decodeJSON([]byte(text)); err != nil {
			return nil, errServerFault
		}
	}
	switch v := value.(type) {
	case nil:
		if r.needsBody {
			return nil, errServerFault
		}
		return &object{}, nil
	case *object:
		return v, nil
	case []any:
		return &object{list: v}, nil
	default:
		return nil, errServerFault
	}
}

func (r *request) checkContentType() error {
	given, ok := r.header["Content-Type"]
	if !ok || len(given) == 0 || given[0] == "" {
		return invalidf("Bad Request. Content-Type header is missing.")
	}
	if kind, _, _ := strings.Cut(given[0], ";"); kind != "application/json" {
		return invalidf("Bad Request. Content-Type must be one of ['application/json'].")
	}
	return nil
}

// fromQuery makes an object of the query's values: lists of the repeated fields, booleans of true and false, and
// strings of all others, which parsing turns into numbers.
func (r *request) fromQuery(d *descriptor) (*object, error) {
	o := &object{values: map[string]any{}}
	for i := range d.fields {
		f := &d.fields[i]
		given, ok := r.query[f.name]
		if !ok {
			continue
		}
		o.keys = append(o.keys, f.name)
		switch {
		case f.repeated:
			list := make([]any, len(given))
			for j, text := range given {
				list[j] = text
			}
			o.values[f.name] = list
		case f.kind == kindBool:
			flag, err := strconv.ParseBool(strings.ToLower(given[0]))
			if err != nil || len(given[0]) < 4 {
				return nil, invalidf("Invalid boolean value: %s, must be 'true' or 'false'.", given[0])
			}
			o.values[f.name] = flag
		default:
			o.values[f.name] = given[0]
		}
	}
	return o, nil
}
