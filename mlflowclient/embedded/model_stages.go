package embedded

import (
	"context"
	"slices"
	"strings"
)

// modelStages are the stages of versions, which MLflow has deprecated in favour of aliases.
var modelStages = []string{"None", "Staging", "Production", "Archived"}

// canonicalStage is a stage as it is stored, of one that is written in any case.
func canonicalStage(stage string) (string, error) {
	for _, known := range modelStages {
		if strings.EqualFold(known, stage) {
			return known, nil
		}
	}
	return "", invalidf("Invalid Model Version stage: %s. Value must be one of %s.", stage, strings.Join(modelStages, ", "))
}

// latestVersions gives the highest version of each stage asked for.
func (s *Store) latestVersions(ctx context.Context, r *request) (any, error) {
	if err := r.decode(modelNameRequest, rules(param("name", isString, mandatory), param("stages", isArray, isArrayOfStrings))); err != nil {
		return nil, err
	}
	var found []*modelVersion
	err := s.read(ctx, func(tx *session) error {
		model, err := findModel(tx, r.msg.str("name"))
		if err != nil {
			return err
		}
		wanted := modelStages
		if asked := r.msg.strs("stages"); len(asked) > 0 {
			wanted = nil
			for _, stage := range asked {
				known, err := canonicalStage(stage)
				if err != nil {
					return err
				}
				wanted = append(wanted, known)
			}
		}
		for _, v := range model.LatestVersions {
			if !slices.Contains(wanted, *v.Stage) {
				continue
			}
			whole, err := findVersion(tx, v.Name, v.Version)
			if err != nil {
				return err
			}
			found = append(found, whole)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Versions []*modelVersion `json:"model_versions,omitempty"`
	}{found}, nil
}

var transitionRequest = &descriptor{fields: []field{{name: "name"}, {name: "version"}, {name: "stage"}, {name: "archive_existing_versions", kind: kindBool}}}

// transitionStage moves a version to a stage, and those that are there to the archive.
func (s *Store) transitionStage(ctx context.Context, r *request) (any, error) {
	if err := r.decode(transitionRequest, versionRules(param("stage", isString, mandatory), param("archive_existing_versions", isBool))); err != nil {
		return nil, err
	}
	stage, err := canonicalStage(r.msg.str("stage"))
	if err != nil {
		return nil, err
	}
	archive, _ := r.msg.value("archive_existing_versions").(bool)
	if archive && stage != "Staging" && stage != "Production" {
		return nil, failf(codeInternal, "Model version transition cannot archive existing model versions because '%s' is not an Active stage. Valid stages are ['Staging', 'Production']",
			r.msg.str("stage"))
	}
	return s.answerVersion(ctx, s.write, func(tx *session) (*modelVersion, error) {
		v, err := findVersion(tx, r.msg.str("name"), r.msg.str("version"))
		if err != nil {
			return nil, err
		}
		now := nowMillis()
		if archive {
			if _, err := tx.exec(`UPDATE model_versions SET current_stage = 'Archived', last_updated_time = ? WHERE name = ? AND version != ? AND current_stage = ?`,
				now, v.Name, v.Version, stage); err != nil {
				return nil, err
			}
		}
		if _, err := tx.exec(`UPDATE model_versions SET current_stage = ?, last_updated_time = ? WHERE name = ? AND version = ?`, stage, now, v.Name, v.Version); err != nil {
			return nil, err
		}
		if _, err := tx.exec(`UPDATE registered_models SET last_updated_time = ? WHERE name = ?`, now, v.Name); err != nil {
			return nil, err
		}
		v.Stage, v.Updated = &stage, now
		return v, nil
	})
}
