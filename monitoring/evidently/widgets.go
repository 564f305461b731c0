package evidently

import "maps"

// Widget is a part of a report's page. Make it with [Counters], [Table], [BigTable] or [Bars]; others have been read from the service.
type Widget struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Title string `json:"title"`
	// Size is 1 for half and 2 for the whole width of the page.
	Size int `json:"size"`
	// Params depend on the type.
	Params any `json:"params"`
	// AlertsPosition is "row" for a table whose rows open.
	AlertsPosition *string `json:"alertsPosition,omitempty"`
	// Graphs are loaded when a row of a table is opened that names them.
	Graphs []Widget `json:"additionalGraphs"`
}

const fullWidth = 2

// Counter is a figure in large letters with a line about it.
type Counter struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Counters is a row of figures. The identities of a snapshot's widgets must differ.
func Counters(id, title string, counters ...Counter) Widget {
	return Widget{ID: id, Type: "counter", Title: title, Size: fullWidth, Params: map[string]any{"counters": append([]Counter{}, counters...)}, Graphs: []Widget{}}
}

// Histogram is a little picture in a cell of a table: heights Y at X, which are numbers or texts.
type Histogram struct {
	X []any     `json:"x"`
	Y []float64 `json:"y"`
}

// TableColumn is a column of a big table; Field is its key in the rows' cells.
type TableColumn struct {
	Title string
	Field string
	// Histograms says that the cells are of type [Histogram].
	Histograms bool
}

// TableRow is a row of a big table.
type TableRow struct {
	// Cells are texts, numbers or [Histogram]s.
	Cells map[string]any
	// Details are shown when the row is opened.
	Details []Widget
}

// Table is a plain table: nothing in it opens.
func Table(id, title string, header []string, rows [][]any) Widget {
	data := make([][]any, len(rows))
	for i, row := range rows {
		data[i] = append([]any{}, row...)
	}
	return Widget{
		ID: id, Type: "table", Title: title, Size: fullWidth, Graphs: []Widget{}, Params: map[string]any{"header": append([]string{}, header...), "data": data},
	}
}

// BigTable is a table of so many rows a page, which can be searched, and whose rows open.
func BigTable(id, title string, rowsPerPage int, columns []TableColumn, rows []TableRow) Widget {
	const colour = "#ed0400"
	wireColumns := make([]map[string]any, len(columns))
	for i, c := range columns {
		wireColumns[i] = map[string]any{"title": c.Title, "field": c.Field}
		if c.Histograms {
			wireColumns[i]["type"] = "histogram"
			wireColumns[i]["options"] = map[string]string{"xField": "x", "yField": "y", "color": colour}
		}
	}
	position := "row"
	table := Widget{ID: id, Type: "big_table", Title: title, Size: fullWidth, AlertsPosition: &position, Graphs: []Widget{}}
	wireRows := make([]map[string]any, len(rows))
	for i, row := range rows {
		wireRows[i] = map[string]any{}
		maps.Copy(wireRows[i], row.Cells)
		parts := make([]map[string]any, len(row.Details))
		for j, detail := range row.Details {
			parts[j] = map[string]any{"title": detail.Title, "id": detail.ID, "type": "widget"}
			table.Graphs = append(table.Graphs, detail)
		}
		wireRows[i]["details"] = map[string]any{"parts": parts}
	}
	table.Params = map[string]any{"rowsPerPage": rowsPerPage, "columns": wireColumns, "data": wireRows}
	return table
}

// BarSeries is one set of bars: heights Y at X, which are numbers or texts.
type BarSeries struct {
	Name   string
	Colour string // as in CSS
	X      []any
	Y      []float64
}

// Bars is a picture of sets of bars beside each other, drawn by Plotly.
func Bars(id, title, xTitle, yTitle string, series ...BarSeries) Widget {
	data := make([]map[string]any, len(series))
	for i, s := range series {
		data[i] = map[string]any{
			"type": "bar", "name": s.Name, "marker": map[string]any{"color": s.Colour}, "x": append([]any{}, s.X...), "y": append([]float64{}, s.Y...),
		}
	}
	layout := map[string]any{
		"barmode": "group", "xaxis": map[string]any{"title": map[string]any{"text": xTitle}}, "yaxis": map[string]any{"title": map[string]any{"text": yTitle}},
	}
	return Widget{ID: id, Type: "big_graph", Title: title, Size: fullWidth, Params: map[string]any{"data": data, "layout": layout}, Graphs: []Widget{}}
}
