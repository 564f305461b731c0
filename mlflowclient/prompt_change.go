package mlflowclient

import (
	"context"
	"slices"
	"strings"
)

// LinkToExperiment lists a prompt on the page of an experiment. Two that link the same prompt at once may lose one of the
// two: MLflow keeps the experiments in one tag.
func (s *PromptService) LinkToExperiment(ctx context.Context, name, experimentID string) error {
	prompt, err := s.Get(ctx, name)
	if err != nil {
		return err
	}
	if slices.Contains(prompt.ExperimentIDs, experimentID) {
		return nil
	}
	ids := strings.Join(append(prompt.ExperimentIDs, experimentID), ",")
	return s.models().SetTag(ctx, name, promptHomesTag, ","+ids+",")
}

// SetTag sets a tag of a prompt, or overwrites it.
func (s *PromptService) SetTag(ctx context.Context, name, key, value string) error {
	if err := checkPromptTag(key); err != nil {
		return err
	}
	return s.models().SetTag(ctx, name, key, value)
}

// DeleteTag takes a tag of a prompt away; that it was not there is no error.
func (s *PromptService) DeleteTag(ctx context.Context, name, key string) error {
	if err := checkPromptTag(key); err != nil {
		return err
	}
	return s.models().DeleteTag(ctx, name, key)
}

// SetVersionTag sets a tag of a version, or overwrites it.
func (s *PromptService) SetVersionTag(ctx context.Context, name, version, key, value string) error {
	if err := checkPromptTag(key); err != nil {
		return err
	}
	return s.versions().SetTag(ctx, name, version, key, value)
}

// DeleteVersionTag takes a tag of a version away; that it was not there is no error.
func (s *PromptService) DeleteVersionTag(ctx context.Context, name, version, key string) error {
	if err := checkPromptTag(key); err != nil {
		return err
	}
	return s.versions().DeleteTag(ctx, name, version, key)
}

func checkPromptTag(key string) error {
	if reservedPromptTag(key) || key == promptHomesTag {
		return invalid("the tag %s is one by which MLflow keeps prompts", key)
	}
	return nil
}

// SetAlias points an alias at a version, and away from the one that it pointed at; see [RegisteredModelService.SetAlias].
func (s *PromptService) SetAlias(ctx context.Context, name, alias, version string) error {
	return s.models().SetAlias(ctx, name, alias, version)
}

// DeleteAlias takes an alias away; that it was not there is no error.
func (s *PromptService) DeleteAlias(ctx context.Context, name, alias string) error {
	return s.models().DeleteAlias(ctx, name, alias)
}

// DeleteVersion removes a version and the aliases that point at it. Its number is not used again.
func (s *PromptService) DeleteVersion(ctx context.Context, name, version string) error {
	return s.versions().Delete(ctx, name, version)
}

// Delete removes a prompt with all its versions. A registered model that is no prompt is ErrInvalidParameter.
func (s *PromptService) Delete(ctx context.Context, name string) error {
	if _, err := s.Get(ctx, name); err != nil {
		return err
	}
	return s.models().Delete(ctx, name)
}
