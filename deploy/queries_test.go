package deploy

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"mlopsgo/internal/grafana"
)

// result is what a query gives, with its columns' names.
type result struct {
	columns []string
	rows    [][]any
}

// column returns the values of one column, all of them numbers when number is set.
func (r result) column(name string) []any {
	i := slices.Index(r.columns, name)
	values := make([]any, len(r.rows))
	for j := range r.rows {
		values[j] = r.rows[j][i]
	}
	return values
}

func ask(ctx context.Context, conn *pgx.Conn, sql string) (result, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return result{}, fmt.Errorf("%w in\n%s", err, sql)
	}
	defer rows.Close()
	var r result
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return result{}, err
		}
		r.rows = append(r.rows, values)
	}
	for _, field := range rows.FieldDescriptions() {
		r.columns = append(r.columns, field.Name)
	}
	if err := rows.Err(); err != nil {
		return result{}, fmt.Errorf("%w in\n%s", err, sql)
	}
	return r, nil
}

func number(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, !math.IsNaN(value)
	case int64:
		return float64(value), true
	case int32:
		return float64(value), true
	case pgtype.Numeric:
		f, err := value.Float64Value()
		return f.Float64, err == nil && f.Valid
	}
	return 0, false
}

func TestQueriesOnPostgres(t *testing.T) {
	c := startCluster(t)
	writer := c.open(t, "monitoring", "DATABASE_PASSWORD", "monitoring")
	makeTables(t, c)
	reader := c.open(t, "reader", "READER_PASSWORD", "monitoring")
	now := time.Now().UTC().Truncate(time.Minute)
	p := grafana.View{From: now.Add(-6 * time.Hour), To: now.Add(time.Minute), Interval: time.Minute, All: map[string]string{}}
	d := readDashboard(t)
	for _, v := range d.Templating.List {
		p.All[v.Name] = *v.AllValue
	}

	t.Run("without a single row", func(t *testing.T) {
		for shown, queries := range panels(t) {
			for _, q := range queries {
				mustAsk(t, reader, p, q.RawSQL, 0, *shown.Title)
			}
		}
		firing(t, reader, p, map[string][]string{"dataset-drift": nil, "predictions-stopped": nil})
	})

	fill(t, writer, now)
	choices := map[string]grafana.View{"all": p, "one": p, "several": p, "no such": p}
	chosen := func(name string, variables map[string][]string) {
		with := choices[name]
		with.Chosen = variables
		choices[name] = with
	}
	chosen("one", map[string][]string{"model": {"wine"}, "column": {"pH"}})
	chosen("several", map[string][]string{"model": {"wine", "it's"}, "column": {"pH", "alcohol"}})
	chosen("no such", map[string][]string{"model": {"none"}, "column": {"none"}})
	for name, with := range choices {
		t.Run("panels of "+name, func(t *testing.T) {
			for shown, queries := range panels(t) {
				for _, q := range queries {
					at := fmt.Sprintf("%s, query %s", *shown.Title, q.RefID)
					if name == "no such" {
						mustAsk(t, reader, with, q.RawSQL, 0, at)
						continue
					}
					checkForm(t, q.Format, mustAsk(t, reader, with, q.RawSQL, 1, at), at)
				}
			}
		})
	}
	t.Run("figures", func(t *testing.T) { checkFigures(t, reader, p) })
	t.Run("variables", func(t *testing.T) {
		want := map[string][]any{"model": {"it's", "wine"}, "column": {"alcohol", "pH"}}
		for _, v := range d.Templating.List {
			if got := mustAsk(t, reader, p, *v.Query.String, 1, v.Name); !slices.Equal(got.column(got.columns[0]), want[v.Name]) {
				t.Errorf("%s can be %v, want %v", v.Name, got.rows, want[v.Name])
			}
		}
	})
	t.Run("rules", func(t *testing.T) { checkRules(t, writer, reader, p, now) })
}

