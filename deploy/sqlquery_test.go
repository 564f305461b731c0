package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/expr"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The data source in grafana/datasources.
const (
	sourceType = "grafana-postgresql-datasource"
	sourceUID  = "monitoring"
)

const (
	asTable      = "table"
	asTimeSeries = "time_series"
)

// sqlQuery is what Grafana's Postgres data source keeps of a query written as text; the SDK has no type for it.
type sqlQuery struct {
	RefID      string               `json:"refId"`
	Datasource common.DataSourceRef `json:"datasource"`
	Format     string               `json:"format"`
	EditorMode string               `json:"editorMode"`
	RawQuery   bool                 `json:"rawQuery"`
	RawSQL     string               `json:"rawSql"`
}

func query(refID, format, sql string) cog.Builder[variants.Dataquery] {
	return &sqlQuery{RefID: refID, Datasource: monitoringSource(), Format: format, EditorMode: "code", RawQuery: true, RawSQL: sql}
}

func (q *sqlQuery) Build() (variants.Dataquery, error) {
	err := q.Validate()
	return q, err
}

func (q *sqlQuery) ImplementsDataqueryVariant() {}

func (q *sqlQuery) DataqueryType() string { return sourceType }

func (q *sqlQuery) Equals(other variants.Dataquery) bool {
	same, ok := other.(*sqlQuery)
	return ok && q.RefID == same.RefID && q.Format == same.Format && q.RawSQL == same.RawSQL && q.Datasource.Equals(same.Datasource)
}

func (q *sqlQuery) Validate() error {
	switch {
	case q.RefID == "" || q.RawSQL == "":
		return errors.New("a query needs a refId and its text")
	case q.Format != asTable && q.Format != asTimeSeries:
		return fmt.Errorf("query %s has format %q", q.RefID, q.Format)
	case !q.RawQuery || q.EditorMode != "code":
		return fmt.Errorf("query %s is text, and Grafana would take it for one of its query builder", q.RefID)
	case !q.Datasource.Equals(monitoringSource()):
		return fmt.Errorf("query %s asks another data source", q.RefID)
	}
	return nil
}

// registerTypes teaches the SDK to read, strictly, the kinds of panels and queries that are in use. A kind that is missing here fails.
var registerTypes = sync.OnceFunc(func() {
	runtime := cog.NewRuntime()
	for _, config := range []variants.PanelcfgConfig{timeseries.VariantConfig(), stat.VariantConfig(), table.VariantConfig()} {
		runtime.RegisterPanelcfgVariant(config)
	}
	runtime.RegisterDataqueryVariant(expr.VariantConfig())
	readQuery := func(raw []byte) (variants.Dataquery, error) {
		q := &sqlQuery{}
		if err := json.Unmarshal(raw, q); err != nil {
			return nil, err
		}
		var fields map[string]any
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, err
		}
		for name := range fields { // by its exact name, which encoding/json does not insist on
			if !slices.Contains([]string{"refId", "datasource", "format", "editorMode", "rawQuery", "rawSql"}, name) {
				return nil, fmt.Errorf("query %s has an unknown field %s", q.RefID, name)
			}
		}
		err := q.Validate()
		return q, err
	}
	runtime.RegisterDataqueryVariant(variants.DataqueryConfig{
		Identifier: sourceType, DataqueryUnmarshaler: readQuery, StrictDataqueryUnmarshaler: readQuery,
	})
})
