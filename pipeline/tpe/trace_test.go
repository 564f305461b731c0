package tpe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"testing"
)

// trace is one study that testdata/optuna_traces.py ran with Optuna.
type trace struct {
	Config struct {
		Name          string
		Direction     string
		Random        bool
		Seed          uint32
		StartupTrials *int  `json:"n_startup_trials"`
		EICandidates  int   `json:"n_ei_candidates"`
		GammaDivisor  int   `json:"gamma_divisor"`
		Multivariate  *bool `json:"multivariate"`
		Group         bool
		ConstantLiar  *bool `json:"constant_liar"`
	}
	Calls []call
	Best  *hexFloat // nil if there is none
}

type call struct {
	Do     string
	Trial  int
	Name   string
	Step   int
	State  string
	Value  hexFloat
	Margin hexFloat
	Dist   traceDist
}

type traceDist struct {
	Kind            string
	Low, High, Step hexFloat
	Log             bool
	Choices         []any
}

// hexFloat is a float in Python's float.hex notation.
type hexFloat float64

func (f *hexFloat) UnmarshalJSON(b []byte) error {
	if s, err := strconv.Unquote(string(b)); err == nil {
		v, err := strconv.ParseFloat(s, 64)
		*f = hexFloat(v)
		return err
	}
	return json.Unmarshal(b, (*float64)(f)) // a report's step
}

func (d traceDist) distribution() Distribution {
	switch d.Kind {
	case "categorical":
		return Categorical{d.Choices}
	case "int":
		return IntRange{Low: int(d.Low), High: int(d.High), Step: int(d.Step), Log: d.Log}
	default:
		return FloatRange{Low: float64(d.Low), High: float64(d.High), Step: float64(d.Step), Log: d.Log}
	}
}

func parseTraces(tb testing.TB, out []byte) []trace {
	tb.Helper()
	var traces []trace
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var tr trace
		if err := json.Unmarshal(lines.Bytes(), &tr); err != nil {
			tb.Fatal(err)
		}
		traces = append(traces, tr)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return traces
}

func (tr trace) config(ties TieOrder) Config {
	c := Config{
		Seed: tr.Config.Seed, TieOrder: ties, EICandidates: tr.Config.EICandidates, Group: tr.Config.Group,
		Univariate:    tr.Config.Multivariate != nil && !*tr.Config.Multivariate,
		IgnoreRunning: tr.Config.ConstantLiar != nil && !*tr.Config.ConstantLiar,
	}
	if tr.Config.Direction == "maximize" {
		c.Direction = Maximize
	}
	if tr.Config.Random {
		c.Sampler = Random
	}
	if n := tr.Config.StartupTrials; n != nil {
		if c.StartupTrials = *n; *n == 0 {
			c.StartupTrials = -1
		}
	}
	if d := tr.Config.GammaDivisor; d > 0 {
		c.Gamma = func(n int) int { return n / d }
	}
	return c
}

// tally counts compared proposals.
type tally struct {
	studies, equalStudies int
	discrete, floats      int
	exactFloats           int
	justified             int // studies that left Optuna's path where its own margin was below tieMargin
	wrong                 []string
}

const tieMargin = 1e-12

// replay makes the calls of a trace and compares every proposal until the first that differs: what follows it starts
// from another history.
func (ta *tally) replay(tb testing.TB, tr trace, ties TieOrder) {
	tb.Helper()
	s, err := NewStudy(tr.config(ties))
	if err != nil {
		tb.Fatal(err)
	}
	ta.studies++
	trials := map[int]*Trial{}
	for _, c := range tr.Calls {
		if c.Do == "suggest" {
			if !ta.compare(tb, tr, c, trials[c.Trial]) {
				return
			}
			continue
		}
		if err := perform(s, trials, c); err != nil {
			tb.Fatalf("%s: trial %d: %v", tr.Config.Name, c.Trial, err)
		}
	}
	best, ok := s.Best()
	if ok != (tr.Best != nil) || ok && best.Value != float64(*tr.Best) {
		ta.wrong = append(ta.wrong, fmt.Sprintf("%s: best is %v (%t), Optuna's %v", tr.Config.Name, best.Value, ok, tr.Best))
		return
	}
	ta.equalStudies++
}

func perform(s *Study, trials map[int]*Trial, c call) error {
	t := trials[c.Trial]
	switch c.Do {
	case "ask":
		trials[c.Trial] = s.Ask()
		return nil
	case "report":
		return t.Report(c.Step, float64(c.Value))
	case "constraint":
		return t.SetConstraint(c.Name, float64(c.Value))
	}
	switch c.State {
	case "PRUNED":
		return s.TellPruned(t)
	case "FAIL":
		return s.TellFailed(t)
	default:
		return s.Tell(t, float64(c.Value))
	}
}

func (ta *tally) compare(tb testing.TB, tr trace, c call, t *Trial) bool {
	tb.Helper()
	got, err := t.suggest(c.Name, c.Dist.distribution())
	if err != nil {
		tb.Fatalf("%s: trial %d: %v", tr.Config.Name, c.Trial, err)
	}
	want := float64(c.Value)
	tolerance := 0.0
	if c.Dist.Kind == "float" {
		ta.floats++
		tolerance = 1e-9*math.Abs(want) + 1e-15
		if got == want {
			ta.exactFloats++
		}
	} else {
		ta.discrete++
	}
	if math.Abs(got-want) <= tolerance {
		return true
	}
	if float64(c.Margin) < tieMargin {
		ta.justified++
	} else {
		ta.wrong = append(ta.wrong, fmt.Sprintf("%s: trial %d, %s: %v, Optuna's %v, margin %g", tr.Config.Name, c.Trial, c.Name, got, want, float64(c.Margin)))
	}
	return false
}
