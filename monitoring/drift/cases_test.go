package drift_test

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"mlopsgo/monitoring/drift"
)

// maker makes the values of test columns, always the same.
type maker struct{ random *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 4))} }

func (m maker) normal(n int, mean, deviation float64) drift.Floats {
	x := make(drift.Floats, n)
	for i := range x {
		x[i] = mean + float64(deviation*m.random.NormFloat64())
	}
	return x
}

// rounded has ties, as measurements have.
func (m maker) rounded(n int, mean, deviation, step float64) drift.Floats {
	x := m.normal(n, mean, deviation)
	for i, v := range x {
		x[i] = math.Round(v/step) * step
	}
	return x
}

// ints draws whole numbers from 0 to len(weights)-1.
func (m maker) ints(n int, weights ...float64) drift.Ints {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	x := make(drift.Ints, n)
	for i := range x {
		at := m.random.Float64() * total
		for at -= weights[0]; at > 0 && int(x[i]) < len(weights)-1; at -= weights[x[i]] {
			x[i]++
		}
	}
	return x
}

func (m maker) levels(n int, weights ...float64) drift.Floats {
	x := make(drift.Floats, n)
	for i, v := range m.ints(n, weights...) {
		x[i] = float64(v) * 0.3
	}
	return x
}

func (m maker) words(n int, weights ...float64) drift.Strings {
	x := make(drift.Strings, n)
	for i, v := range m.ints(n, weights...) {
		x[i] = []string{"merlot", "syrah", "Malbec", "", "Grüner Veltliner", "白", "zinfandel", "a,b\"c"}[v]
	}
	return x
}

func (m maker) uniformInts(n int, below int64) drift.Ints {
	x := make(drift.Ints, n)
	for i := range x {
		x[i] = m.random.Int64N(below)
	}
	return x
}

// withMissing puts NaN and infinities between the values.
func withMissing(x drift.Floats) drift.Floats {
	missing := []float64{math.NaN(), math.Inf(1), math.Inf(-1)}
	var y drift.Floats
	for i, v := range x {
		if i%7 == 0 {
			y = append(y, missing[i%3])
		}
		y = append(y, v)
	}
	return y
}

func constant(n int, value float64) drift.Floats { return slices.Repeat(drift.Floats{value}, n) }

// parityCases cover the table of decisions and its edges. Names become file names.
func parityCases() []drift.Column {
	m := newMaker(1)
	var all []drift.Column
	add := func(name string, kind drift.Kind, reference, current drift.Values) {
		all = append(all, drift.Column{Name: fmt.Sprintf("%02d %s", len(all), name), Kind: kind, Reference: reference, Current: current})
	}
	for _, n := range []int{999, 1000, 1001} { // where tests give way to distances
		for _, shift := range []float64{0, 0.1, 0.5} {
			add(fmt.Sprintf("normal %d shifted %v", n, shift), drift.Auto, m.normal(n, 3, 1), m.normal(n-200, 3+shift, 1))
		}
		add(fmt.Sprintf("levels %d", n), drift.Auto, m.levels(n, 1, 2, 3, 2), m.levels(700, 1, 2, 3, 3))
		add(fmt.Sprintf("five levels %d", n), drift.Auto, m.levels(n, 1, 2, 3, 2, 1), m.levels(700, 1, 2, 3, 3, 1))
		add(fmt.Sprintf("six levels %d", n), drift.Auto, m.levels(n, 1, 2, 3, 2, 1, 1), m.levels(700, 1, 2, 3, 3, 1, 1))
		add(fmt.Sprintf("two levels %d", n), drift.Auto, m.levels(n, 3, 1), m.levels(500, 2, 1))
		add(fmt.Sprintf("ints %d", n), drift.Auto, m.ints(n, 5, 3, 2, 1), m.ints(600, 5, 3, 2, 2))
		add(fmt.Sprintf("binary ints %d", n), drift.Auto, m.ints(n, 5, 3), m.ints(600, 5, 4))
		add(fmt.Sprintf("words %d", n), drift.Auto, m.words(n, 5, 3, 2, 1, 1, 1, 1), m.words(400, 5, 3, 2, 1, 1, 1, 1))
	}
	addEdges(m, add)
	addLengths(m, add)
	addScales(m, add)
	addInts(m, add)
	return all
}

type adder func(name string, kind drift.Kind, reference, current drift.Values)