// mustAsk sends a panel's query and wants no row, or at least one.
func mustAsk(t *testing.T, conn *pgx.Conn, p grafana.View, sql string, atLeast int, what string) result {
	t.Helper()
	expanded, err := p.Expand(sql)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got, err := ask(t.Context(), conn, expanded)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if len(got.rows) < atLeast || atLeast == 0 && len(got.rows) > 0 {
		t.Errorf("%s gives %d rows", what, len(got.rows))
	}
	return got
}

// checkForm holds a result to what Grafana can draw: of a time series, a time in ascending order, at most one text named metric, and
// numbers; of a table, whatever is not empty.
func checkForm(t *testing.T, format string, r result, what string) {
	t.Helper()
	if format == asTable {
		return
	}
	last, numbers := 0.0, 0
	for i, name := range r.columns {
		for _, value := range r.column(name) {
			at, isTime := value.(time.Time)
			n, isNumber := number(value)
			if isTime {
				n, isNumber = float64(at.UnixMicro()), true
			}
			switch {
			case i == 0 && (name != "time" || !isNumber || n < last):
				t.Fatalf("%s: the first column is %s, with %v after %v", what, name, n, last)
			case i == 0:
				last = n
			case name == "metric" && isNumber, name != "metric" && (!isNumber || isTime):
				t.Fatalf("%s: %s holds %v", what, name, value)
			}
		}
		if name != "time" && name != "metric" {
			numbers++
		}
	}
	if numbers == 0 {
		t.Errorf("%s gives no number: %q", what, r.columns)
	}
}

// fill writes an hour of predictions, one a second, of two versions of one model and some of another model; and three windows.
func fill(t *testing.T, conn *pgx.Conn, now time.Time) {
	t.Helper()
	batch := &pgx.Batch{}
	predict := func(model, version string, at time.Time, i int) {
		batch.Queue(`INSERT INTO predictions (id, request_id, row_number, predicted_at, model_name, model_version, features, prediction, latency_us)
			VALUES ($1, 'r', $2, $3, $4, $5, '{"pH": 3.2}', $6, $7)`, uuid.New(), i, at, model, version, fmt.Sprint(5+i%2), 1000*(i%100+1))
	}
	for i := range 3600 {
		at := now.Add(-time.Hour + time.Duration(i)*time.Second)
		predict("wine", fmt.Sprint(1+i/1800), at, i)
		if i%600 == 0 {
			predict("it's", "1", at, i)
		}
	}
	for i, model := range []string{"wine", "wine", "it's"} {
		id := uuid.New()
		drifted := i == 1
		end := now.Add(time.Duration(i-3) * 20 * time.Minute)
		batch.Queue(`INSERT INTO drift_windows (id, model_name, model_version, window_start, window_end, rows, reference_rows, drifted_columns, columns,
			drift_share, dataset_drift, outliers, outlier_share) VALUES ($1, $2, '1', $3, $4, 100, 1599, $5, 2, $6, $7, 3, 0.03)`,
			id, model, end.Add(-20*time.Minute), end, i%2*2, float64(i%2), drifted)
		for _, column := range []string{"alcohol", "pH"} {
			batch.Queue(`INSERT INTO drift_columns (window_id, column_name, method, threshold, value, drifted) VALUES ($1, $2, 'K-S p_value', 0.05, $3, $4)`,
				id, column, 0.04+0.1*float64(1-i%2), drifted)
		}
	}
	if err := conn.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
}

