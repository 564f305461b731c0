package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"mlopsgo/pipeline/score"
)

// Outcome is what a comparison of a new version with the champion came to.
type Outcome string

// The outcomes.
const (
	// OutcomeFirst: there was no champion.
	OutcomeFirst Outcome = "first"
	// OutcomeBetter and OutcomeWorse: by accuracy, and by macro F1 when that is equal. OutcomeEqual: both are.
	OutcomeBetter Outcome = "better"
	OutcomeEqual  Outcome = "equal"
	OutcomeWorse  Outcome = "worse"
	// OutcomeImpossible: one of the two cannot be evaluated; Comparison.Problem says which and why.
	OutcomeImpossible Outcome = "impossible"
)

// Comparison is a new version of a model beside the champion, both evaluated on the same rows by what the registry holds of them.
type Comparison struct {
	Model string `json:"model"`
	// Rows is the number of test rows, Digest that of the table that they are from.
	Rows   int    `json:"rows"`
	Digest string `json:"dataset_digest"`
	// New is the new version. Champion is the one that the alias pointed at before, nil at the first.
	New      Contender  `json:"new"`
	Champion *Contender `json:"champion"`
	// BothRight, OnlyNew, OnlyChampion and BothWrong count the rows by whose label is right. PValue is McNemar's, of OnlyNew and OnlyChampion:
	// how often two equally good models would differ by as much.
	BothRight    int     `json:"both_right"`
	OnlyNew      int     `json:"only_new_right"`
	OnlyChampion int     `json:"only_champion_right"`
	BothWrong    int     `json:"both_wrong"`
	PValue       float64 `json:"mcnemar_p_value"`

	Outcome Outcome `json:"outcome"`
	// Problem is why the outcome is impossible.
	Problem string `json:"problem,omitempty"`
	// Rule is the flow's rule, Promoted what it came to.
	Rule     Promotion `json:"rule"`
	Promoted bool      `json:"promoted"`
}

// Contender is one of the two.
type Contender struct {
	Version  string  `json:"version"`
	RunID    string  `json:"run_id"`
	Accuracy float64 `json:"accuracy"`
	F1Macro  float64 `json:"f1_macro"`
	// Digest is that of the table it was trained on, empty when nothing tells. Where it is not the comparison's, some of the test rows may
	// have been among its training rows, which flatters it.
	Digest string `json:"dataset_digest,omitempty"`
}

// compare fills in the figures of labels for the rows whose true label is truth. champion is nil for none.
func (c *Comparison) compare(truth, fresh, champion []string) error {
	c.Rows = len(truth)
	if err := c.New.rate(truth, fresh); err != nil {
		return err
	}
	if c.Champion == nil {
		c.Outcome, c.PValue = OutcomeFirst, 1
		return nil
	}
	if err := c.Champion.rate(truth, champion); err != nil {
		return err
	}
	for row, label := range truth {
		switch right, before := fresh[row] == label, champion[row] == label; {
		case right && before:
			c.BothRight++
		case right:
			c.OnlyNew++
		case before:
			c.OnlyChampion++
		default:
			c.BothWrong++
		}
	}
	c.PValue = score.McNemar(c.OnlyNew, c.OnlyChampion)
	switch {
	case c.OnlyNew > c.OnlyChampion || c.OnlyNew == c.OnlyChampion && c.New.F1Macro > c.Champion.F1Macro:
		c.Outcome = OutcomeBetter
	case c.OnlyNew < c.OnlyChampion || c.New.F1Macro < c.Champion.F1Macro:
		c.Outcome = OutcomeWorse
	default:
		c.Outcome = OutcomeEqual
	}
	return nil
}

// rate measures one set of labels. Classes are numbered for that in the order of their texts.
func (c *Contender) rate(truth, labels []string) error {
	texts := slices.Concat(truth, labels)
	slices.Sort(texts)
	texts = slices.Compact(texts)
	number := func(labels []string) []int {
		numbers := make([]int, len(labels))
		for i, label := range labels {
			numbers[i], _ = slices.BinarySearch(texts, label)
		}
		return numbers
	}
	report, err := score.New(number(truth), number(labels))
	if err != nil {
		return err
	}
	c.Accuracy, c.F1Macro = report.Accuracy, report.Macro.F1
	return nil
}

// decide applies the rule.
func (c *Comparison) decide(rule Promotion) {
	c.Rule = rule
	switch {
	case c.Outcome == OutcomeFirst || rule == PromoteAlways:
		c.Promoted = true
	case rule == PromoteNever:
		c.Promoted = false
	default:
		c.Promoted = c.Outcome == OutcomeBetter || c.Outcome == OutcomeEqual
	}
}

// Verdict says in a sentence what was found and decided.
func (c *Comparison) Verdict() string {
	role := "is the challenger"
	if c.Promoted {
		role = "is the champion"
	}
	switch c.Outcome { //nolint:exhaustive // The others follow.
	case OutcomeFirst:
		return fmt.Sprintf("Version %s %s: there was none before.", c.New.Version, role)
	case OutcomeImpossible:
		return fmt.Sprintf("Version %s %s (rule %s): it could not be compared with the champion, version %s: %s.", c.New.Version, role, c.Rule, c.Champion.Version, c.Problem)
	}
	word := "as good as"
	if c.Outcome != OutcomeEqual {
		word = string(c.Outcome) + " than"
	}
	return fmt.Sprintf("Version %s %s (rule %s): it is %s version %s, accuracy %v against %v on the same %d rows (McNemar's p = %.3g).",
		c.New.Version, role, c.Rule, word, c.Champion.Version, c.New.Accuracy, c.Champion.Accuracy, c.Rows, c.PValue)
}

// Markdown writes the comparison for people.
func (c *Comparison) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "**%s**\n", c.Verdict())
	if c.Outcome == OutcomeImpossible {
		fmt.Fprintf(&text, "\nTo promote it all the same, run the flow with the rule `%s`, or point the alias at it in MLflow.\n", PromoteAlways)
		return text.String()
	}
	fmt.Fprintf(&text, "\n| | accuracy | macro F1 | data set |\n|---|---:|---:|---|\n| version %s (new) | %v | %.4f | %s |\n",
		c.New.Version, c.New.Accuracy, c.New.F1Macro, c.New.Digest)
	if c.Champion == nil {
		return text.String()
	}
	fmt.Fprintf(&text, "| version %s (champion before) | %v | %.4f | %s |\n", c.Champion.Version, c.Champion.Accuracy, c.Champion.F1Macro, c.Champion.Digest)
	fmt.Fprintf(&text, "\n| %d test rows | champion right | champion wrong |\n|---|---:|---:|\n| new right | %d | %d |\n| new wrong | %d | %d |\n",
		c.Rows, c.BothRight, c.OnlyNew, c.OnlyChampion, c.BothWrong)
	fmt.Fprintf(&text, "\nMcNemar's exact test on the %d rows where they differ: p = %.4g.\n", c.OnlyNew+c.OnlyChampion, c.PValue)
	if c.Champion.Digest != c.Digest {
		fmt.Fprintf(&text, "\nThe champion was trained on another data set than %s: some of the test rows may have been among its training rows, which flatters it.\n", c.Digest)
	}
	return text.String()
}
