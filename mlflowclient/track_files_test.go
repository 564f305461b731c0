package mlflowclient_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"math"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/image/webp"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"mlopsgo/mlflowclient"
)

// wineLabel is a picture of one colour, wider than high.
func wineLabel(c color.Color) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, 120, 40))
	for y := range 40 {
		for x := range 120 {
			picture.Set(x, y, c)
		}
	}
	return picture
}

var bordeaux = color.RGBA{R: 128, G: 0, B: 32, A: 255}

// figure is a plot of gonum.
func figure(t *testing.T, format string) io.WriterTo {
	t.Helper()
	p := plot.New()
	p.Title.Text = "residuals"
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 2}, {X: 2, Y: 1}})
	must(t, err)
	p.Add(line)
	out, err := p.WriterTo(4*vg.Inch, 3*vg.Inch, format)
	must(t, err)
	return out
}

func contentOf(t *testing.T, run *mlflowclient.ActiveRun, name string) []byte {
	t.Helper()
	store, err := run.Artifacts()
	must(t, err)
	body, err := store.Open(t.Context(), name)
	must(t, err)
	defer body.Close()
	data, err := io.ReadAll(body)
	must(t, err)
	return data
}

// artifactNames lists all files of the run below a folder.
func artifactNames(t *testing.T, run *mlflowclient.ActiveRun, dir string) []string {
	t.Helper()
	store, err := run.Artifacts()
	must(t, err)
	var names []string
	for _, f := range collect(t, store.Walk(t.Context(), dir)) {
		names = append(names, f.Path)
	}
	return names
}

func TestLogFiles(t *testing.T) { eachEnd(t, testLogFiles) }

