package predictsvc

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"unicode/utf8"

	"mlopsgo/predictsvc/internal/scoring"
)

// reader walks a JSON text (RFC 8259).
type reader struct {
	data []byte
	at   int
	// texts takes the values of the model's columns of texts.
	texts *[]string
}

// peek is the byte at the current place, 0 at the end.
func (r *reader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

// next skips white space and is the byte after it, 0 at the end.
func (r *reader) next() byte {
	for ; r.at < len(r.data); r.at++ {
		switch r.data[r.at] {
		case ' ', '\t', '\n', '\r':
		default:
			return r.data[r.at]
		}
	}
	return 0
}

// word takes a literal when it stands here.
func (r *reader) word(w string) bool {
	end := r.at + len(w)
	if end > len(r.data) || string(r.data[r.at:end]) != w {
		return false
	}
	r.at = end
	return true
}

// text takes a string; r stands on its first quote. Without escapes the result is a part of the body. When it is not a string, r stands
// where that shows, and wrong says what was expected there.
func (r *reader) text() (text []byte, wrong string) {
	start := r.at
	escaped := false
	for r.at++; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; {
		case c == '"':
			r.at++
			if !escaped {
				return r.data[start+1 : r.at-1], ""
			}
			var s string
			if err := json.Unmarshal(r.data[start:r.at], &s); err != nil {
				r.at = start
				return nil, "a text with valid escapes"
			}
			return []byte(s), ""
		case c == '\\':
			escaped = true
			r.at++
		case c < ' ':
			return nil, "a text without control characters"
		}
	}
	return nil, "the end of a text"
}

// textValue takes the value of a column of texts, which is its place among them; r stands on its first quote.
func (r *reader) textValue() (float64, *requestError) {
	text, wrong := r.text()
	if wrong != "" {
		return 0, r.syntax(wrong)
	}
	*r.texts = append(*r.texts, string(text))
	return float64(len(*r.texts) - 1), nil
}

// number takes a number; r stands on its sign or first digit.
func (r *reader) number(c *column) ([]byte, float64, *requestError) {
	end, _, expected := scoring.ScanNumber(r.data, r.at)
	text := r.data[r.at:end]
	r.at = end
	if expected != "" {
		return nil, 0, r.syntax(expected)
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(v, 0) {
		return nil, 0, refusef(http.StatusBadRequest, "%s: expected %s, got %s, which is out of range", c.text, c.Kind, excerpt(text))
	}
	return text, v, nil
}

// syntax is the error of a text that is not JSON here.
func (r *reader) syntax(expected string) *requestError {
	if r.at >= len(r.data) {
		return refusef(http.StatusBadRequest, "not valid JSON: the body ends where %s was expected", expected)
	}
	return refusef(http.StatusBadRequest, "not valid JSON at byte %d: expected %s, got %s", r.at, expected, r.what())
}

// what says what stands here, for an error message.
func (r *reader) what() string {
	rest := r.data[r.at:]
	switch r.peek() {
	case '"':
		if s, wrong := (&reader{data: rest}).text(); wrong == "" {
			return "the text " + strconv.Quote(excerpt(s))
		}
		return "a text"
	case '{':
		return "an object"
	case '[':
		return "an array"
	}
	end := 0
	for end < len(rest) && wordByte(rest[end]) {
		end++
	}
	if end == 0 {
		_, end = utf8.DecodeRune(rest)
		return strconv.Quote(string(rest[:end]))
	}
	return excerpt(rest[:end])
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

// excerpt keeps what a client sent short enough for an error message.
func excerpt(text []byte) string { return scoring.Excerpt(text) }