// checkFigures looks at some results whose figures follow from fill.
func checkFigures(t *testing.T, conn *pgx.Conn, p grafana.View) {
	figures := map[string]func(r result) bool{
		"Predictions per minute": func(r result) bool {
			sum := 0.0
			for i, value := range r.column("value") {
				n, _ := number(value)
				if r.column("metric")[i] == "wine 1" && n != 60 {
					return false
				}
				sum += n
			}
			return sum == 3606
		},
		"Latency": func(r result) bool {
			p50, _ := number(r.column("p50")[1])
			p95, _ := number(r.column("p95")[1])
			return p50 > 0.02 && p50 < 0.1 && p95 > p50 && p95 <= 0.1
		},
		"Predicted classes":        func(r result) bool { return r.column("metric")[0] == "5" && r.column("metric")[1] == "6" },
		"Share of drifted columns": func(r result) bool { return slices.Equal(r.column("value"), []any{0.0, 1.0, 0.0}) },
		"Share of outliers":        func(r result) bool { return slices.Equal(r.column("value"), []any{0.03, 0.03, 0.03}) },
		"Drifted columns in the latest window": func(r result) bool {
			return slices.Equal(r.column("model"), []any{"it's 1", "wine 1"}) && slices.Equal(r.column("drift_share"), []any{0.0, 1.0})
		},
		"The latest window, by column": func(r result) bool {
			return slices.Equal(r.column("column"), []any{"alcohol", "pH", "alcohol", "pH"}) &&
				slices.Equal(r.column("drifted"), []any{true, true, false, false})
		},
		"Drift of $column": func(r result) bool {
			return len(r.rows) == 6 && strings.HasSuffix(fmt.Sprint(r.column("metric")[0]), "K-S p_value")
		},
	}
	for shown, queries := range panels(t) {
		check, ok := figures[*shown.Title]
		if !ok {
			t.Errorf("nothing looks at the figures of %s", *shown.Title)
			continue
		}
		if r := mustAsk(t, conn, p, queries[0].RawSQL, 1, *shown.Title); !check(r) {
			t.Errorf("%s gives %v", *shown.Title, r)
		}
	}
}

// checkRules makes each rule fire and be silent again.
func checkRules(t *testing.T, writer, reader *pgx.Conn, p grafana.View, now time.Time) {
	mustExec := func(sql string) {
		t.Helper()
		if tag, err := writer.Exec(t.Context(), sql); err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%s: %v, %v", sql, tag, err)
		}
	}
	p.To = now.Add(time.Minute)
	firing(t, reader, p, map[string][]string{"dataset-drift": {"wine"}, "predictions-stopped": nil})
	mustExec("UPDATE predictions SET predicted_at = predicted_at - interval '20 minutes' WHERE model_name = 'wine'")
	mustExec("UPDATE drift_windows SET dataset_drift = NOT dataset_drift, drift_share = 1 - drift_share, drifted_columns = columns - drifted_columns")
	// Of wine's two windows the later one counts.
	firing(t, reader, p, map[string][]string{"dataset-drift": {"it's"}, "predictions-stopped": {"wine"}})
	mustExec("UPDATE predictions SET predicted_at = predicted_at - interval '2 days'")
	mustExec("UPDATE drift_windows SET window_start = window_start - interval '2 days', window_end = window_end - interval '2 days'")
	firing(t, reader, p, map[string][]string{"dataset-drift": nil, "predictions-stopped": nil})
}

// firing evaluates the rules as Grafana does: one alert for each row, named by its text, that is above the bound.
func firing(t *testing.T, conn *pgx.Conn, p grafana.View, want map[string][]string) {
	t.Helper()
	for uid, r := range readRules(t) {
		p.From = p.To.Add(-r.span)
		sql, err := p.Expand(r.query.RawSQL)
		if err != nil {
			t.Fatalf("%s: %v", uid, err)
		}
		got, err := ask(t.Context(), conn, sql)
		if err != nil {
			t.Fatalf("%s: %v", uid, err)
		}
		var fired []string
		for _, row := range got.rows {
			numbers := 0
			for _, value := range row {
				n, ok := number(value)
				if _, text := value.(string); !ok && !text {
					t.Fatalf("%s: neither text nor number in %v", uid, row)
				}
				if ok {
					numbers++
				}
				if ok && n > r.bound {
					fired = append(fired, row[0].(string))
				}
			}
			if numbers != 1 {
				t.Errorf("%s: one number for an alert, not %v", uid, row)
			}
		}
		slices.Sort(fired)
		if !slices.Equal(fired, want[uid]) {
			t.Errorf("%s fires for %q, want %q; rows %v", uid, fired, want[uid], got.rows)
		}
	}
}
