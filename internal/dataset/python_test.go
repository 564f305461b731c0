package dataset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
)

// pythonJob is one table for testdata/records.py. Source nil means the code itself.
type pythonJob struct {
	Path    string  `json:"path"`
	Sep     string  `json:"sep"`
	Targets *string `json:"targets"`
	Name    string  `json:"name"`
	Source  *string `json:"source"`

	csv    string
	text   []string
	source dataset.Source
}

// pythonAnswer is what pandas and MLflow made of it.
type pythonAnswer struct {
	Sent struct {
		Dataset struct {
			Name       string `json:"name"`
			Digest     string `json:"digest"`
			SourceType string `json:"source_type"`
			Source     string `json:"source"`
			Schema     string `json:"schema"`
			Profile    string `json:"profile"`
		} `json:"dataset"`
	} `json:"sent"`
	Columns []struct {
		Name   string `json:"name"`
		Dtype  string `json:"dtype"`
		SHA256 string `json:"sha256"`
	} `json:"columns"`
}

// TestRecordEqualsPython reads the wine table and generated ones with the real pandas and MLflow and with this package: every
// value bit for bit, every dtype, and every field of the record.
func TestRecordEqualsPython(t *testing.T) {
	python := stack.Python(t, "mlflow")
	folder := t.TempDir()
	script := copyScript(t, folder)
	jobs := append([]pythonJob{wineJob(t)}, generatedJobs(script)...)
	if len(jobs) < 12 {
		t.Fatalf("only %d tables", len(jobs))
	}
	for i := range jobs {
		jobs[i].Path = filepath.Join(folder, fmt.Sprintf("%d.csv", i))
		if err := os.WriteFile(jobs[i].Path, []byte(jobs[i].csv), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, answer := range askPython(t, python, script, jobs) {
		t.Run(jobs[i].Name, func(t *testing.T) { compareWithPython(t, jobs[i], answer) })
	}
}

// copyScript puts testdata/records.py into folder, since MLflow tags what runs inside a Git checkout with its commit.
func copyScript(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "records.py"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "records.py")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// askPython runs the script once for all jobs.
func askPython(t *testing.T, python, script string, jobs []pythonJob) []pythonAnswer {
	t.Helper()
	input, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, script)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = append(os.Environ(), "LOGNAME=tester", "MLFLOW_DISABLE_TELEMETRY=true")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("records.py: %v\n%s", err, stderr.Bytes())
	}
	var answers []pythonAnswer
	for line := range strings.Lines(string(output)) {
		var answer pythonAnswer
		if err := json.Unmarshal([]byte(line), &answer); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		answers = append(answers, answer)
	}
	if len(answers) != len(jobs) {
		t.Fatalf("%d answers for %d tables", len(answers), len(jobs))
	}
	return answers
}

func compareWithPython(t *testing.T, job pythonJob, want pythonAnswer) {
	t.Helper()
	table, err := dataset.ReadCSV(strings.NewReader(job.csv), "t.csv", dataset.ReadOptions{Text: job.text})
	if err != nil {
		t.Fatal(err)
	}
	columns := table.Columns()
	if len(columns) != len(want.Columns) {
		t.Fatalf("%d columns, pandas has %d", len(columns), len(want.Columns))
	}
	for i, c := range columns {
		w := want.Columns[i]
		if c.Name() != w.Name || c.Kind().String() != w.Dtype || columnSHA256(t, c) != w.SHA256 {
			t.Errorf("column %d is %q %v with other bytes than pandas' %q %v", i, c.Name(), c.Kind(), w.Name, w.Dtype)
		}
	}
	got := table.Named(job.Name).Record(job.source)
	if got != dataset.Record(want.Sent.Dataset) {
		t.Errorf("record\n%+v, Python's\n%+v", got, want.Sent.Dataset)
	}
}

