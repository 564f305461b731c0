package stack_test

import (
	"testing"

	"mlopsgo/internal/stack"
)

func TestGetFindsHealthyServers(t *testing.T) {
	s := stack.Get(t)
	get(t, s.MLflowURI+"/health")
	get(t, s.PrefectAPIURL+"/ready")
	get(t, s.EvidentlyURL+"/api/projects")
	get(t, s.S3Endpoint+"/minio/health/live")
}
