package embedded

import (
	"slices"
	"strings"
	"unicode"
)

// The server reads filters with a general SQL tokenizer. Which odd filters it takes, and what it says of others,
// follows from that tokenizer's rules; this file has those of them that a filter can meet, in their order.

// tokenKind classifies a piece of a filter.
type tokenKind int

const (
	tokSpace      tokenKind = iota
	tokName                 // a bare, dotted or back-quoted name
	tokSymbol               // "text"
	tokString               // 'text'
	tokInteger              // 12
	tokFloat                // 1.5
	tokNumber               // any other number
	tokCompare              // = != >= LIKE …
	tokKeyword              // AND, NULL, …
	tokOrder                // ASC, DESC
	tokOperator             // + - …
	tokWildcard             // *
	tokPunct                // . , ( ) [ ] ; : ::
	tokOther                // comments, errors, placeholders …
	groupIdent              // names joined by dots
	groupParen              // ( … )
	groupFunction           // name( … )
	groupBracket            // [ … ]
	groupArith              // a - b
	groupCompare            // a = b
	groupList               // a, b
)

type token struct {
	kind  tokenKind
	text  string
	parts []token // of a group
}

func (t token) is(kind tokenKind, words ...string) bool {
	return t.kind == kind && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(t.text, w) })
}

// sqlWords are the keywords of the tokenizer that change what the server says of a filter.
var sqlWords = map[string]bool{
	"ALL": true, "AND": true, "ANY": true, "BEGIN": true, "BETWEEN": true, "BY": true, "CONTAINS": true, "DISTINCT": true,
	"EXISTS": true, "FALSE": true, "GROUP": true, "HAVING": true, "IF": true, "IS": true, "KEY": true, "LIMIT": true,
	"NOT": true, "NOTHING": true, "NULL": true, "NULLS": true, "OFFSET": true, "ON": true, "OR": true, "ORDER": true, "SELECT": true,
	"SOURCE": true, "TRUE": true, "TYPE": true, "UNION": true, "USER": true, "VERSION": true, "WHERE": true,
}

type lexer struct {
	text []rune
	at   int
}

// tokenize splits text; every rune of it is in exactly one token.
func tokenize(text string) []token {
	l := lexer{text: []rune(text)}
	var tokens []token
	for l.at < len(l.text) {
		kind, size := l.next()
		tokens = append(tokens, token{kind: kind, text: string(l.text[l.at : l.at+size])})
		l.at += size
	}
	return tokens
}

func (l *lexer) peek(offset int) rune {
	if i := l.at + offset; i >= 0 && i < len(l.text) {
		return l.text[i]
	}
	return -1
}

// next gives the kind and the length of the token at the current place.
func (l *lexer) next() (tokenKind, int) {
	c := l.peek(0)
	switch {
	case c == '-' && l.peek(1) == '-', c == '#' && l.peek(1) == ' ':
		return tokOther, l.through("\r\n")
	case unicode.IsSpace(c):
		return tokSpace, 1
	case c == ':' && l.peek(1) == '=':
		return tokOther, 2
	case c == ':' && l.peek(1) == ':':
		return tokPunct, 2
	case c == '*':
		return tokWildcard, 1
	case c == '/' && l.peek(1) == '*':
		if size := l.comment(); size > 0 {
			return tokOther, size
		}
	case c == '`':
		if size := l.quoted('`', false); size > 0 {
			return tokName, size
		}
	case c == '?', c == '$' && isWord(l.peek(1)) && !isWord(l.peek(-1)), c == ':' && isWord(l.peek(1)) && !isWord(l.peek(-1)):
		return tokOther, 1 + l.words(1)
	case (c == '@' || c == '#') && isNameStart(l.peek(1)) && isWord(l.peek(2)):
		return tokName, 1 + l.words(1)
	}
	if isNameStart(c) {
		if kind, size, ok := l.word(); ok {
			return kind, size
		}
	}
	if kind, size := l.number(); size > 0 {
		return kind, size
	}
	return l.rest()
}

// word reads what begins with a letter, unless it is one of the words that the tokenizer joins with others.
func (l *lexer) word() (tokenKind, int, bool) {
	size := l.words(0)
	text := strings.ToUpper(string(l.text[l.at : l.at+size]))
	switch text {
	case "CASE", "IN", "VALUES", "USING", "FROM", "AS":
		return tokKeyword, size, true
	}
	after := size
	for unicode.IsSpace(l.peek(after)) {
		after++
	}
	if l.peek(after) == '.' && !isDigit(l.peek(after+1)) || l.peek(-1) == '.' || l.peek(size) == '(' {
		return tokName, size, true
	}
	switch text {
	case "ASC", "DESC":
		return tokOrder, size, true
	case "LIKE", "ILIKE", "RLIKE", "REGEXP":
		return tokCompare, size, true
	case "NOT":
		if after > size {
			second := lexer{l.text, l.at + after}
			n := second.words(0)
			switch strings.ToUpper(string(l.text[l.at+after : l.at+after+n])) {
			case "NULL":
				return tokKeyword, after + n, true
			case "LIKE", "ILIKE", "RLIKE", "REGEXP":
				return tokCompare, after + n, true
			}
		}
	}
	return 0, 0, false
}

