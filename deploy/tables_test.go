package deploy

import (
	"testing"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/monitoring"
)

// makeTables lets predictor's and monitor's packages make their tables in the cluster's database monitoring, as the role that compose gives them.
func makeTables(t *testing.T, c *cluster) {
	t.Helper()
	address := c.url("monitoring", "DATABASE_PASSWORD", "monitoring")
	log, err := predictionlog.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	log.Close()
	store, err := monitoring.OpenStore(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
}
