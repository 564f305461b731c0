package pipeline

import (
	"fmt"

	"mlopsgo/mlflowclient"
)

// LookAt says, in one or two lines, how to open MLflow's user interface on a run, or on a whole experiment when run is empty: the page of a
// server, or the command that serves a file.
func LookAt(client *mlflowclient.Client, experiment, run string) string {
	page := experimentPage(experiment)
	if run != "" {
		page = runPage(experiment, run)
	}
	if there := pageOf(client, page); there != "" {
		return fmt.Sprintf("Look at it:  %s\n", there)
	}
	return fmt.Sprintf("Look at it:  mlflow ui --backend-store-uri %s   (pip install mlflow==%s)\nthen open    http://127.0.0.1:5000%s\n",
		client.TrackingURI(), mlflowclient.ServerVersion, page)
}
