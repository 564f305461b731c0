package embedded

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Messages and coercions of the real server are Python's: this file holds the few rules of that language they need.

// pythonInt reads text as Python's int(str) does: spaces around, a sign, and underscores between digits are allowed.
func pythonInt(text string) (int64, bool) {
	t := strings.TrimFunc(text, unicode.IsSpace)
	if strings.HasPrefix(t, "_") || strings.HasSuffix(t, "_") || strings.Contains(t, "__") ||
		strings.HasPrefix(t, "+_") || strings.HasPrefix(t, "-_") {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(t, "_", ""), 10, 64)
	return n, err == nil
}

// pythonFloat reads text as Python's float(str) does.
func pythonFloat(text string) (float64, bool) {
	t := strings.TrimFunc(text, unicode.IsSpace)
	if strings.ContainsAny(t, "xXpP") { // Go's hexadecimal floats
		return 0, false
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// pythonFloatText is repr(float): the shortest digits that give f again, with an exponent from 1e16 on and below 1e-4.
func pythonFloatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// pythonRepr is repr(str) for the texts that appear in messages.
func pythonRepr(text string) string {
	quote := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for _, r := range text {
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			b.WriteString(`\x` + hexDigits(r, 2))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// pythonList is str(list of str).
func pythonList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = pythonRepr(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// pythonType names the type that Python's json gives the value.
func pythonType(value any) string {
	switch v := value.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case number:
		if v.isInt() {
			return "int"
		}
		return "float"
	case []any:
		return "list"
	case *object:
		return "dict"
	default:
		return "str"
	}
}

// pythonJSON is json.dumps(value, sort_keys=True, separators=(",", ":")), which the server quotes values with.
func pythonJSON(value any) string {
	var b strings.Builder
	writePythonJSON(&b, value)
	return b.String()
}

func writePythonJSON(b *strings.Builder, value any) {
	switch v := value.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case number:
		writePythonNumber(b, v)
	case string:
		writePythonText(b, v)
	case brokenText:
		writePythonText(b, string(v))
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writePythonJSON(b, item)
		}
		b.WriteByte(']')
	case *object:
		b.WriteByte('{')
		for i, key := range slices.Sorted(slices.Values(v.keys)) {
			if i > 0 {
				b.WriteByte(',')
			}
			writePythonText(b, key)
			b.WriteByte(':')
			writePythonJSON(b, v.values[key])
		}
		b.WriteByte('}')
	}
}

func writePythonNumber(b *strings.Builder, n number) {
	switch {
	case n.isInt():
		if n == "-0" {
			n = "0"
		}
		b.WriteString(string(n))
	case math.IsNaN(n.float()):
		b.WriteString("NaN")
	case math.IsInf(n.float(), 1):
		b.WriteString("Infinity")
	case math.IsInf(n.float(), -1):
		b.WriteString("-Infinity")
	default:
		b.WriteString(pythonFloatText(n.float()))
	}
}

func writePythonText(b *strings.Builder, text string) {
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < ' ' || (r >= 0x7f && r <= 0xffff && r != 0x7f):
			b.WriteString(`\u` + hexDigits(r, 4))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b.WriteString(`\u` + hexDigits(high, 4) + `\u` + hexDigits(low, 4))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func hexDigits(r rune, width int) string {
	text := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", max(0, width-len(text))) + text
}

// pythonLen is len(str): characters, not bytes.
func pythonLen(text string) int {
	n := 0
	for range text {
		n++
	}
	return n
}

// cutText is text[:limit] in characters.
func cutText(text string, limit int) string {
	for at := range text {
		if limit == 0 {
			return text[:at]
		}
		limit--
	}
	return text
}
