package mlflowclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Tags by which MLflow keeps prompts: a prompt is a registered model, a version's template is a tag.
const (
	promptTag        = "mlflow.prompt.is_prompt"
	promptTextTag    = "mlflow.prompt.text"
	promptTypeTag    = "_mlflow_prompt_type"
	promptFormatTag  = "_mlflow_prompt_response_format"
	promptConfigTag  = "_mlflow_prompt_model_config"
	promptHomesTag   = "_mlflow_experiment_ids" // ",1,2,"
	promptTypeText   = "text"
	promptTypeChat   = "chat"
	promptSource     = "dummy-source" // a version needs a source; this is the one that the server lets pass for prompts
	isPrompt         = "tags.`" + promptTag + "` = 'true'"
	latestPromptName = "latest"
)

var promptName = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// Prompt is a named text with versions, for language models.
type Prompt struct {
	// Name consists of letters and digits of ASCII, "_", "-" and ".".
	Name        string
	Description string
	// Tags are without those by which MLflow keeps prompts.
	Tags map[string]string
	// Aliases give versions names: alias → version.
	Aliases map[string]string
	// ExperimentIDs are the experiments whose pages list the prompt.
	ExperimentIDs    []string
	Created, Updated time.Time
}

// PromptVersion is one version of a prompt. It does not change, but for its tags and aliases.
type PromptVersion struct {
	Name string
	// Version is a number as text, counted from "1".
	Version string
	// Template is the text of a text prompt; see [PromptVersion.Format].
	Template string
	// Messages are those of a chat prompt, which has no Template.
	Messages []PromptMessage
	// CommitMessage says what is new.
	CommitMessage string
	// ResponseFormat, unless empty, is the JSON schema of the answer.
	ResponseFormat json.RawMessage
	// ModelConfig, unless empty, is JSON such as {"model_name":"…","temperature":0.7}.
	ModelConfig json.RawMessage
	// Tags are without those by which MLflow keeps prompts.
	Tags map[string]string
	// Aliases that point at it. Lists of versions come without them.
	Aliases          []string
	UserID           string
	Created, Updated time.Time
}

// URI is prompts:/ with name and version.
func (v *PromptVersion) URI() string { return "prompts:/" + v.Name + "/" + v.Version }

// PromptService is [Client.Prompts]. Prompts are registered models, and work in a database file, too.
type PromptService struct{ api *api }

// RegisterPrompt is a new version of a prompt. A name and either Template or Messages are needed.
type RegisterPrompt struct {
	// Name is made when it does not exist.
	Name          string
	Template      string
	Messages      []PromptMessage
	CommitMessage string
	// Tags are set on the version and on the prompt.
	Tags map[string]string
	// ResponseFormat and ModelConfig are written as JSON, unless nil.
	ResponseFormat, ModelConfig any
	// ExperimentID, unless empty, is an experiment that lists the prompt from now on.
	ExperimentID string
}

// Register makes the next version of a prompt, and the prompt when it does not exist. A registered model of that name that
// is no prompt is ErrInvalidParameter. The version is not made again when the end of that is unknown.
func (s *PromptService) Register(ctx context.Context, in RegisterPrompt) (*PromptVersion, error) {
	tags, err := in.tags()
	if err != nil {
		return nil, err
	}
	made, err := s.ensure(ctx, &in)
	if err != nil {
		return nil, err
	}
	version, err := s.versions().Create(ctx, CreateModelVersion{Name: in.Name, Source: promptSource, Description: in.CommitMessage, Tags: tags})
	if err != nil {
		if e, ok := errors.AsType[*Error](err); made && ok && e.Status != 0 && !e.Uncertain {
			// As in Python's client: a prompt that could get no first version leaves nothing behind.
			err = errors.Join(err, s.models().Delete(ctx, in.Name))
		}
		return nil, err
	}
	if in.ExperimentID != "" {
		if err := s.LinkToExperiment(ctx, in.Name, in.ExperimentID); err != nil {
			return nil, fmt.Errorf("version %s of prompt %s is registered, but not linked: %w", version.Version, in.Name, err)
		}
	}
	return promptVersion(version)
}