// columnSHA256 hashes a column's values as records.py does.
func columnSHA256(t *testing.T, c dataset.Column) string {
	t.Helper()
	var b bytes.Buffer
	var values any = c.Floats()
	switch c.Kind() {
	case dataset.Int64:
		values = c.Ints()
	case dataset.String:
		values = []byte(strings.Join(c.Strings(), "\x00"))
	case dataset.Float64:
	}
	if err := binary.Write(&b, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

func wineJob(t *testing.T) pythonJob {
	t.Helper()
	var text bytes.Buffer
	if _, err := text.ReadFrom(wine.Open()); err != nil {
		t.Fatal(err)
	}
	const url = "https://archive.ics.uci.edu/static/public/186/wine+quality.zip"
	return pythonJob{
		Name: "winequality-red", Sep: ",", Targets: new(wine.Target), csv: text.String(),
		Source: new(url), source: dataset.HTTPSource(url),
	}
}

// generatedJobs returns tables that differ in kinds, magnitudes, lengths, names and sources; script is the code that is one table's source.
func generatedJobs(script string) []pythonJob {
	random := rand.New(rand.NewPCG(3, 4))
	local := func(name, csv string, text ...string) pythonJob {
		path := "data/" + name + ".csv"
		return pythonJob{Name: name, Sep: ",", csv: csv, text: text, Source: &path, source: dataset.LocalSource(path)}
	}
	integers := func(int) string { return strconv.FormatInt(int64(random.Uint64()), 10) }
	small := func(int) string { return strconv.Itoa(random.IntN(9) - 4) }
	decimals := func(int) string { return strconv.FormatFloat(random.NormFloat64(), 'f', 3, 64) }
	anyFloat := func(int) string {
		for {
			if f := math.Float64frombits(random.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
				return strconv.FormatFloat(f, 'g', -1, 64)
			}
		}
	}
	words := func(row int) string {
		return []string{"good", "bad", "très bon", "日本", "a", "longer than eight bytes"}[row%6]
	}
	unique := func(row int) string { return strings.Repeat("x", row%33) + strconv.Itoa(row) + "é😀" }
	zeroes := func(row int) string { return []string{"-0", "0", "-0.0", "1.5", "+0"}[row%5] }

	semicolon := local("semicolon", generate(30, map[string]func(int) string{"a": decimals, "b": small}))
	semicolon.csv, semicolon.Sep = strings.ReplaceAll(semicolon.csv, ",", ";"), ";"
	s3 := local("s3", generate(5, map[string]func(int) string{"x": small}))
	s3.Source, s3.source = new("s3://bucket/päth/x.csv"), dataset.S3Source("s3://bucket/päth/x.csv")
	code := local("code", "x\n1\n")
	code.Source = nil
	code.source = dataset.CodeSource(dataset.Tag{Key: "mlflow.user", Value: "tester"},
		dataset.Tag{Key: "mlflow.source.name", Value: script}, dataset.Tag{Key: "mlflow.source.type", Value: "LOCAL"})
	return []pythonJob{
		semicolon, s3, code,
		local("integers", generate(100, map[string]func(int) string{"a": integers, "b": small})),
		local("any float", generate(1000, map[string]func(int) string{"a": anyFloat, "b": anyFloat, "c": decimals})),
		local("zeroes", generate(50, map[string]func(int) string{"z": zeroes, "i": small})),
		local("minus zero first", "a\n-0\n3\n-0\n2.5\n-0\n"),
		local("one row", "b,a\n1,2.5\n"),
		local("text sorts the columns", generate(60, map[string]func(int) string{"b": decimals, "a": words, "É": small, "Z": unique}), "a", "Z"),
		local("only text", generate(20, map[string]func(int) string{"b": words, "a": unique}), "a", "b"),
		local("text that is numbers", generate(20, map[string]func(int) string{"b": decimals, "a": small}), "a", "b"),
		local("names 'ü' \"😀\"", "\"ü\",\"a \"\"quoted\"\" \\ name\",😀, spaces ,\x7e\n1,2,3,4,5.5\n"),
		local("10000 rows", generate(10_000, map[string]func(int) string{"a": decimals, "b": small})),
		local("10001 rows", generate(10_001, map[string]func(int) string{"a": decimals, "b": small})),
		local("25000 rows with text", generate(25_000, map[string]func(int) string{"a": decimals, "b": words}), "b"),
		local("blank lines and CRLF", "a,b\r\n\r\n1,\"2\"\r\n\r\n+3, 4.0 \r\n007,1E3\r\n"),
		local("limits", "a,b\n9223372036854775807,1e308\n-9223372036854775808,5e-324\n0,99999999999999999999\n"),
	}
}

// generate writes a CSV of rows lines with the columns in falling order, so that sorted and unsorted differ.
func generate(rows int, columns map[string]func(int) string) string {
	names := slices.Sorted(maps.Keys(columns))
	slices.Reverse(names)
	var b strings.Builder
	b.WriteString(strings.Join(names, ",") + "\n")
	for row := range rows {
		for i, name := range names {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(columns[name](row))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
