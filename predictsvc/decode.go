package predictsvc

import (
	"fmt"
	"math"
	"net/http"
	"unicode/utf8"

	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc/internal/scoring"
)

// requestError is a request that is refused: the status, and what the client can do about it.
type requestError struct {
	status  int
	message string
	// scoring is the error as MLflow's scoring server gives it, for those that it has too.
	scoring *scoring.Error
}

// Error is the message.
func (e *requestError) Error() string { return e.message }

func refusef(status int, format string, args ...any) *requestError {
	return &requestError{status: status, message: fmt.Sprintf(format, args...)}
}

// table is what a body held: rows of the model's columns, as float64; a missing optional value is NaN, and a text its place in texts.
type table struct {
	values []float64
	texts  []string
	rows   int
	// list says that the body was an array, which is answered by an array.
	list bool
	seen []bool
}

// decode reads a body, an object or an array of objects, into t. It is a strict JSON reader of its own because it knows what it expects:
// nothing is built that is thrown away afterwards, depth is bounded by construction, and a wrong field is known by its name at the place
// where it stands. What encoding/json refuses is refused; beyond that, names that are there twice and text that is not UTF-8.
func (c *columns) decode(t *table, body []byte, maxRows int) *requestError {
	clear(t.texts) // so that they keep no memory
	t.values, t.texts, t.rows, t.list = t.values[:0], t.texts[:0], 0, false
	if !utf8.Valid(body) {
		return refusef(http.StatusBadRequest, "the body is not UTF-8 text")
	}
	r := reader{data: body, texts: &t.texts}
	switch r.next() {
	case '{':
		if err := c.row(&r, t); err != nil {
			return err
		}
	case '[':
		t.list = true
		if err := c.rowList(&r, t, maxRows); err != nil {
			return err
		}
	case 0:
		return refusef(http.StatusBadRequest, "the body is empty; expected a JSON object with %s", c)
	default:
		return refusef(http.StatusBadRequest, "expected a JSON object with %s, or an array of such objects, got %s", c, r.what())
	}
	if r.next(); r.at < len(r.data) {
		return r.syntax("the end of the body")
	}
	return nil
}

// rowList reads an array; r stands on its bracket.
func (c *columns) rowList(r *reader, t *table, maxRows int) *requestError {
	r.at++
	if r.next() == ']' {
		r.at++
		return nil
	}
	for {
		if t.rows == maxRows {
			return refusef(http.StatusBadRequest, "the array has more than %d rows, which is the most that one request may have", maxRows)
		}
		if r.next() != '{' {
			if r.at == len(r.data) {
				return r.syntax("an object")
			}
			return refusef(http.StatusBadRequest, "row %d: expected a JSON object with %s, got %s", t.rows, c, r.what())
		}
		if err := c.row(r, t); err != nil {
			return refusef(err.status, "row %d: %s", t.rows, err.message)
		}
		switch r.next() {
		case ',':
			r.at++
		case ']':
			r.at++
			return nil
		default:
			return r.syntax("a comma or the end of the array")
		}
	}
}

// row reads one object; r stands on its brace.
func (c *columns) row(r *reader, t *table) *requestError {
	n := len(c.list)
	from := len(t.values)
	for range n {
		t.values = append(t.values, math.NaN())
	}
	t.seen = append(t.seen[:0], make([]bool, n)...)
	row := t.values[from:]
	r.at++
	if r.next() == '}' {
		r.at++
		return c.complete(t)
	}
	for guess := 0; ; guess++ {
		i, err := c.field(r, guess)
		if err != nil {
			return err
		}
		if t.seen[i] {
			return refusef(http.StatusBadRequest, "%s is there twice", c.list[i].text)
		}
		t.seen[i] = true
		if row[i], err = r.value(&c.list[i]); err != nil {
			return err
		}
		switch r.next() {
		case ',':
			r.at++
		case '}':
			r.at++
			return c.complete(t)
		default:
			return r.syntax("a comma or the end of the object")
		}
	}
}

// field reads a name and its colon, and finds the column. Most clients send the columns in the signature's order, so that one is tried
// first.
func (c *columns) field(r *reader, guess int) (int, *requestError) {
	if r.next() != '"' {
		return 0, r.syntax("a column's name in quotes")
	}
	name, wrong := r.text()
	if wrong != "" {
		return 0, r.syntax(wrong)
	}
	if r.next() != ':' {
		return 0, r.syntax("a colon")
	}
	r.at++
	r.next()
	if guess < len(c.list) && string(name) == c.list[guess].Name {
		return guess, nil
	}
	i, ok := c.index[string(name)]
	if !ok {
		return 0, refusef(http.StatusBadRequest, "column %q is not one of the model's; expected %s", excerpt(name), c)
	}
	return i, nil
}

// complete refuses a row that lacks a column.
func (c *columns) complete(t *table) *requestError {
	t.rows++
	var missing []scoring.Column
	for i, seen := range t.seen {
		if !seen && !c.list[i].Optional {
			missing = append(missing, c.list[i].Column)
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		t.rows--
		return refusef(http.StatusBadRequest, "column %q is missing; expected %s", missing[0].Name, missing[0].Kind)
	}
	t.rows--
	return refusef(http.StatusBadRequest, "columns %s are missing", scoring.Describe(missing))
}

// value reads the value of a column.
func (r *reader) value(c *column) (float64, *requestError) {
	switch first := r.peek(); {
	case first == '-' && r.at+1 < len(r.data) && r.data[r.at+1] == 'I':
		return 0, r.wrong(c)
	case first == '-', first >= '0' && first <= '9':
		text, v, err := r.number(c)
		if err != nil {
			return 0, err
		}
		if err := c.check(text, v); err != nil {
			return 0, err
		}
		if c.Kind == mlmodel.Float { // as MLflow hands it to the model
			v = float64(float32(v))
		}
		return v, nil
	case first == '"' && c.Kind == mlmodel.String:
		return r.textValue()
	case first == 't' && r.word("true"):
		return 1, r.boolean(c, "true")
	case first == 'f' && r.word("false"):
		return 0, r.boolean(c, "false")
	case first == 'n' && r.word("null"):
		if c.Optional {
			return math.NaN(), nil
		}
		return 0, refusef(http.StatusBadRequest, "%s: expected %s, got null", c.text, c.Kind)
	case first == 0 && r.at >= len(r.data):
		return 0, r.syntax("a value")
	}
	return 0, r.wrong(c)
}

func (r *reader) boolean(c *column, word string) *requestError {
	if c.Kind != mlmodel.Boolean {
		return refusef(http.StatusBadRequest, "%s: expected %s, got %s", c.text, c.Kind, word)
	}
	return nil
}

// wrong refuses the value that r stands on.
func (r *reader) wrong(c *column) *requestError {
	return refusef(http.StatusBadRequest, "%s: expected %s, got %s", c.text, c.Kind, r.what())
}

// check tells whether a number is one of the column's type.
func (c *column) check(text []byte, v float64) *requestError {
	ok := true
	switch c.Kind {
	case mlmodel.Boolean, mlmodel.String:
		ok = false
	case mlmodel.Float:
		ok = math.Abs(v) <= math.MaxFloat32
	case mlmodel.Integer:
		ok = v == math.Trunc(v) && v >= math.MinInt32 && v <= math.MaxInt32
	case mlmodel.Long: // 2^63 is the first float64 that does not fit
		ok = v == math.Trunc(v) && v >= math.MinInt64 && v < math.MaxInt64
	default:
	}
	if !ok {
		return refusef(http.StatusBadRequest, "%s: expected %s, got %s", c.text, c.Kind, excerpt(text))
	}
	return nil
}
