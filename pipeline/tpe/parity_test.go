package tpe

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// numpy's dispatch levels: with AVX-512 off it sorts by AVX2, with AVX2 off too by its scalar code. Pinning the level
// keeps the results of these tests from depending on the processor.
const (
	upToAVX2 = "X86_V4 AVX512_ICL AVX512_SPR"
	noSIMD   = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"
)

// python runs a script of testdata and returns its output after the first line, which names the tie order in force.
func python(t *testing.T, disabledFeatures, script string, args ...string) (TieOrder, []byte) {
	t.Helper()
	interpreter := stack.Python(t, "mlflow")
	cmd := exec.CommandContext(t.Context(), interpreter, append([]string{"testdata/" + script}, args...)...)
	cmd.Env = append(os.Environ(), "NPY_DISABLE_CPU_FEATURES="+disabledFeatures, "PYTHONWARNINGS=ignore")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", script, args, err, stderr.Bytes())
	}
	name, rest, _ := bytes.Cut(out, []byte("\n"))
	orders := map[string]TieOrder{"x86-simd": TieX86SIMD, "x86-avx512": TieX86AVX512, "baseline": TieBaseline}
	order, ok := orders[string(name)]
	if !ok {
		t.Fatalf("%s names the tie order %q", script, name)
	}
	return order, rest
}

func replayOptuna(t *testing.T, disabledFeatures string, args ...string) tally {
	t.Helper()
	order, out := python(t, disabledFeatures, "optuna_traces.py", args...)
	var ta tally
	for _, tr := range parseTraces(t, out) {
		ta.replay(t, tr, order)
	}
	t.Logf("%d of %d studies equal; %d discrete proposals, %d floats of which %d to the last bit; %d studies left at a tie of Optuna's",
		ta.equalStudies, ta.studies, ta.discrete, ta.floats, ta.exactFloats, ta.justified)
	for _, w := range ta.wrong {
		t.Error(w)
	}
	if ta.discrete+ta.floats == 0 {
		t.Error("nothing was compared")
	}
	return ta
}

// TestOriginalSpace: the notebook's space, seed 0 with 50 trials and seeds 1 to 5 with 100, in both orders of ties.
func TestOriginalSpace(t *testing.T) {
	for name, features := range map[string]string{"x86-simd": upToAVX2, "baseline": noSIMD} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ta := replayOptuna(t, features, "original")
			if ta.studies != 6 || ta.equalStudies != 6 || ta.discrete != 3300 {
				t.Errorf("%d of %d studies and %d proposals are equal, want 6 of 6 and 3300", ta.equalStudies, ta.studies, ta.discrete)
			}
		})
	}
}

// TestCorpus: generated studies of all kinds of parameters, conditional and moving spaces, running, pruned, failed and
// infeasible trials, and all options.
func TestCorpus(t *testing.T) {
	for _, c := range []struct{ name, features, studies string }{
		{"x86-simd", upToAVX2, "60"}, {"baseline", noSIMD, "23"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ta := replayOptuna(t, c.features, "corpus", c.studies)
			if ta.justified*20 > ta.studies {
				t.Errorf("%d of %d studies left Optuna's path at a tie: more than chance explains", ta.justified, ta.studies)
			}
		})
	}
}

// TestLongStudies goes beyond 256 trials, where sorting changes its algorithm, and beyond 2,000 intervals, where Optuna
// changes its error function.
func TestLongStudies(t *testing.T) {
	t.Parallel()
	replayOptuna(t, upToAVX2, "long")
}

// TestFasterThanOptuna: a proposal after 50 trials costs at most a fifth of Optuna's processor time.
func TestFasterThanOptuna(t *testing.T) {
	_, out := python(t, "", "optuna_traces.py", "speed", "50")
	var seconds float64
	if err := json.Unmarshal(out, &seconds); err != nil {
		t.Fatal(err)
	}
	s, space := benchStudy(t, 50, false)
	var batches []time.Duration
	for range 11 {
		const proposals = 100
		start := cpuTime()
		for range proposals {
			trial, err := s.AskSpace(space...)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.TellFailed(trial); err != nil {
				t.Fatal(err)
			}
		}
		batches = append(batches, (cpuTime()-start)/proposals)
	}
	slices.Sort(batches)
	median := batches[len(batches)/2]
	ratio := seconds / median.Seconds()
	t.Logf("Optuna %.2f ms, this package %.3f ms: %.1f times as fast", 1e3*seconds, 1e3*median.Seconds(), ratio)
	if ratio < 5 && !raceEnabled {
		t.Errorf("%.1f times as fast as Optuna, want at least 5", ratio)
	}
}
