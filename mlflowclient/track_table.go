package mlflowclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Table is rows of cells under named columns.
type Table struct {
	Columns []string
	// Rows have a cell for each column: what encoding/json can write; NaN, the infinities and nil are empty cells, a time.Time is
	// written in UTC to the millisecond, and an [image.Image] is shown as such. A column has images only, or none.
	Rows [][]any
}

// tableJSON is the file's form, pandas' orientation "split". Cells that were read stay as they are.
type tableJSON struct {
	Columns []string            `json:"columns"`
	Data    [][]json.RawMessage `json:"data"`
}

var emptyCell = json.RawMessage("null")

// LogTable logs a table under a name that ends in .json, or adds its rows to the table that is there: columns that only one of both has
// are empty in the rows of the other. It sets the tag by which MLflow's user interface finds tables, to show and to compare them
// over runs. Programs that add to the same table at the same time can lose each other's rows; goroutines of one ActiveRun do not.
func (r *ActiveRun) LogTable(ctx context.Context, file string, table Table) error {
	if err := table.check(file); err != nil {
		return err
	}
	r.tables.Lock()
	defer r.tables.Unlock()
	added, err := r.cells(ctx, file, table)
	if err != nil {
		return err
	}
	whole, err := r.readTable(ctx, file)
	if err != nil {
		return fmt.Errorf("adding to the table %s: %w", quote(file), err)
	}
	text, err := marshal(whole.with(added))
	if err != nil {
		return err
	}
	if err := r.upload(ctx, file, text); err != nil {
		return err
	}
	return r.noteTable(ctx, file)
}

func (t *Table) check(file string) error {
	switch {
	case path.Ext(file) != ".json":
		return invalid("the table %s: the name has to end in .json", quote(file))
	case strings.ContainsAny(file, `"',:[]{}`):
		return invalid(`the table %s: the name has one of " ' , : [ ] { }`, quote(file))
	}
	for i, column := range t.Columns {
		if slices.Contains(t.Columns[:i], column) {
			return invalid("the table %s has the column %s twice", quote(file), quote(column))
		}
	}
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return invalid("the table %s: row %d has %d cells for %d columns", quote(file), i, len(row), len(t.Columns))
		}
	}
	return nil
}

// cells writes all cells, and uploads the images among them.
func (r *ActiveRun) cells(ctx context.Context, file string, table Table) (*tableJSON, error) {
	out := &tableJSON{Columns: table.Columns, Data: make([][]json.RawMessage, len(table.Rows))}
	for i := range table.Rows {
		out.Data[i] = make([]json.RawMessage, len(table.Columns))
	}
	for j, column := range table.Columns {
		images := 0
		for i, row := range table.Rows {
			cell := row[j]
			if picture, ok := cell.(image.Image); ok {
				images++
				name := path.Join("table_images", strings.TrimSuffix(file, ".json"), uuid.NewString())
				if err := r.uploadPicture(ctx, picture, name+".png", name+".webp"); err != nil {
					return nil, fmt.Errorf("row %d of column %s: %w", i, quote(column), err)
				}
				cell = map[string]string{"type": "image", "filepath": name + ".png", "compressed_filepath": name + ".webp"}
			}
			text, err := marshal(cellValue(cell))
			if err != nil {
				return nil, invalid("the table %s: row %d of column %s cannot be written as JSON: %v", quote(file), i, quote(column), err)
			}
			out.Data[i][j] = text
		}
		if images != 0 && images != len(table.Rows) {
			return nil, invalid("the table %s: column %s has images and other cells", quote(file), quote(column))
		}
	}
	return out, nil
}

// cellValue makes a cell what pandas makes of it.
func cellValue(cell any) any {
	if t, ok := cell.(time.Time); ok {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	if v := reflect.ValueOf(cell); v.IsValid() && v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)) {
		return nil
	}
	return cell
}

// readTable reads what is there, or an empty table.
func (r *ActiveRun) readTable(ctx context.Context, file string) (*tableJSON, error) {
	store, err := r.Artifacts()
	if err != nil {
		return nil, err
	}
	body, err := store.Open(ctx, file)
	if errors.Is(err, ErrNotFound) {
		return &tableJSON{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return parseTable(text)
}

func parseTable(text []byte) (*tableJSON, error) {
	var table tableJSON
	if err := json.Unmarshal(text, &table); err != nil {
		return nil, fmt.Errorf("what is there is no table of MLflow: %w", err)
	}
	for i, row := range table.Data {
		if len(row) != len(table.Columns) {
			return nil, fmt.Errorf("what is there is no table of MLflow: row %d has %d cells for %d columns", i, len(row), len(table.Columns))
		}
	}
	return &table, nil
}

// with is the table with the rows of another below.
func (t *tableJSON) with(added *tableJSON) *tableJSON {
	out := &tableJSON{Columns: slices.Clone(t.Columns), Data: make([][]json.RawMessage, 0, len(t.Data)+len(added.Data))}
	for _, column := range added.Columns {
		if !slices.Contains(out.Columns, column) {
			out.Columns = append(out.Columns, column)
		}
	}
	for _, from := range []*tableJSON{t, added} {
		places := make([]int, len(from.Columns))
		for j, column := range from.Columns {
			places[j] = slices.Index(out.Columns, column)
		}
		for _, cells := range from.Data {
			row := slices.Repeat([]json.RawMessage{emptyCell}, len(out.Columns))
			for j, cell := range cells {
				row[places[j]] = cell
			}
			out.Data = append(out.Data, row)
		}
	}
	return out
}

// loggedArtifact is an item of the tag.
type loggedArtifact struct {
	Path string `json:"path"`
	Type string `json:"type"`
}

// noteTable adds the table to the run's tag, unless it is there.
func (r *ActiveRun) noteTable(ctx context.Context, file string) error {
	run, err := r.runs.Get(ctx, r.ID)
	if err != nil {
		return err
	}
	var logged []loggedArtifact
	if tag := run.Tags[TagLoggedArtifacts]; tag != "" {
		if err := json.Unmarshal([]byte(tag), &logged); err != nil {
			return fmt.Errorf("the tag %s of run %s is not a list of artifacts: %w", TagLoggedArtifacts, r.ID, err)
		}
	}
	table := loggedArtifact{Path: file, Type: "table"}
	if slices.Contains(logged, table) {
		return nil
	}
	tag, err := marshal(append(logged, table))
	if err != nil {
		return err
	}
	return r.SetTag(ctx, TagLoggedArtifacts, string(tag))
}