// tags are those of the new version.
func (in *RegisterPrompt) tags() (map[string]string, error) {
	if !promptName.MatchString(in.Name) {
		return nil, invalid("the name of the prompt %q has other characters than letters, digits, '_', '-' and '.'", in.Name)
	}
	if (in.Template == "") == (len(in.Messages) == 0) {
		return nil, invalid("prompt %s needs either a template or messages", in.Name)
	}
	for key := range in.Tags {
		if err := checkPromptTag(key); err != nil {
			return nil, fmt.Errorf("prompt %s: %w", in.Name, err)
		}
	}
	tags := map[string]string{promptTag: "true", promptTypeTag: promptTypeText, promptTextTag: in.Template}
	maps.Copy(tags, in.Tags)
	if len(in.Messages) > 0 {
		text, err := jsonText(in.Messages)
		if err != nil {
			return nil, err
		}
		tags[promptTypeTag], tags[promptTextTag] = promptTypeChat, text
	}
	for key, value := range map[string]any{promptFormatTag: in.ResponseFormat, promptConfigTag: in.ModelConfig} {
		if value == nil {
			continue
		}
		text, err := jsonText(value)
		if err != nil {
			return nil, err
		}
		tags[key] = text
	}
	return tags, nil
}

func reservedPromptTag(key string) bool {
	return slices.Contains([]string{promptTag, promptTextTag, promptTypeTag, promptFormatTag, promptConfigTag}, key)
}

