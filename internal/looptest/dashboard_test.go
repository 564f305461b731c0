package looptest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mlopsgo/internal/grafana"
)

// dashboard runs every query of Grafana's dashboard on what the loop left in Postgres.
func (l *loop) dashboard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "grafana", "dashboards", "monitoring.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ RawSQL string }
		}
		Templating struct {
			List []struct{ Name, AllValue string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	view := grafana.View{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Minute), Interval: time.Minute, All: map[string]string{}}
	for _, variable := range board.Templating.List {
		view.All[variable.Name] = variable.AllValue
	}
	queries := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			sql, err := view.Expand(target.RawSQL)
			if err != nil {
				t.Fatalf("%s: %v", panel.Title, err)
			}
			queries++
			rows := 0
			l.query(t, sql, func(func(...any) error) error { rows++; return nil })
			if rows == 0 {
				t.Errorf("%s: no rows", panel.Title)
			}
		}
	}
	if queries < 8 {
		t.Errorf("only %d queries in the dashboard", queries)
	}
}
