package embedded

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// ordering is one clause of order_by.
type ordering struct {
	entity    entity
	key       string
	ascending bool
}

func (lang *language) ordering(clause string) (ordering, error) {
	text, ascending, err := orderingText(clause)
	if err != nil {
		return ordering{}, err
	}
	t, err := lang.identifier(strings.TrimSpace(text), lang.sortable)
	return ordering{t.entity, t.key, ascending}, err
}

// orderingText splits "name DESC". A direction takes the quotes off the name with it, as a shell does.
func orderingText(clause string) (text string, ascending bool, err error) {
	unreadable := invalidf("Invalid order_by clause '%s'. Could not be parsed.", clause)
	tokens, statements := splitStatements(tokenize(clause))
	if statements != 1 {
		return "", false, unreadable
	}
	tokens = group(tokens)
	if len(tokens) != 1 || tokens[0].kind != groupIdent {
		return "", false, unreadable
	}
	text = tokens[0].text
	words, ok := shellWords(strings.ReplaceAll(text, "`", `"`))
	switch {
	case !ok:
		return "", false, failf(codeInternal, "No closing quotation")
	case len(words) > 2:
		return "", false, unreadable
	case len(words) < 2:
		return text, true, nil
	}
	switch strings.ToLower(words[1]) {
	case "asc":
		return words[0], true, nil
	case "desc":
		return words[0], false, nil
	default:
		return "", false, invalidf("Invalid ordering key in order_by clause '%s'.", clause)
	}
}

// shellWords splits text like Python's shlex.split; ok is false when a quotation does not end.
func shellWords(text string) (words []string, ok bool) {
	var word strings.Builder
	inWord := false
	quote := rune(0)
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case unicode.IsSpace(r):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, quote == 0 && !escaped
}

// pageToken is the server's token of the page that begins at offset.
func pageToken(offset int64) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"offset": %d}`, offset))
}

// parsePageToken gives the offset of a page, 0 without a token.
func parsePageToken(token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	decoded, err := lenientBase64(token)
	if err != nil {
		return 0, err
	}
	value, err := decodeJSON(decoded)
	if err != nil {
		return 0, invalidf("Invalid page token, decoded value=b%s", pythonRepr(string(decoded)))
	}
	o, ok := value.(*object)
	if !ok {
		return 0, failf(codeInternal, "'%s' object has no attribute 'get'", pythonType(value))
	}
	raw, _ := o.get("offset")
	switch v := raw.(type) {
	case number:
		if f := v.float(); f != 0 {
			return int64(f), nil
		}
	case string:
		if n, ok := pythonInt(v); ok {
			return n, nil
		}
		if v != "" {
			return 0, invalidf("Invalid page token, not stringable %s", v)
		}
	case []any, *object:
		return 0, failf(codeInternal, "int() argument must be a string, a bytes-like object or a real number, not '%s'", pythonType(raw))
	}
	return 0, invalidf("Invalid page token, parsed value=%s", pythonDict(o))
}

func pythonDict(o *object) string {
	parts := make([]string, len(o.keys))
	for i, key := range o.keys {
		value := "None"
		if text, err := json.Marshal(o.values[key]); err == nil && o.values[key] != nil {
			value = string(text)
		}
		if n, ok := o.values[key].(number); ok {
			value = string(n)
		}
		if text, ok := o.values[key].(string); ok {
			value = pythonRepr(text)
		}
		parts[i] = pythonRepr(key) + ": " + value
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// lenientBase64 is Python's b64decode: characters outside of the alphabet are passed over.
func lenientBase64(text string) ([]byte, error) {
	clean := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return -1
		}
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", r) {
			return r
		}
		return -1
	}, text)
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		return nil, failf(codeInternal, "string argument should contain only ASCII characters")
	}
	if i := strings.IndexByte(clean, '='); i >= 0 && i%4 >= 2 && len(clean)-i >= 4-i%4 {
		clean = clean[:i+4-i%4]
	}
	decoded, err := base64.StdEncoding.DecodeString(clean)
	if err != nil {
		return nil, invalidf("Invalid page token, could not base64-decode")
	}
	return decoded, nil
}
