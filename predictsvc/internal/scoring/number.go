package scoring

// ScanNumber finds the end of the number of JSON (RFC 8259, section 6) whose sign or first digit stands at a place. Where there is none,
// end is the place where that shows, and expected says what had to stand there. Integer says that it has neither a fraction nor an
// exponent.
func ScanNumber(data []byte, at int) (end int, integer bool, expected string) {
	integer = true
	if at < len(data) && data[at] == '-' {
		at++
	}
	if at < len(data) && data[at] == '0' {
		at++
	} else if end = digits(data, at); end == at {
		return at, false, "a digit"
	} else {
		at = end
	}
	if at < len(data) && data[at] == '.' {
		integer = false
		if end = digits(data, at+1); end == at+1 {
			return end, false, "a digit after the decimal point"
		}
		at = end
	}
	if at < len(data) && (data[at] == 'e' || data[at] == 'E') {
		integer = false
		at++
		if at < len(data) && (data[at] == '+' || data[at] == '-') {
			at++
		}
		if end = digits(data, at); end == at {
			return at, false, "a digit of the exponent"
		}
		at = end
	}
	return at, integer, ""
}

// digits is the end of the digits from a place on.
func digits(data []byte, at int) int {
	for at < len(data) && data[at] >= '0' && data[at] <= '9' {
		at++
	}
	return at
}
