package pipeline

import (
	"math"
	"strings"
	"testing"
)

func TestComparisonDecides(t *testing.T) {
	truth := strings.Fields("5 5 5 5 6 6 6 6 7 7")
	for _, test := range []struct {
		name, fresh, champion string
		outcome               Outcome
		counts                [4]int // both, only new, only champion, none
		p                     float64
		byRule                [3]bool // if_not_worse, always, never
	}{
		{"first", "5 5 5 5 6 6 6 6 7 7", "", OutcomeFirst, [4]int{}, 1, [3]bool{true, true, true}},
		{"the same", "5 5 5 5 6 6 6 6 7 5", "5 5 5 5 6 6 6 6 7 5", OutcomeEqual, [4]int{9, 0, 0, 1}, 1, [3]bool{true, true, false}},
		{"better", "5 5 5 5 6 6 6 6 7 7", "5 5 5 5 6 6 6 6 5 5", OutcomeBetter, [4]int{8, 2, 0, 0}, 0.5, [3]bool{true, true, false}},
		{"worse", "6 6 6 5 6 6 6 6 7 7", "5 5 5 5 6 6 6 6 7 7", OutcomeWorse, [4]int{7, 0, 3, 0}, 0.25, [3]bool{false, true, false}},
		// As many are right; the new one does better on the rare class.
		{"better by F1", "5 5 5 6 6 6 6 6 7 7", "5 5 5 5 6 6 6 6 7 5", OutcomeBetter, [4]int{8, 1, 1, 0}, 1, [3]bool{true, true, false}},
		{"worse by F1", "5 5 5 5 6 6 6 6 7 5", "5 5 5 6 6 6 6 6 7 7", OutcomeWorse, [4]int{8, 1, 1, 0}, 1, [3]bool{false, true, false}},
		{"other labels", "5 5 5 5 6 6 6 6 7 7", "rose rose rose rose rose rose rose rose rose rose", OutcomeBetter, [4]int{0, 10, 0, 0}, math.Exp2(-9), [3]bool{true, true, false}},
	} {
		c := &Comparison{New: Contender{Version: "2"}}
		var champion []string
		if test.champion != "" {
			c.Champion, champion = &Contender{Version: "1"}, strings.Fields(test.champion)
		}
		if err := c.compare(truth, strings.Fields(test.fresh), champion); err != nil {
			t.Fatal(err)
		}
		if counts := [4]int{c.BothRight, c.OnlyNew, c.OnlyChampion, c.BothWrong}; c.Outcome != test.outcome || counts != test.counts || math.Abs(c.PValue-test.p) > 1e-12 {
			t.Errorf("%s: %s, %v, p %v", test.name, c.Outcome, counts, c.PValue)
		}
		for i, rule := range []Promotion{PromoteIfNotWorse, PromoteAlways, PromoteNever} {
			c.decide(rule)
			if c.Promoted != test.byRule[i] {
				t.Errorf("%s, %s: promoted %v", test.name, rule, c.Promoted)
			}
			if text := c.Markdown(); !strings.Contains(text, c.Verdict()) || !strings.Contains(text, "version 2 (new)") {
				t.Errorf("%s: %s", test.name, text)
			}
		}
	}
}