// number reads a number. One that runs into letters ends a digit earlier: "12ab" is 1 and the name 2ab.
func (l *lexer) number() (tokenKind, int) {
	sign := 0
	if l.peek(0) == '-' {
		sign = 1
	}
	whole := l.digits(sign)
	if l.peek(sign) == '0' && (l.peek(sign+1) == 'x' || l.peek(sign+1) == 'X') && isHex(l.peek(sign+2)) {
		n := sign + 2
		for isHex(l.peek(n)) {
			n++
		}
		return tokNumber, n
	}
	if whole > 0 {
		if n := l.exponent(sign + whole); n > 0 {
			return tokFloat, n
		}
	}
	if l.peek(sign+whole) == '.' {
		fraction := l.digits(sign + whole + 1)
		end := sign + whole + 1 + fraction
		if isNameStart(l.peek(end)) || l.peek(end) == '_' {
			end--
			fraction--
		}
		if fraction > 0 || fraction == 0 && whole > 0 {
			return tokFloat, end
		}
	}
	end := sign + whole
	if isNameStart(l.peek(end)) || l.peek(end) == '_' {
		end--
		whole--
	}
	if whole > 0 {
		return tokInteger, end
	}
	return 0, 0
}

// exponent reads the rest of 1E5 or 1.5E-5 after the whole digits.
func (l *lexer) exponent(at int) int {
	if l.peek(at) == '.' {
		if n := l.digits(at + 1); n > 0 {
			at += 1 + n
		}
	}
	if c := l.peek(at); c != 'e' && c != 'E' {
		return 0
	}
	at++
	if l.peek(at) == '-' {
		at++
	}
	n := l.digits(at)
	if n == 0 {
		return 0
	}
	return at + n
}

// rest reads strings, operators and everything else.
func (l *lexer) rest() (tokenKind, int) {
	c := l.peek(0)
	switch c {
	case '\'':
		if size := l.quoted(c, true); size > 0 {
			return tokString, size
		}
	case '"':
		if size := l.quoted(c, true); size > 0 {
			return tokSymbol, size
		}
	case '[':
		if n := l.brackets(); n > 0 && !isWord(l.peek(-1)) && l.peek(-1) != ']' && l.peek(-1) != ')' {
			return tokName, n
		}
	}
	if isWord(c) {
		size := 1
		for isWord(l.peek(size)) || l.peek(size) == '$' || l.peek(size) == '#' {
			size++
		}
		word := strings.ToUpper(string(l.text[l.at : l.at+size]))
		if sqlWords[word] {
			return tokKeyword, size
		}
		return tokName, size
	}
	switch {
	case strings.ContainsRune(";:()[],.", c):
		return tokPunct, 1
	case c == '-' && l.peek(1) == '>', c == '@' && l.peek(1) == '>', c == '<' && l.peek(1) == '@':
		return tokOperator, 2
	case c == '-':
		return tokOperator, 1
	case strings.ContainsRune("<>=~!", c):
		return tokCompare, l.run("<>=~!")
	case strings.ContainsRune("+/@#%^&|-", c):
		return tokOperator, l.run("+/@#%^&|-")
	}
	return tokOther, 1
}

// quoted reads to the closing quote; a doubled quote and, if escapes, a quote after a backslash belong to the text,
// except when nothing closes it otherwise. 0 means that it is never closed.
func (l *lexer) quoted(quote rune, escapes bool) int {
	fallback := 0
	for i := 1; ; i++ {
		switch c := l.peek(i); {
		case c == -1:
			return fallback
		case c == quote && l.peek(i+1) == quote:
			fallback = i + 1
			i++
		case c == quote:
			return i + 1
		case escapes && c == '\\' && l.peek(i+1) == quote:
			fallback = i + 2
			i++
		}
	}
}

func (l *lexer) brackets() int {
	for i := 1; ; i++ {
		switch c := l.peek(i); {
		case c == -1 || c == '[' || (c == ']' && i == 1):
			return 0
		case c == ']':
			return i + 1
		}
	}
}

func (l *lexer) comment() int {
	for i := 2; l.peek(i) != -1; i++ {
		if l.peek(i) == '*' && l.peek(i+1) == '/' {
			return i + 2
		}
	}
	return 0
}

// through is the length up to and including the first of the given runes.
func (l *lexer) through(ends string) int {
	for i := 0; ; i++ {
		if c := l.peek(i); c == -1 || strings.ContainsRune(ends, c) {
			return min(i+1, len(l.text)-l.at)
		}
	}
}

func (l *lexer) run(set string) int {
	n := 0
	for l.peek(n) != -1 && strings.ContainsRune(set, l.peek(n)) {
		n++
	}
	return n
}

func (l *lexer) words(from int) int {
	n := from
	for isWord(l.peek(n)) {
		n++
	}
	return n - from
}

func (l *lexer) digits(from int) int {
	n := from
	for isDigit(l.peek(n)) {
		n++
	}
	return n - from
}

func isWord(r rune) bool  { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
func isDigit(r rune) bool { return unicode.IsDigit(r) }
func isHex(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'
}

// isNameStart is the tokenizer's [A-ZÀ-Ü] in both cases.
func isNameStart(r rune) bool {
	r = unicode.ToUpper(r)
	return r >= 'A' && r <= 'Z' || r >= 'À' && r <= 'Ü'
}