// addEdges adds missing values, constants, ties and categories of one side.
func addEdges(m maker, add adder) {
	add("missing", drift.Auto, withMissing(m.normal(500, 0, 1)), withMissing(m.normal(300, 0.2, 1)))
	add("1000 after cleaning", drift.Auto, withMissing(m.normal(1000, 0, 1)), m.normal(900, 0, 1))
	add("missing words of one side", drift.Auto, m.words(800, 5, 3, 0, 1), m.words(300, 5, 3, 2, 0, 1))
	add("missing levels of one side", drift.Auto, m.levels(2000, 5, 0, 1), m.levels(3000, 5, 3, 0, 2))
	add("missing ints of one side", drift.Auto, m.ints(2000, 5, 0, 1), m.ints(3000, 5, 3, 0, 2))
	add("constant", drift.Auto, constant(100, 4.2), constant(60, 4.2))
	add("constants that differ", drift.Auto, constant(100, 4.2), constant(60, 4.3))
	add("constant long", drift.Auto, constant(1100, 4.2), constant(60, 4.2))
	add("constant reference", drift.Numerical, constant(1100, 4.2), m.normal(500, 4.2, 0.0001))
	add("negative zero", drift.Auto, drift.Floats{math.Copysign(0, -1), 0, 1, 2, 3, 4, 5}, drift.Floats{0, 1, 2, 3, 4, 5, math.Copysign(0, -1)})
	add("one row each", drift.Auto, drift.Floats{1}, drift.Floats{2})
	add("few rows", drift.Auto, drift.Floats{1, 2, 3, 4}, drift.Floats{2, 3, 5, 6, 7})
	add("ties", drift.Auto, m.rounded(700, 10, 1, 0.1), m.rounded(650, 10.1, 1, 0.1))
	add("ties long", drift.Auto, m.rounded(3000, 10, 1, 0.1), m.rounded(2500, 10.1, 1.1, 0.1))
	add("apart", drift.Auto, m.normal(300, 0, 1), m.normal(200, 100, 1))
	add("apart long", drift.Auto, m.normal(3000, 0, 1), m.normal(200, 100, 1))
	add("numbers as categories", drift.Categorical, m.levels(600, 1, 2, 3), m.levels(600, 1, 2, 4))
	add("many categories", drift.Categorical, m.uniformInts(900, 300), m.uniformInts(5000, 310))
	add("rare category", drift.Auto, append(m.words(20000, 5, 3), "zinfandel"), m.words(9000, 5, 3, 0.001))
}

// addLengths adds the lengths at which the Kolmogorov-Smirnov test changes its way, and the regions of its distribution.
func addLengths(m maker, add adder) {
	add("equal", drift.Auto, m.normal(1000, 0, 1), m.normal(1000, 0.05, 1))
	add("equal and same", drift.Auto, drift.Floats{1, 2, 3, 4, 5, 6, 7}, drift.Floats{7, 6, 5, 4, 3, 2, 1})
	add("short and long", drift.Auto, m.normal(10, 0, 1), m.normal(5000, 0.5, 1))
	add("10000 rows", drift.Auto, m.normal(997, 0, 1), m.normal(10000, 0.05, 1))
	add("10001 rows", drift.Auto, m.normal(997, 0, 1), m.normal(10001, 0.05, 1))
	for i, n := range []int{1, 2, 3, 20, 100, 140, 141, 500} { // to the asymptotic distribution of so many observations
		current := m.normal(10500, 0, 1)
		add(fmt.Sprintf("asymptotic %d", n), drift.Auto, m.normal(n, 0, 1), current)
		add(fmt.Sprintf("asymptotic %d shifted", n), drift.Auto, m.normal(n, float64(i%4)*0.4, 1), current)
	}
	quantiles := func(n int, shift float64) drift.Floats {
		x := make(drift.Floats, n)
		for i := range x {
			x[i] = (float64(i)+0.5)/float64(n) + shift
		}
		return x
	}
	add("asymptotic regular", drift.Auto, quantiles(30000, 0), quantiles(20000, 0.0001))
	add("asymptotic regular shifted", drift.Auto, quantiles(30000, 0), quantiles(20000, 0.004))
	add("asymptotic large", drift.Auto, m.normal(150000, 0, 1), m.normal(120000, 0.002, 1))
	add("asymptotic large shifted", drift.Auto, m.normal(150000, 0, 1), m.normal(120000, 0.01, 1))
	add("asymptotic p 0", drift.Auto, m.normal(30000, 0, 1), m.normal(20000, 0.6, 1))
}

