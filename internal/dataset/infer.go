package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// missingWords are the cells that pandas.read_csv takes for a missing value (pandas 3.1.1, parsers.STR_NA_VALUES).
var missingWords = []string{
	"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN",
	"None", "n/a", "nan", "null",
}

// errNotNumber marks a cell that is text: the one failure a text column forgives.
var errNotNumber = errors.New("not a number")

// builder collects one column: int64 until the first cell that is no integer, float64 from there on; a column that may hold
// text keeps its cells and is typed at the end.
type builder struct {
	text      bool
	lenient   bool     // a missing value is noted instead of refused
	missing   []int    // rows without a value, which have a zero in its place
	cells     []string // of a text column
	lines     []int    // of cells
	ints      []int64
	floats    []float64
	isFloat   bool
	fraction  bool  // a cell with a point or an exponent was seen
	overflow  cell  // the first integer beyond int64
	negZeroes []int // rows of "-0", which is 0 as an integer but -0 as a float
}

// cell is a text and the line it stands on.
type cell struct {
	text string
	line int
}

// add takes the next cell.
func (b *builder) add(text string, line int) error {
	if slices.Contains(missingWords, text) {
		return b.addMissing(text, line)
	}
	if !b.text {
		return b.addNumber(text, line)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not UTF-8 text", excerpt(text))
	}
	b.cells = append(b.cells, strings.Clone(text)) // the record's memory is reused
	b.lines = append(b.lines, line)
	return nil
}

// addNumber takes the next cell of a numeric column.
func (b *builder) addNumber(text string, line int) error {
	number := strings.Trim(text, " \t") // as pandas' C parser does
	if number == "" {
		return b.addMissing("", line)
	}
	if !b.isFloat && isInteger(number) {
		value, err := strconv.ParseInt(number, 10, 64)
		if err == nil {
			if value == 0 && number[0] == '-' {
				b.negZeroes = append(b.negZeroes, len(b.ints))
			}
			b.ints = append(b.ints, value)
			return nil
		}
	}
	value, err := parseFloat(number)
	if err != nil {
		return err
	}
	if isInteger(number) {
		if b.overflow.text == "" && exceedsInt64(number) {
			b.overflow = cell{strings.Clone(number), line}
		}
	} else {
		b.fraction = true
	}
	b.toFloat()
	b.floats = append(b.floats, value)
	return nil
}

// addMissing notes a missing value, or refuses it.
func (b *builder) addMissing(text string, line int) error {
	switch {
	case !b.lenient:
		return missingValue(text)
	case b.text:
		b.missing = append(b.missing, len(b.cells))
		b.cells, b.lines = append(b.cells, ""), append(b.lines, line)
	case b.isFloat:
		b.missing = append(b.missing, len(b.floats))
		b.floats = append(b.floats, 0)
	default:
		b.missing = append(b.missing, len(b.ints))
		b.ints = append(b.ints, 0)
	}
	return nil
}

// toFloat turns the integers read so far into floats.
func (b *builder) toFloat() {
	if b.isFloat {
		return
	}
	b.isFloat = true
	b.floats = make([]float64, len(b.ints), max(2*len(b.ints), 64))
	for row, v := range b.ints {
		b.floats[row] = float64(v)
	}
	for _, row := range b.negZeroes {
		b.floats[row] = math.Copysign(0, -1)
	}
	b.ints, b.negZeroes = nil, nil
}

// finish returns the column, or the line and the reason it cannot be typed.
func (b *builder) finish(name string) (Column, int, error) {
	if b.text {
		for _, text := range b.cells {
			if _, err := parseFloat(strings.Trim(text, " \t")); errors.Is(err, errNotNumber) && text != "" {
				return Column{name: name, kind: String, texts: b.cells}, 0, nil
			}
		}
		b.text, b.missing = false, nil // which the numbers note anew
		for i, text := range b.cells {
			if err := b.addNumber(text, b.lines[i]); err != nil {
				return Column{}, b.lines[i], err
			}
		}
	}
	switch {
	case b.overflow.text != "" && !b.fraction:
		return Column{}, b.overflow.line, fmt.Errorf("%s does not fit an int64; write it with a decimal point if it may be rounded", excerpt(b.overflow.text))
	case b.isFloat:
		return Column{name: name, kind: Float64, floats: b.floats}, 0, nil
	}
	return Column{name: name, kind: Int64, ints: b.ints}, 0, nil
}

// parseFloat reads a decimal number, rounded to the nearest float64, and refuses what is none and what is not finite.
func parseFloat(number string) (float64, error) {
	switch strings.ToLower(strings.TrimLeft(number, "+-")) {
	case "inf", "infinity", "nan":
		return 0, fmt.Errorf("%s is not a finite number", excerpt(number))
	}
	if strings.Trim(number, "0123456789+-.eE") != "" { // hexadecimal and underscores are Go's, not CSV's
		return 0, fmt.Errorf("%s is %w", excerpt(number), errNotNumber)
	}
	value, err := strconv.ParseFloat(number, 64)
	switch {
	case err == nil:
		return value, nil
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is beyond the range of a float64", excerpt(number))
	}
	return 0, fmt.Errorf("%s is %w", excerpt(number), errNotNumber)
}

// isInteger tells whether a text is an optional sign and decimal digits.
func isInteger(s string) bool {
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	return digits != "" && len(s)-len(digits) <= 1 && strings.Trim(digits, "0123456789") == ""
}

// exceedsInt64 tells whether an integer's text is beyond int64.
func exceedsInt64(number string) bool {
	_, err := strconv.ParseInt(number, 10, 64)
	return err != nil
}

func missingValue(text string) error {
	if text == "" {
		return errors.New("the cell is empty; missing values are not supported")
	}
	return fmt.Errorf("%q stands for a missing value, which is not supported", text)
}

// excerpt quotes a cell for an error, cut to 40 characters.
func excerpt(s string) string {
	const shown = 40
	if utf8.RuneCountInString(s) <= shown {
		return strconv.Quote(s)
	}
	return strconv.Quote(string([]rune(s[:min(len(s), 4*shown)])[:shown]) + "…")
}