// ensure makes the prompt, or sets its tags, and tells whether it made it.
func (s *PromptService) ensure(ctx context.Context, in *RegisterPrompt) (made bool, err error) {
	_, err = s.Get(ctx, in.Name)
	if errors.Is(err, ErrNotFound) {
		tags := map[string]string{promptTag: "true"}
		maps.Copy(tags, in.Tags)
		_, err = s.models().Create(ctx, CreateRegisteredModel{Name: in.Name, Description: in.CommitMessage, Tags: tags})
		if err == nil {
			return true, nil
		}
		if errors.Is(err, ErrAlreadyExists) { // somebody else was quicker, or our own attempt whose answer was lost
			_, err = s.Get(ctx, in.Name)
		}
	}
	if err != nil {
		return false, err
	}
	for _, key := range sortedKeys(in.Tags) {
		if err := s.SetTag(ctx, in.Name, key, in.Tags[key]); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (s *PromptService) models() *RegisteredModelService { return &RegisteredModelService{s.api} }
func (s *PromptService) versions() *ModelVersionService  { return &ModelVersionService{s.api} }

// Get returns a prompt, or ErrNotFound; a registered model that is no prompt is ErrInvalidParameter.
func (s *PromptService) Get(ctx context.Context, name string) (*Prompt, error) {
	model, err := s.models().Get(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, ok := model.Tags[promptTag]; !ok {
		return nil, invalid("%s is a registered model, not a prompt", name)
	}
	return promptOf(model), nil
}

func promptOf(m *RegisteredModel) *Prompt {
	p := &Prompt{
		Name: m.Name, Description: m.Description, Tags: map[string]string{}, Aliases: m.Aliases, Created: m.Created, Updated: m.Updated,
	}
	for key, value := range m.Tags {
		switch {
		case key == promptHomesTag:
			p.ExperimentIDs = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		case !reservedPromptTag(key):
			p.Tags[key] = value
		}
	}
	return p
}

// Load returns a version of a prompt by prompts:/name/3, prompts:/name@alias, prompts:/name@latest, or by a name alone,
// which means the latest. What does not exist is ErrNotFound.
func (s *PromptService) Load(ctx context.Context, uri string) (*PromptVersion, error) {
	name, version, alias, err := parsePromptURI(uri)
	if err != nil {
		return nil, err
	}
	var found *ModelVersion
	if version != "" {
		found, err = s.versions().Get(ctx, name, version)
	} else {
		found, err = s.versions().GetByAlias(ctx, name, alias)
	}
	if err != nil {
		return nil, err
	}
	return promptVersion(found)
}

// parsePromptURI gives either a version or an alias.
func parsePromptURI(uri string) (name, version, alias string, err error) {
	rest, isURI := strings.CutPrefix(uri, "prompts:/")
	name, alias, byAlias := strings.Cut(rest, "@")
	byVersion := false
	if !byAlias && isURI {
		name, version, byVersion = strings.Cut(rest, "/")
	}
	if !byAlias && !byVersion {
		alias = latestPromptName
	}
	digits := strings.Trim(version, "0123456789") == "" && version != ""
	if !promptName.MatchString(name) || byVersion && !digits || byAlias && (alias == "" || strings.ContainsAny(alias, "/@") || !isURI) {
		return "", "", "", invalid("the prompt %q is not of the form prompts:/name/3, prompts:/name@alias or name", uri)
	}
	return name, version, alias, nil
}

func promptVersion(v *ModelVersion) (*PromptVersion, error) {
	text, ok := v.Tags[promptTextTag]
	if _, is := v.Tags[promptTag]; !is || !ok {
		return nil, invalid("version %s of %s is a model, not a prompt", v.Version, v.Name)
	}
	out := &PromptVersion{
		Name: v.Name, Version: v.Version, CommitMessage: v.Description, Tags: map[string]string{}, Aliases: v.Aliases, UserID: v.UserID,
		Created: v.Created, Updated: v.Updated,
	}
	for key, value := range v.Tags {
		if !reservedPromptTag(key) {
			out.Tags[key] = value
		}
	}
	if format := v.Tags[promptFormatTag]; format != "" {
		out.ResponseFormat = json.RawMessage(format)
	}
	if config := v.Tags[promptConfigTag]; config != "" {
		out.ModelConfig = json.RawMessage(config)
	}
	if v.Tags[promptTypeTag] != promptTypeChat {
		out.Template = text
		return out, nil
	}
	if err := json.Unmarshal([]byte(text), &out.Messages); err != nil {
		return nil, broken("version %s of prompt %s: the messages cannot be read: %v", v.Version, v.Name, err)
	}
	return out, nil
}

// SearchPrompts selects prompts. The zero value gives all, by name.
type SearchPrompts struct {
	// Filter as MLflow knows it, for example `name LIKE 'qa%' AND tags.team = 'wine'`; see [Quote] for values.
	Filter string
	// OrderBy holds clauses such as "name ASC" or "last_updated_timestamp DESC".
	OrderBy []string
	// PageSize is the number of prompts a request asks for; 0 means 1000, the most there is.
	PageSize int
}

// Search walks over the prompts that match.
func (s *PromptService) Search(ctx context.Context, q SearchPrompts) iter.Seq2[*Prompt, error] {
	return iterate(func(token string) (*Page[Prompt], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *PromptService) SearchPage(ctx context.Context, q SearchPrompts, token string) (*Page[Prompt], error) {
	filter := isPrompt
	if q.Filter != "" {
		filter = q.Filter + " AND " + isPrompt
	}
	found, err := s.models().SearchPage(ctx, SearchRegisteredModels{Filter: filter, OrderBy: q.OrderBy, PageSize: q.PageSize}, token)
	if err != nil {
		return nil, err
	}
	page := &Page[Prompt]{NextToken: found.NextToken}
	for _, model := range found.Items {
		page.Items = append(page.Items, promptOf(model))
	}
	return page, nil
}

// Versions walks over the versions of a prompt, the last first, without their aliases.
func (s *PromptService) Versions(ctx context.Context, name string) iter.Seq2[*PromptVersion, error] {
	q := SearchModelVersions{Filter: "name = '" + name + "' AND " + isPrompt, OrderBy: []string{"version_number DESC"}}
	return func(yield func(*PromptVersion, error) bool) {
		if !promptName.MatchString(name) {
			yield(nil, invalid("%q is not the name of a prompt", name))
			return
		}
		for found, err := range s.versions().Search(ctx, q) {
			var version *PromptVersion
			if err == nil {
				version, err = promptVersion(found)
			}
			if !yield(version, err) || err != nil {
				return
			}
		}
	}
}
