package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
)

// sniffBytes is how much of the text is looked at to find the separator.
const sniffBytes = 64 << 10

var byteOrderMark = []byte("\xef\xbb\xbf")

// sniff drops a byte order mark and tells the separator, without consuming more. Read errors are left for the reader.
func sniff(text *bufio.Reader) (rune, error) {
	start, _ := text.Peek(3)
	if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		return 0, errors.New("the text is UTF-16; save it as UTF-8")
	}
	if bytes.Equal(start, byteOrderMark) {
		if _, err := text.Discard(len(byteOrderMark)); err != nil {
			return 0, err
		}
	}
	start, _ = text.Peek(sniffBytes)
	return separatorOf(start), nil
}

// separatorOf returns ';' when the first line that is not empty has more of it than of ',' outside quotes, else ','.
func separatorOf(text []byte) rune {
	quoted, commas, semicolons := false, 0, 0
	for _, b := range bytes.TrimLeft(text, "\r\n") {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == ',':
			commas++
		case b == ';':
			semicolons++
		}
		if b == '\n' && !quoted {
			break
		}
	}
	if semicolons > commas {
		return ';'
	}
	return ','
}

// checkHeader refuses names that are empty, odd or doubled, too many of them, and the lack of a needed one.
func checkHeader(header []string, o ReadOptions) error {
	if len(header) > o.Limits.MaxColumns {
		return fmt.Errorf("%w: %d columns, more than %d", ErrTooBig, len(header), o.Limits.MaxColumns)
	}
	if len(header) == 1 && bytes.ContainsRune([]byte(header[0]), '\t') {
		return errors.New(`the header is separated by tabs; separate with "," or ";"`)
	}
	seen := make(map[string]bool, len(header))
	for i, name := range header {
		if err := checkName(name); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
		if seen[name] {
			return fmt.Errorf("two columns are named %q", name)
		}
		seen[name] = true
	}
	for _, name := range o.Need {
		if !seen[name] {
			return missingColumn(name, header)
		}
	}
	return nil
}
