package mlmodel

import (
	"fmt"
	"strings"
)

// foldAfter is the column after which a line of a string is folded at the next single space.
const foldAfter = 80

// text writes a string in the first style that can hold it: plain, in single quotes, in double quotes.
func (w *yamlWriter) text(s string, indent int) {
	f := featuresOf(s)
	switch {
	case f.plain && w.rules.isText(s):
		w.folded(s, indent, false)
	case f.single:
		w.write("'")
		w.folded(s, indent, true)
		w.write("'")
	default:
		w.doubleQuoted(s, indent)
	}
}

// textFeatures tells which styles can hold a string.
type textFeatures struct{ plain, single bool }

const lineBreaks = "\n\u0085\u2028\u2029"

func featuresOf(s string) textFeatures {
	r := []rune(s)
	if len(r) == 0 {
		return textFeatures{single: true}
	}
	isBreak := func(c rune) bool { return strings.ContainsRune(lineBreaks, c) }
	isBlank := func(i int) bool { return i >= len(r) || strings.ContainsRune("\x00 \t\r"+lineBreaks, r[i]) }
	f := textFeatures{plain: true, single: true}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") || r[0] == ' ' || r[len(r)-1] == ' ' {
		f.plain = false
	}
	if strings.ContainsRune("#,[]{}&*!|>'\"%@`", r[0]) || (strings.ContainsRune("?:-", r[0]) && isBlank(1)) {
		f.plain = false
	}
	for i, c := range r {
		indicator := (c == ':' && isBlank(i+1)) || (c == '#' && i > 0 && isBlank(i-1))
		if indicator || isBreak(c) {
			f.plain = false
		}
		// escapes are needed for what is not printable ASCII, and for blanks around line breaks
		spaceAtBreak := i > 0 && ((c == ' ' && isBreak(r[i-1])) || (isBreak(c) && r[i-1] == ' '))
		if (c != '\n' && (c < ' ' || c > '~')) || spaceAtBreak {
			f.single = false
		}
	}
	f.plain = f.plain && f.single
	return f
}

// folded writes plain and single-quoted text. quoted doubles quotes, writes line breaks, and folds neither before the
// first nor after the last character.
func (w *yamlWriter) folded(s string, indent int, quoted bool) {
	for i := 0; i < len(s); {
		n := i
		switch s[i] {
		case ' ':
			for n < len(s) && s[n] == ' ' {
				n++
			}
			atEdge := quoted && (i == 0 || n == len(s))
			if n == i+1 && w.column > foldAfter && !atEdge {
				w.newline(indent)
			} else {
				w.write(s[i:n])
			}
		case '\n':
			for n < len(s) && s[n] == '\n' {
				w.out.WriteString("\n")
				n++
			}
			w.newline(indent)
		case '\'':
			n++
			if quoted {
				w.write("''")
			} else {
				w.write("'")
			}
		default:
			for n < len(s) && !strings.ContainsRune(" \n'", rune(s[n])) {
				n++
			}
			w.write(s[i:n])
		}
		i = n
	}
}

// doubleQuoted escapes what is not printable ASCII, and folds with a backslash.
func (w *yamlWriter) doubleQuoted(s string, indent int) {
	r := []rune(s)
	w.write(`"`)
	start := 0
	for end := 0; end <= len(r); end++ {
		special := end == len(r) || r[end] == '"' || r[end] == '\\' || r[end] < ' ' || r[end] > '~'
		if special {
			w.write(string(r[start:end]))
			start = end
			if end < len(r) {
				w.write(escape(r[end]))
				start = end + 1
			}
		}
		atSpace := end < len(r) && r[end] == ' '
		if 0 < end && end < len(r)-1 && (atSpace || start >= end) && w.column+(end-start) > foldAfter {
			if start < end {
				w.write(string(r[start:end]))
				start = end
			}
			w.write(`\`)
			w.newline(indent)
			if r[start] == ' ' {
				w.write(`\`)
			}
		}
	}
	w.write(`"`)
}

func escape(c rune) string {
	const from, to = "\x00\a\b\t\n\v\f\r\x1b\"\\\u0085\u00a0\u2028\u2029", "0abtnvfre\"\\N_LP"
	for i, f := range []rune(from) {
		if c == f {
			return `\` + to[i:i+1]
		}
	}
	switch {
	case c <= 0xff:
		return fmt.Sprintf(`\x%02X`, c)
	case c <= 0xffff:
		return fmt.Sprintf(`\u%04X`, c)
	default:
		return fmt.Sprintf(`\U%08X`, c)
	}
}
