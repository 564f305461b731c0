package embedded

import (
	"context"
	"net/http"
	"strings"
)

// operation answers one REST call.
type operation func(s *Store, ctx context.Context, r *request) (any, error)

// routes are the paths below /api/2.0/mlflow/ with their operations by method.
var routes = map[string]map[string]operation{
	"experiments/create":                    {http.MethodPost: (*Store).createExperiment},
	"experiments/get":                       {http.MethodGet: (*Store).getExperiment},
	"experiments/get-by-name":               {http.MethodGet: (*Store).getExperimentByName},
	"experiments/update":                    {http.MethodPost: (*Store).updateExperiment},
	"experiments/delete":                    {http.MethodPost: (*Store).deleteExperiment},
	"experiments/restore":                   {http.MethodPost: (*Store).restoreExperiment},
	"experiments/set-experiment-tag":        {http.MethodPost: (*Store).setExperimentTag},
	"experiments/delete-experiment-tag":     {http.MethodPost: (*Store).deleteExperimentTag},
	"experiments/search":                    {http.MethodGet: (*Store).searchExperiments, http.MethodPost: (*Store).searchExperiments},
	"runs/search":                           {http.MethodPost: (*Store).searchRuns},
	"metrics/get-history":                   {http.MethodGet: (*Store).metricHistory},
	"metrics/get-history-bulk-interval":     {http.MethodGet: (*Store).metricInterval},
	"artifacts/list":                        {http.MethodGet: (*Store).listArtifacts},
	"upload-artifact":                       {http.MethodPost: (*Store).uploadArtifact},
	"registered-models/create":              {http.MethodPost: (*Store).createRegisteredModel},
	"registered-models/get":                 {http.MethodGet: (*Store).getRegisteredModel},
	"registered-models/update":              {http.MethodPatch: (*Store).updateRegisteredModel},
	"registered-models/rename":              {http.MethodPost: (*Store).renameRegisteredModel},
	"registered-models/delete":              {http.MethodDelete: (*Store).deleteRegisteredModel},
	"registered-models/get-latest-versions": {http.MethodPost: (*Store).latestVersions, http.MethodGet: (*Store).latestVersions},
	"model-versions/transition-stage":       {http.MethodPost: (*Store).transitionStage},
	"logged-models/search":                  {http.MethodPost: (*Store).searchLoggedModels},
	"registered-models/set-tag":             {http.MethodPost: (*Store).setModelTag},
	"registered-models/delete-tag":          {http.MethodDelete: (*Store).deleteModelTag},
	"registered-models/alias":               {http.MethodPost: (*Store).setAlias, http.MethodGet: (*Store).versionByAlias, http.MethodDelete: (*Store).deleteAlias},
	"model-versions/create":                 {http.MethodPost: (*Store).createModelVersion},
	"model-versions/get":                    {http.MethodGet: (*Store).getModelVersion},
	"model-versions/update":                 {http.MethodPatch: (*Store).updateModelVersion},
	"model-versions/delete":                 {http.MethodDelete: (*Store).deleteModelVersion},
	"model-versions/get-download-uri":       {http.MethodGet: (*Store).modelVersionURI},
	"model-versions/set-tag":                {http.MethodPost: (*Store).setVersionTag},
	"model-versions/delete-tag":             {http.MethodDelete: (*Store).deleteVersionTag},
	"registered-models/search":              {http.MethodGet: (*Store).searchRegisteredModels},
	"model-versions/search":                 {http.MethodGet: (*Store).searchModelVersions},
	"logged-models":                         {http.MethodPost: (*Store).createLoggedModel},
	"runs/create":                           {http.MethodPost: (*Store).createRun},
	"runs/get":                              {http.MethodGet: (*Store).getRun},
	"runs/update":                           {http.MethodPost: (*Store).updateRun},
	"runs/delete":                           {http.MethodPost: (*Store).deleteRun},
	"runs/restore":                          {http.MethodPost: (*Store).restoreRun},
	"runs/log-metric":                       {http.MethodPost: (*Store).logMetric},
	"runs/log-parameter":                    {http.MethodPost: (*Store).logParam},
	"runs/log-batch":                        {http.MethodPost: (*Store).logBatch},
	"runs/set-tag":                          {http.MethodPost: (*Store).setTag},
	"runs/delete-tag":                       {http.MethodPost: (*Store).deleteTag},
	"runs/log-inputs":                       {http.MethodPost: (*Store).logInputs},
	"runs/outputs":                          {http.MethodPost: (*Store).logOutputs},
	"runs/log-model":                        {http.MethodPost: (*Store).recordModel},
}

// lookup finds the operation of a path and its variable parts. Without one the status says why.
func lookup(method, path string) (op operation, vars map[string]string, status int) {
	switch path {
	case "/health":
		return onlyGet(method, (*Store).health)
	case "/version":
		return onlyGet(method, (*Store).version)
	case "/api/3.0/mlflow/server-info", "/ajax-api/3.0/mlflow/server-info":
		return onlyGet(method, (*Store).serverInfo)
	case "/get-artifact":
		return onlyGet(method, (*Store).runFile)
	case "/model-versions/get-artifact":
		return onlyGet(method, (*Store).versionFile)
	}
	tail, ok := strings.CutPrefix(path, "/api/2.0/mlflow/")
	if !ok {
		if tail, ok = strings.CutPrefix(path, "/ajax-api/2.0/mlflow/"); !ok {
			return nil, nil, http.StatusNotFound
		}
	}
	methods := routes[tail]
	if model, ok := strings.CutPrefix(tail, "logged-models/"); ok && methods[method] == nil {
		methods, vars = loggedModelRoute(model)
	}
	if methods == nil {
		return nil, nil, http.StatusNotFound
	}
	if op = methods[method]; op == nil {
		return nil, nil, http.StatusMethodNotAllowed
	}
	return op, vars, http.StatusOK
}

func onlyGet(method string, op operation) (operation, map[string]string, int) {
	if method != http.MethodGet {
		return nil, nil, http.StatusMethodNotAllowed
	}
	return op, nil, http.StatusOK
}
