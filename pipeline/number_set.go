package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// numberSet is a set of trials by their numbers. It is written as ranges, 1-5,7, which stays short because trials end about in their order.
type numberSet map[int]bool

// String writes the set; the empty one is "".
func (s numberSet) String() string {
	var parts []string
	numbers := slices.Sorted(maps.Keys(s))
	for len(numbers) > 0 {
		first, n := numbers[0], 1
		for n < len(numbers) && numbers[n] == first+n {
			n++
		}
		if n == 1 {
			parts = append(parts, strconv.Itoa(first))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", first, first+n-1))
		}
		numbers = numbers[n:]
	}
	return strings.Join(parts, ",")
}

// parseNumbers reads what String wrote, of trials up to most.
func parseNumbers(text string, most int) (numberSet, error) {
	set := numberSet{}
	if text == "" {
		return set, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, lastErr := strconv.Atoi(to)
		if err != nil || lastErr != nil || first < 1 || last < first || last > most {
			return nil, fmt.Errorf("%q is no set of numbers from 1 to %d", text, most)
		}
		for n := first; n <= last; n++ {
			set[n] = true
		}
	}
	return set, nil
}
