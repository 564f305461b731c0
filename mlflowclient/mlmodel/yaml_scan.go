package mlmodel

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// isKey reports whether the text at hand is a key: a string on one line, then a colon.
func (r *yamlReader) isKey() bool {
	at := *r
	_, err := at.key()
	return err == nil
}

// key reads a key and its colon.
func (r *yamlReader) key() (any, error) {
	line := r.line
	var key any
	switch s := r.rest(); s[0] {
	case '\'', '"':
		text, err := r.quoted()
		if err != nil || r.line != line {
			return nil, errors.New("a quoted key must end on its line")
		}
		key = text
	default:
		end := plainEnd(s)
		if end == len(s) || s[end] != ':' || end == 0 || strings.HasPrefix(s, "? ") || strings.ContainsAny(s[:1], "\t[]{},&*!|>@`%#") {
			return nil, errors.New("expected a key, a colon and a value")
		}
		v, err := r.rules.resolve(strings.TrimRight(s[:end], " "))
		if err != nil {
			return nil, err
		}
		if f, ok := v.(float64); ok && f != f {
			return nil, errors.New("NaN is not possible as a key")
		}
		key = v
		r.col += end
	}
	rest := strings.TrimLeft(r.rest(), " ")
	if rest != ":" && !strings.HasPrefix(rest, ": ") {
		return nil, errors.New("expected a colon and a blank after the key")
	}
	r.col = len(r.lines[r.line]) - len(rest) + 1
	return key, nil
}

// plainEnd is where a plain scalar ends in a line: before a colon that ends a key, or before a comment.
func plainEnd(s string) int {
	for i := range len(s) {
		if s[i] == ':' && (i+1 == len(s) || s[i+1] == ' ') {
			return i
		}
		if s[i] == '#' && i > 0 && s[i-1] == ' ' {
			return i
		}
	}
	return len(s)
}

// scalar reads a quoted or plain value; it may go on over lines that are indented more than parent.
func (r *yamlReader) scalar(parent int) (any, error) {
	s := r.rest()
	switch s[0] {
	case '\'', '"':
		text, err := r.quoted()
		if err != nil {
			return nil, err
		}
		return text, r.endOfLine()
	case '[', '{':
		return r.emptyCollection(s)
	}
	if strings.ContainsAny(s[:1], "]},#") || s == "?" || strings.HasPrefix(s, "? ") || isDash(s) {
		return nil, fmt.Errorf("a value cannot begin with %q", s[:1])
	}
	text, err := r.plain(parent)
	if err != nil {
		return nil, err
	}
	return r.rules.resolve(text)
}

func (r *yamlReader) emptyCollection(s string) (any, error) {
	for open, v := range map[string]any{"[]": []any{}, "{}": Map{}} {
		if strings.HasPrefix(s, open) {
			r.col += 2
			return v, r.endOfLine()
		}
	}
	return nil, errors.New("collections in brackets are not supported, but for [] and {}")
}

// endOfLine allows nothing but a comment after a value.
func (r *yamlReader) endOfLine() error {
	if rest := r.rest(); strings.TrimLeft(rest, " ") != "" && !strings.HasPrefix(strings.TrimLeft(rest, " "), "#") {
		return fmt.Errorf("unexpected text %.20q after a value", rest)
	}
	r.line, r.col = r.line+1, 0
	return nil
}

func (r *yamlReader) plain(parent int) (string, error) {
	var out strings.Builder
	for {
		s := r.rest()
		end := plainEnd(s)
		if end < len(s) && s[end] == ':' {
			return "", errors.New("a key where a value was begun; quote values that hold a colon and a blank")
		}
		out.WriteString(strings.TrimRight(s[:end], " "))
		r.line, r.col = r.line+1, 0
		breaks := r.skipBlankLines()
		if end < len(s) || r.line == len(r.lines) {
			return out.String(), nil
		}
		r.col = len(r.lines[r.line]) - len(strings.TrimLeft(r.lines[r.line], " "))
		if r.col <= parent || r.rest()[0] == '#' || r.rest()[0] == '\t' {
			return out.String(), nil
		}
		out.WriteString(fold(breaks))
	}
}

// skipBlankLines returns how many it skipped.
func (r *yamlReader) skipBlankLines() int {
	n := 0
	for r.line < len(r.lines) && strings.Trim(r.lines[r.line], " ") == "" {
		r.line, n = r.line+1, n+1
	}
	return n
}

// fold is what a line break becomes: a blank, or as many line breaks as empty lines follow.
func fold(emptyLines int) string {
	if emptyLines == 0 {
		return " "
	}
	return strings.Repeat("\n", emptyLines)
}

// quoted reads a string in quotes, which may go over several lines.
func (r *yamlReader) quoted() (string, error) {
	quote := r.rest()[0]
	r.col++
	var out strings.Builder
	for {
		s := r.rest()
		i := strings.IndexAny(s, quoteStops(quote))
		if i < 0 {
			if err := r.foldQuoted(&out, s); err != nil {
				return "", err
			}
			continue
		}
		out.WriteString(s[:i])
		r.col += i
		switch {
		case s[i] == '\\':
			if err := r.escape(&out); err != nil {
				return "", err
			}
		case quote == '\'' && strings.HasPrefix(s[i:], "''"):
			out.WriteString("'")
			r.col += 2
		default:
			r.col++
			return out.String(), nil
		}
	}
}

func quoteStops(quote byte) string {
	if quote == '"' {
		return `"\`
	}
	return "'"
}

// foldQuoted ends a line inside quotes: blanks around the break go.
func (r *yamlReader) foldQuoted(out *strings.Builder, s string) error {
	out.WriteString(strings.TrimRight(s, " \t"))
	r.line, r.col = r.line+1, 0
	out.WriteString(fold(r.skipBlankLines()))
	return r.intoText()
}

// intoText moves to the first text of a line inside quotes.
func (r *yamlReader) intoText() error {
	if r.line >= len(r.lines) {
		return errors.New("the file ends inside quotes")
	}
	s := r.lines[r.line]
	if strings.HasPrefix(s, "--- ") || s == "---" || strings.HasPrefix(s, "... ") || s == "..." {
		return errors.New("a document ends inside quotes")
	}
	r.col = len(s) - len(strings.TrimLeft(s, " \t"))
	return nil
}

// escape reads what follows a backslash in double quotes.
func (r *yamlReader) escape(out *strings.Builder) error {
	s := r.rest()
	if strings.TrimRight(s, " \t") == `\` { // the line break is escaped: no blank in its place
		r.line, r.col = r.line+1, 0
		out.WriteString(strings.Repeat("\n", r.skipBlankLines()))
		return r.intoText()
	}
	const names, values = "0abt\tnvfre \"\\/N_LP", "\x00\a\b\t\t\n\v\f\r\x1b \"\\/\u0085\u00a0\u2028\u2029"
	if i := strings.IndexByte(names, s[1]); i >= 0 {
		out.WriteRune([]rune(values)[i])
		r.col += 2
		return nil
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
	if digits == 0 || len(s) < 2+digits {
		return fmt.Errorf("unknown escape %.4q", s)
	}
	v, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) {
		return fmt.Errorf("escape %q is not a character", s[:2+digits])
	}
	out.WriteRune(rune(v))
	r.col += 2 + digits
	return nil
}