func addScales(m maker, add adder) {
	for _, scale := range []float64{1e-300, 1e-9, 1e9, 1e140} {
		add(fmt.Sprintf("scale %g", scale), drift.Auto, m.normal(600, 0, scale), m.normal(700, 0.1*scale, scale))
		add(fmt.Sprintf("scale %g long", scale), drift.Auto, m.normal(1600, 0, scale), m.normal(700, 0.1*scale, scale))
	}
	add("large mean", drift.Auto, m.normal(1500, 1e9, 1), m.normal(1300, 1e9+0.1, 1))
	add("heavy tails", drift.Auto, ratios(m, 1500), ratios(m, 1700))
}

func ratios(m maker, n int) drift.Floats {
	x := m.normal(n, 0, 1)
	for i := range x {
		x[i] /= m.random.NormFloat64()
	}
	return x
}

// addInts adds whole numbers around the limits of 10 and 20 distinct values, and rows by the power of two, where Sturges' rule is an exact
// number that rounding may push up.
func addInts(m maker, add adder) {
	add("10 ints", drift.Auto, m.uniformInts(1500, 10), m.uniformInts(1400, 10))
	add("11 ints", drift.Auto, m.uniformInts(1500, 11), m.uniformInts(1400, 11))
	add("20 ints", drift.Auto, m.uniformInts(1500, 20), m.uniformInts(1400, 22))
	add("21 ints", drift.Auto, m.uniformInts(15000, 21), m.uniformInts(140000, 21)) // bins of width 1 at least
	add("many ints", drift.Auto, m.uniformInts(1500, 1e12), m.uniformInts(1400, 1e12))
	add("ints against floats", drift.Auto, m.rounded(1500, 50, 10, 1), m.uniformInts(1400, 100))
	for _, half := range []int{512, 2048} {
		add(fmt.Sprintf("%d floats of both sides", 2*half), drift.Auto, m.normal(half, 0, 1), m.normal(half, 0.1, 1))
		add(fmt.Sprintf("%d tenths of both sides", 2*half), drift.Auto, m.rounded(half, 0, 1, 0.1), m.rounded(half, 0.1, 1, 0.1))
	}
}

// writeSide writes numbers where Python finds them, and says where.
func writeSide(t testing.TB, folder, name string, values drift.Values) map[string]any {
	t.Helper()
	kind := "float"
	switch values := values.(type) {
	case drift.Strings:
		return map[string]any{"type": "str", "values": values}
	case drift.Ints:
		kind = "int"
	}
	var raw bytes.Buffer
	if err := binary.Write(&raw, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, name+".bin")
	if err := os.WriteFile(file, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]any{"type": kind, "file": file}
}

// parseAnswer reads Python's JSON, in which a number may be NaN.
func parseAnswer(t *testing.T, out []byte) answer {
	t.Helper()
	if bytes.Contains(out, []byte("NaN")) {
		out = bytes.ReplaceAll(out, []byte(": NaN"), []byte(": 1e308"))
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%v in %.500s", err, out)
	}
	for _, c := range a.Cases {
		for method, score := range c.Scores {
			if score == 1e308 {
				c.Scores[method] = math.NaN()
			}
		}
	}
	return a
}

func wineFile(tb testing.TB) string {
	tb.Helper()
	path, err := filepath.Abs("../../internal/wine/winequality-red.csv")
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// wineColumns are the red wines, the first 1,000 against the others, as pandas reads them.
func wineColumns(tb testing.TB) []drift.Column {
	tb.Helper()
	file, err := os.Open(wineFile(tb))
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	var columns []drift.Column
	for i, name := range rows[0] {
		var numbers drift.Floats
		var whole drift.Ints
		for _, row := range rows[1:] {
			v, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				tb.Fatal(err)
			}
			numbers = append(numbers, v)
			whole = append(whole, int64(v))
		}
		if name == "quality" {
			columns = append(columns, drift.Column{Name: name, Reference: whole[:wineReference], Current: whole[wineReference:]})
			continue
		}
		columns = append(columns, drift.Column{Name: name, Reference: numbers[:wineReference], Current: numbers[wineReference:]})
	}
	return columns
}