func testLogFiles(t *testing.T, c *mlflowclient.Client) {
	ctx := t.Context()
	run, err := c.Start(ctx, mlflowclient.StartRun{ExperimentID: newExperiment(t, c)})
	must(t, err)
	must(t, run.LogText(ctx, "notes/ü.txt", "a\nü🍷"))
	must(t, run.LogText(ctx, "notes/ü.txt", "again"))
	must(t, run.LogDict(ctx, "d", struct {
		B int `json:"b"`
		A any `json:"a"`
	}{1, []string{"<x>"}}))
	must(t, run.LogFigure(ctx, "plots/residuals.png", figure(t, "png")))
	must(t, run.LogFigure(ctx, "plots/residuals.svg", figure(t, "svg")))
	for _, ext := range []string{"png", "jpg", "JPEG", "gif", "webp"} {
		must(t, run.LogImageFile(ctx, "pictures/label."+ext, wineLabel(bordeaux)))
	}
	for name, want := range map[string]string{"notes/ü.txt": "again", "d": "{\n  \"b\": 1,\n  \"a\": [\n    \"<x>\"\n  ]\n}"} {
		if got := string(contentOf(t, run, name)); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if picture, err := png.Decode(bytes.NewReader(contentOf(t, run, "plots/residuals.png"))); err != nil || picture.Bounds().Dx() < 300 {
		t.Errorf("the plot: %v", err)
	}
	for _, name := range artifactNames(t, run, "pictures") {
		picture, _, err := image.Decode(bytes.NewReader(contentOf(t, run, name)))
		if err != nil || picture.Bounds().Size() != image.Pt(120, 40) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"NaN":          run.LogDict(ctx, "d", math.NaN()),
		"a name":       run.LogText(ctx, "../x", ""),
		"a format":     run.LogImageFile(ctx, "x.bmp", wineLabel(bordeaux)),
		"no picture":   run.LogImageFile(ctx, "x.png", nil),
		"an empty one": run.LogImage(ctx, mlflowclient.Image{Key: "k", Picture: image.NewGray(image.Rectangle{})}),
		"none at all":  run.LogImage(ctx, mlflowclient.Image{Key: "k"}),
		"a key":        run.LogImage(ctx, mlflowclient.Image{Key: "a+b", Picture: wineLabel(bordeaux)}),
		"a step":       run.LogImage(ctx, mlflowclient.Image{Key: "k", Step: -1, Picture: wineLabel(bordeaux)}),
	} {
		if !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := run.LogFigure(ctx, "x", brokenFigure{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a figure that fails: %v", err)
	}
}

type brokenFigure struct{}

func (brokenFigure) WriteTo(io.Writer) (int64, error) { return 0, io.ErrNoProgress }

func TestLogImage(t *testing.T) { eachEnd(t, testLogImage) }

func testLogImage(t *testing.T, c *mlflowclient.Client) {
	ctx := t.Context()
	run, err := c.Start(ctx, mlflowclient.StartRun{ExperimentID: newExperiment(t, c)})
	must(t, err)
	at := time.UnixMilli(1_700_000_000_123)
	must(t, run.LogImage(ctx, mlflowclient.Image{Key: "wine/red 1", Step: 3, Timestamp: at, Picture: wineLabel(bordeaux)}))
	tall := image.NewGray16(image.Rect(10, 10, 12, 1034))
	must(t, run.LogImage(ctx, mlflowclient.Image{Key: "t", Picture: tall}))
	names := artifactNames(t, run, "images")
	form := regexp.MustCompile(`^images/wine~red 1\+step\+3\+timestamp\+1700000000123\+([0-9a-f-]{36})(\.png|\+compressed\.webp)$`)
	seen := map[string]string{}
	for _, name := range names {
		if parts := form.FindStringSubmatch(name); parts != nil {
			seen[parts[2]] = parts[1]
		}
		if !strings.HasSuffix(name, ".webp") {
			continue
		}
		small, err := webp.Decode(bytes.NewReader(contentOf(t, run, name)))
		must(t, err)
		want := image.Pt(256, 85)
		if strings.HasPrefix(name, "images/t+step+0+") {
			want = image.Pt(1, 256)
		} else if r, g, b, _ := small.At(100, 40).RGBA(); r>>8 != 128 || g != 0 || b>>8 != 32 {
			t.Errorf("the colour of %s is %d %d %d", name, r>>8, g>>8, b>>8)
		}
		if small.Bounds().Size() != want {
			t.Errorf("%s has %v", name, small.Bounds())
		}
	}
	if len(names) != 4 || seen[".png"] == "" || seen[".png"] != seen["+compressed.webp"] || getRun(t, c, run.ID).Tags[mlflowclient.TagLoggedImages] != "True" {
		t.Errorf("files %q", names)
	}
}

func TestLogTable(t *testing.T) { eachEnd(t, testLogTable) }

func testLogTable(t *testing.T, c *mlflowclient.Client) {
	ctx := t.Context()
	run, err := c.Start(ctx, mlflowclient.StartRun{ExperimentID: newExperiment(t, c)})
	must(t, err)
	const file = "tables/t.json"
	must(t, run.LogTable(ctx, file, mlflowclient.Table{Columns: []string{"a", "b"}, Rows: [][]any{
		{1, "x"}, {math.NaN(), time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.FixedZone("", 3600))}, {float32(math.Inf(1)), nil},
	}}))
	must(t, run.LogTable(ctx, file, mlflowclient.Table{Columns: []string{"c", "a"}, Rows: [][]any{{[]int{1}, int64(1) << 60}}}))
	must(t, run.LogTable(ctx, "other.json", mlflowclient.Table{Columns: []string{"picture"}, Rows: [][]any{{wineLabel(bordeaux)}}}))
	want := `{"columns":["a","b","c"],"data":[[1,"x",null],[null,"2026-01-02T02:04:05.006Z",null],[null,null,null],[1152921504606846976,null,[1]]]}`
	if got := string(contentOf(t, run, file)); got != want {
		t.Errorf("table %s\nwant  %s", got, want)
	}
	var other struct {
		Data [][]struct {
			Type string `json:"type"`
			Full string `json:"filepath"`
			Thin string `json:"compressed_filepath"`
		}
	}
	must(t, json.Unmarshal(contentOf(t, run, "other.json"), &other))
	cell := other.Data[0][0]
	if names := artifactNames(t, run, "table_images"); cell.Type != "image" || path.Dir(cell.Full) != "table_images/other" ||
		!slices.Equal(slices.Sorted(slices.Values(names)), []string{cell.Full, cell.Thin}) {
		t.Errorf("cell %+v, files %q", cell, names)
	}
	if tag := getRun(t, c, run.ID).Tags[mlflowclient.TagLoggedArtifacts]; tag != `[{"path":"tables/t.json","type":"table"},{"path":"other.json","type":"table"}]` {
		t.Errorf("tag %s", tag)
	}

	// Goroutines do not lose each other's rows.
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			if err := run.LogTable(ctx, "many.json", mlflowclient.Table{Columns: []string{"i"}, Rows: [][]any{{i}}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var many struct{ Data [][]int }
	must(t, json.Unmarshal(contentOf(t, run, "many.json"), &many))
	slices.SortFunc(many.Data, slices.Compare)
	if !reflect.DeepEqual(many.Data, [][]int{{0}, {1}, {2}, {3}, {4}}) {
		t.Errorf("rows %v", many.Data)
	}
	refusedTables(t, run)
}

func refusedTables(t *testing.T, run *mlflowclient.ActiveRun) {
	t.Helper()
	ctx := t.Context()
	must(t, run.LogText(ctx, "text.json", "not a table"))
	for name, tt := range map[string]struct {
		file    string
		columns []string
		rows    [][]any
	}{
		"an ending":      {"t.csv", nil, nil},
		"a character":    {"a:b.json", nil, nil},
		"a column twice": {"t.json", []string{"a", "a"}, nil},
		"a short row":    {"t.json", []string{"a"}, [][]any{{}}},
		"no JSON":        {"t.json", []string{"a"}, [][]any{{func() {}}}},
		"half images":    {"t.json", []string{"a"}, [][]any{{wineLabel(bordeaux)}, {1}}},
	} {
		if err := run.LogTable(ctx, tt.file, mlflowclient.Table{Columns: tt.columns, Rows: tt.rows}); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := run.LogTable(ctx, "text.json", mlflowclient.Table{}); err == nil || !strings.Contains(err.Error(), "no table of MLflow") {
		t.Errorf("added to a text: %v", err)
	}
}

// ambiguous is text that another reader could take for something else.
var ambiguous = map[string]any{
	"yes": "yes", "n": "No", "on": "on", "oct": "010", "o": "0o7", "sexa": "12:30", "date": "2026-01-01", "e": "1e3", "nan": ".nan",
	"null": "null", "~": "~", "": "", " lead": "trail ", "nl": "a\nb\n", "tab": "\ta", "a: b": "a #b", "- a": "it's \"q\"", "ü": "ünïcode 🍷",
	"ctl": "\u0001\u0085\u2028\ufeff", "%a": "@a", "&a": "*a", "!a": "|", ">": "[a]", "{a}": ".inf", "True": "0x1F", "1_000": "=", "<<": "<<",
	"numbers": []any{1.0, 2.5, 1e21, 1e-7, -3.0, true, false, nil, []any{}, map[string]any{}, []any{[]any{1.0}, map[string]any{"b": []any{}}}},
}

// TestWhatTheUserInterfaceNeedsAsPython lets MLflow's own client read what Go logged for the user interface, and compares names and tags with
// what it logs itself.
func TestWhatTheUserInterfaceNeedsAsPython(t *testing.T) {
	c := serverEnd(t)
	ctx := t.Context()
	run, err := c.Start(ctx, mlflowclient.StartRun{ExperimentID: newExperiment(t, c)})
	must(t, err)
	must(t, run.LogText(ctx, "notes/ü.txt", "a\nü🍷"))
	must(t, run.LogDict(ctx, "dict.json", ambiguous))
	must(t, run.LogDict(ctx, "dict.yaml", ambiguous))
	must(t, run.LogImage(ctx, mlflowclient.Image{Key: "wine/red", Step: 3, Picture: wineLabel(color.RGBA{R: 200, A: 255})}))
	must(t, run.LogImageFile(ctx, "pictures/a.webp", wineLabel(color.RGBA{R: 200, A: 255})))
	must(t, run.LogTable(ctx, "tables/t.json", mlflowclient.Table{Columns: []string{"name", "score", "label"}, Rows: [][]any{
		{"a", 0.5, wineLabel(bordeaux)}, {"b", math.NaN(), wineLabel(bordeaux)},
	}}))
	var got struct {
		Text        string
		JSON, YAML  map[string]any
		Images      map[string][]any
		TableImages map[string][]any `json:"table_images"`
		File        map[string][]any
		Tags        map[string]string
		Table       struct {
			Columns []string
			Data    [][]any
		}
		Theirs string
	}
	runPython(t, &got, "ui.py", c.TrackingURI(), run.ID, run.ExperimentID)
	if got.Text != "a\nü🍷" || !reflect.DeepEqual(got.JSON, ambiguous) || !reflect.DeepEqual(got.YAML, ambiguous) {
		t.Errorf("text %q\nJSON %v\nYAML %v", got.Text, got.JSON, got.YAML)
	}
	if len(got.Table.Data) != 2 || !slices.Equal(got.Table.Columns, []string{"name", "score", "label"}) || got.Table.Data[0][1] != 0.5 || got.Table.Data[1][1] != nil {
		t.Errorf("table %+v", got.Table)
	}
	theirs, err := c.Start(ctx, mlflowclient.StartRun{RunID: got.Theirs})
	must(t, err)
	// What differs from call to call is left out.
	neutral := func(name string) string {
		return regexp.MustCompile(`timestamp\+\d+\+[0-9a-f-]{36}`).ReplaceAllString(name, "")
	}
	ours, wanted := map[string]string{}, map[string]string{}
	for name, picture := range got.Images {
		ours[neutral(name)] = marshalText(t, picture)
	}
	for _, name := range artifactNames(t, theirs, "images") {
		format, width, height := "PNG", 120, 40
		if strings.HasSuffix(name, ".webp") {
			format, width, height = "WEBP", 256, 85
		}
		wanted[neutral(name)] = marshalText(t, []any{format, width, height, 200, 0, 0, 255})
	}
	if !maps.Equal(ours, wanted) || len(ours) != 2 || len(got.TableImages) != 4 || marshalText(t, got.File) != `{"pictures/a.webp":["WEBP",120,40,200,0,0,255]}` {
		t.Errorf("images %v, want %v; of the table %v; file %v", ours, wanted, got.TableImages, got.File)
	}
	tags := getRun(t, c, theirs.ID).Tags
	if got.Tags[mlflowclient.TagLoggedImages] != tags[mlflowclient.TagLoggedImages] ||
		compactJSON(t, got.Tags[mlflowclient.TagLoggedArtifacts]) != compactJSON(t, tags[mlflowclient.TagLoggedArtifacts]) {
		t.Errorf("tags %v, Python's %v", got.Tags, tags)
	}
	addedToByBoth(t, c, run, theirs)
}

// addedToByBoth looks at our table with Python's row, and adds a row to Python's.
func addedToByBoth(t *testing.T, c *mlflowclient.Client, ours, theirs *mlflowclient.ActiveRun) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	must(t, theirs.LogTable(ctx, "tables/t.json", mlflowclient.Table{Columns: []string{"name", "extra"}, Rows: [][]any{{"from Go", 1.5}}}))
	if got := string(contentOf(t, theirs, "tables/t.json")); got != `{"columns":["name","score","extra"],"data":[["a",0.5,null],["b",null,null],["from Go",null,1.5]]}` {
		t.Errorf("Python's table with our row: %s", got)
	}
	var table struct {
		Columns []string
		Data    [][]any
	}
	must(t, json.Unmarshal(contentOf(t, ours, "tables/t.json"), &table))
	if len(table.Data) != 3 || marshalText(t, table.Columns) != `["name","score","label","extra"]` || marshalText(t, table.Data[2]) != `["from Python",null,null,1.5]` {
		t.Errorf("our table with Python's row: %+v", table)
	}
	if tag := getRun(t, c, ours.ID).Tags[mlflowclient.TagLoggedArtifacts]; strings.Count(tag, "path") != 1 {
		t.Errorf("the tag %s", tag)
	}
	for _, run := range []*mlflowclient.ActiveRun{ours, theirs} {
		must(t, run.End(ctx, mlflowclient.StatusFinished))
	}
}

func marshalText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

func compactJSON(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	must(t, json.Compact(&b, []byte(text)))
	return b.String()
}
