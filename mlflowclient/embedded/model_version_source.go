package embedded

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// newVersion is a model version to be made.
type newVersion struct {
	name, source, runID, modelID string
	givesRun, givesModel         bool   // whether the request names them, be it as ""
	location                     string // of the files, where source is models:/…
}

// resolve checks that the source belongs to the run or the logged model, and finds where its files are.
func (v *newVersion) resolve(tx *session) error {
	mismatch := func(param string) error {
		return invalidf("Invalid model version source: '%s'. The %s request parameter must identify the resource that contains the source.", v.source, param)
	}
	scheme, rest, _ := strings.Cut(v.source, ":")
	switch scheme {
	case "models":
		if strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///") {
			return invalidf("Invalid model version source: '%s'. Registered model sources must use the active model registry.", v.source)
		}
		id := strings.TrimLeft(rest, "/")
		if !strings.HasPrefix(rest, "/") || id == "" {
			return mismatch("model_id")
		}
		if strings.ContainsAny(id, "/@") {
			return v.copyVersion(tx, id)
		}
		if id != v.modelID {
			return mismatch("model_id")
		}
		model, err := findLoggedModel(tx, id)
		if err != nil {
			return failf(codeInternal, "Unable to fetch model from model URI source artifact location '%s'.Error: %v", v.source, err)
		}
		v.location = model.Info.ArtifactURI
		if v.runID == "" {
			v.runID = model.Info.SourceRunID
		}
		return nil
	case "runs":
		run, _, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
		if v.modelID != "" {
			return mismatch("model_id")
		}
		if v.runID == "" || run != v.runID {
			return mismatch("run_id")
		}
		return nil
	}
	if folder, local := localPath(v.source); local {
		return v.checkLocal(tx, folder)
	}
	return nil
}

// checkLocal wants a local source inside of the artifacts of its run or logged model.
func (v *newVersion) checkLocal(tx *session, folder string) error {
	kind, root := "run", ""
	if v.modelID != "" {
		kind = "model"
		model, err := findLoggedModel(tx, v.modelID)
		if err != nil {
			return err
		}
		root = model.Info.ArtifactURI
	} else if v.runID != "" {
		info, err := findRun(tx, v.runID)
		if err != nil {
			return err
		}
		root = info.ArtifactURI
	}
	if rootFolder, local := localPath(root); local && root != "" {
		if rel, err := filepath.Rel(rootFolder, folder); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
			return nil
		}
	}
	return invalidf("Invalid model version source: '%s'. To use a local path as a model version source, the %s_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the %s_id.",
		folder, kind, kind)
}

func (v *newVersion) insert(tx *session, m *message, tags []keyValue) (*modelVersion, error) {
	if _, err := findModel(tx, v.name); err != nil {
		return nil, err
	}
	var last sql.NullInt64
	if _, err := tx.first(`SELECT max(version) FROM model_versions WHERE name = ?`, []any{v.name}, &last); err != nil {
		return nil, err
	}
	n, now := last.Int64+1, nowMillis()
	if _, err := tx.exec(`UPDATE registered_models SET last_updated_time = ? WHERE name = ?`, now, v.name); err != nil {
		return nil, err
	}
	if _, err := tx.exec(`INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, current_stage, source, storage_location, run_id, run_link, status)
		VALUES (?, ?, ?, ?, ?, 'None', ?, ?, ?, ?, 'READY')`, v.name, n, now, now, m.str("description"), v.source, v.location, v.runID, m.str("run_link")); err != nil {
		return nil, err
	}
	for _, t := range tags {
		if err := putVersionTag(tx, v.name, n, t); err != nil {
			return nil, err
		}
	}
	return findVersion(tx, v.name, strconv.FormatInt(n, 10))
}

// noteVersion adds the version to the tag by which a logged model knows its versions.
func noteVersion(tx *session, modelID, name, version string) error {
	const tag = "mlflow.modelVersions"
	type entry struct {
		Name    string `json:"name"`
		Version int64  `json:"version"`
	}
	model, err := findLoggedModel(tx, modelID)
	if err != nil {
		return err
	}
	var entries []entry
	for _, t := range model.Info.Tags {
		if t.Key == tag {
			if err := json.Unmarshal([]byte(t.Value), &entries); err != nil {
				return failf(codeInternal, "the tag %s of model %s is not JSON: %v", tag, modelID, err)
			}
		}
	}
	n, err := parseVersion(version)
	if err != nil {
		return err
	}
	var text strings.Builder // as json.dumps writes it
	for _, e := range append(entries, entry{name, n}) {
		text.WriteString(`, {"name": `)
		writePythonText(&text, e.Name)
		fmt.Fprintf(&text, `, "version": %d}`, e.Version)
	}
	return putLoggedModelTag(tx, model, keyValue{tag, "[" + strings.TrimPrefix(text.String(), ", ") + "]"})
}

// copyVersion makes the version one of another version, which name/1, name/latest, name/stage or name@alias names.
func (v *newVersion) copyVersion(tx *session, which string) error {
	name, version, two := strings.Cut(which, "/")
	alias := ""
	if !two {
		at := strings.LastIndex(which, "@")
		name, alias = which[:at], which[at+1:]
	}
	if strings.TrimSpace(name) == "" || strings.TrimSpace(version+alias) == "" || strings.Contains(version, "/") {
		return invalidf("Invalid model version source: '%s'. The model_id request parameter must identify the resource that contains the source.", v.source)
	}
	model, err := findModel(tx, name)
	if err != nil {
		return err
	}
	for _, t := range model.Tags {
		if t.Key == promptTag && strings.EqualFold(t.Value, "true") {
			return invalidf("Invalid model version source: '%s'. Prompt versions cannot be used as model version sources.", v.source)
		}
	}
	found, err := versionNamed(tx, model, version, alias)
	if err != nil {
		return err
	}
	run := ""
	if found.RunID != nil {
		run = *found.RunID
	}
	if v.givesRun && v.runID != run || v.givesModel && v.modelID != "" {
		return invalidf("Invalid model version source: '%s'. The run_id and model_id request parameters must match the referenced model version.", v.source)
	}
	v.source, v.runID = "models:/"+name+"/"+found.Version, run
	v.location, err = versionLocation(tx, found)
	return err
}

// versionNamed finds a version by its number, an alias, or the highest one of a stage or of all.
func versionNamed(tx *session, model *registeredModel, version, alias string) (*modelVersion, error) {
	switch {
	case alias != "":
		return versionOfAlias(tx, model, alias)
	case strings.Trim(version, "0123456789") == "":
		return findVersion(tx, model.Name, version)
	}
	stage, named := "", ""
	if !strings.EqualFold(version, "latest") {
		known, err := canonicalStage(version)
		if err != nil {
			return nil, err
		}
		stage, named = known, " and stage '"+version+"'"
	}
	for _, v := range slices.Backward(model.LatestVersions) {
		if stage == "" || *v.Stage == stage {
			return v, nil
		}
	}
	return nil, failf(codeInternal, "No versions of model with name '%s'%s found", model.Name, named)
}

// versionLocation is where a version's files are.
func versionLocation(tx *session, v *modelVersion) (string, error) {
	var location, source sql.NullString
	_, err := tx.first(`SELECT storage_location, source FROM model_versions WHERE name = ? AND version = ?`, []any{v.Name, v.Version}, &location, &source)
	if location.String == "" {
		location = source
	}
	return location.String, err
}
