package embedded

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

const maxAliasLength = 255

var (
	aliasPattern   = regexp.MustCompile(`^[\pL\pN_\-]*\n?$`)
	versionPattern = regexp.MustCompile(`^[vV]\d+\n?$`)
)

func checkAlias(alias string) error {
	if !aliasPattern.MatchString(alias) {
		return invalidf("Invalid alias name: '%s'. Names may only contain alphanumerics, underscores (_), and dashes (-).", alias)
	}
	return checkLength("Registered model alias name", maxAliasLength, alias)
}

var aliasRules = []rule{param("name", isString, mandatory), param("alias", isString, mandatory)}

func (s *Store) setAlias(ctx context.Context, r *request) (any, error) {
	if err := r.decode(versionRequest, append(slices.Clone(aliasRules), param("version", isString, mandatory))); err != nil {
		return nil, err
	}
	name, alias := r.msg.str("name"), r.msg.str("alias")
	if err := checkModelName("name", name); err != nil {
		return nil, err
	}
	if err := checkAlias(alias); err != nil {
		return nil, err
	}
	switch {
	case strings.EqualFold(alias, "latest"):
		return nil, invalidf("'latest' alias name (case insensitive) is reserved.")
	case versionPattern.MatchString(alias):
		return nil, invalidf("Version alias name '%s' is reserved.", alias)
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		v, err := findVersion(tx, name, r.msg.str("version"))
		if err != nil {
			return err
		}
		_, err = tx.exec(`INSERT OR REPLACE INTO registered_model_aliases (name, alias, version) VALUES (?, ?, ?)`, name, alias, v.Version)
		return err
	})
}

func (s *Store) deleteAlias(ctx context.Context, r *request) (any, error) {
	if err := r.decode(versionRequest, aliasRules); err != nil {
		return nil, err
	}
	name, alias := r.msg.str("name"), r.msg.str("alias")
	if err := checkAlias(alias); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		if _, err := findModel(tx, name); err != nil {
			return err
		}
		_, err := tx.exec(`DELETE FROM registered_model_aliases WHERE name = ? AND alias = ?`, name, alias)
		return err
	})
}

// versionByAlias finds the version that carries an alias; "latest" is the highest one.
func (s *Store) versionByAlias(ctx context.Context, r *request) (any, error) {
	if err := r.decode(versionRequest, aliasRules); err != nil {
		return nil, err
	}
	name, alias := r.msg.str("name"), r.msg.str("alias")
	return s.answerVersion(ctx, s.read, func(tx *session) (*modelVersion, error) {
		if err := checkModelName("name", name); err != nil {
			return nil, err
		}
		if err := checkAlias(alias); err != nil {
			return nil, err
		}
		model, err := findModel(tx, name)
		if err != nil {
			return nil, err
		}
		return versionOfAlias(tx, model, alias)
	})
}

func versionOfAlias(tx *session, model *registeredModel, alias string) (*modelVersion, error) {
	if strings.EqualFold(alias, "latest") {
		if len(model.LatestVersions) == 0 {
			return nil, failf(codeNotFound, "Latest version not found for model %s.", model.Name)
		}
		return findVersion(tx, model.Name, model.LatestVersions[len(model.LatestVersions)-1].Version)
	}
	for _, a := range model.Aliases {
		if a.Alias == alias {
			return findVersion(tx, model.Name, a.Version)
		}
	}
	return nil, invalidf("Registered model alias %s not found.", alias)
}
