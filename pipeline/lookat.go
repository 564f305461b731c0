package pipeline

import (
	"fmt"
	"strings"

	"mlopsgo/mlflowclient"
)

// LookAt says, in one or two lines, how to open MLflow's user interface on a run, or on a whole experiment when run is empty: the page of a
// server, or the command that serves a file. trackingURI is the client's.
func LookAt(trackingURI, experiment, run string) string {
	page := "/#/experiments/" + experiment + "/runs"
	if run != "" {
		page += "/" + run
	}
	if !strings.HasPrefix(trackingURI, "sqlite:") {
		return fmt.Sprintf("Look at it:  %s%s\n", strings.TrimSuffix(trackingURI, "/"), page)
	}
	return fmt.Sprintf("Look at it:  mlflow ui --backend-store-uri %s   (pip install mlflow==%s)\nthen open    http://127.0.0.1:5000%s\n",
		trackingURI, mlflowclient.ServerVersion, page)
}
