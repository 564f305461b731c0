package mlflowclient

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// PromptMessage is a message of a chat prompt.
type PromptMessage struct {
	// Role is such as "system", "user" or "assistant".
	Role string
	// Content is a template, as a text prompt is.
	Content string
	// Other holds what else a message has, such as "name" or "tool_calls", and a "content" that is not a text.
	Other map[string]any
}

// MarshalJSON writes the object that MLflow keeps.
func (m PromptMessage) MarshalJSON() ([]byte, error) {
	all := maps.Clone(m.Other)
	if all == nil {
		all = map[string]any{}
	}
	all["role"] = m.Role
	if _, ok := all["content"]; !ok || m.Content != "" {
		all["content"] = m.Content
	}
	return marshal(all)
}

// UnmarshalJSON reads the object that MLflow keeps.
func (m *PromptMessage) UnmarshalJSON(data []byte) error {
	v, err := decodeJSON(data)
	if err != nil {
		return err
	}
	all, ok := v.(map[string]any)
	role, text := all["role"].(string)
	if !ok || !text {
		return fmt.Errorf("%.100s is no message with a role", data)
	}
	*m = PromptMessage{Role: role}
	delete(all, "role")
	if content, ok := all["content"].(string); ok {
		m.Content = content
		delete(all, "content")
	}
	if len(all) > 0 {
		m.Other = all
	}
	return nil
}

// promptVariable is {{ name }} or {{ name.part }}, with any of Unicode's white space around it.
var promptVariable = regexp.MustCompile(`\{\{[\s\v\x1c-\x1f\x{85}\p{Z}]*([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*)[\s\v\x1c-\x1f\x{85}\p{Z}]*\}\}`)

// Variables are the names in double braces, sorted: "name" for {{ name }}.
func (v *PromptVersion) Variables() []string {
	found := map[string]bool{}
	for _, text := range v.texts() {
		for _, match := range promptVariable.FindAllStringSubmatch(text, -1) {
			found[match[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (v *PromptVersion) texts() []string {
	if len(v.Messages) == 0 {
		return []string{v.Template}
	}
	var all []string
	for _, m := range v.Messages {
		all = append(all, m.Content)
	}
	return all
}

// Format fills in a text prompt, with values as fmt.Sprint writes them. A variable without a value is ErrInvalidParameter,
// a value without a variable is not used. What a value holds is never taken for a variable.
//
// Templates with {% … %}, which Python renders by Jinja, are ErrNotImplemented.
func (v *PromptVersion) Format(values map[string]any) (string, error) {
	if len(v.Messages) > 0 {
		return "", invalid("prompt %s is one of messages: use FormatMessages", v.URI())
	}
	if err := v.checkFormat(values); err != nil {
		return "", err
	}
	return fillPrompt(v.Template, values), nil
}

// FormatMessages fills in a chat prompt like [PromptVersion.Format]; a text prompt becomes one message of role "user".
func (v *PromptVersion) FormatMessages(values map[string]any) ([]PromptMessage, error) {
	if err := v.checkFormat(values); err != nil {
		return nil, err
	}
	return v.FormatPartly(values).messages(), nil
}

func (v *PromptVersion) messages() []PromptMessage {
	if len(v.Messages) == 0 {
		return []PromptMessage{{Role: "user", Content: v.Template}}
	}
	return v.Messages
}

// FormatPartly fills in what there are values for, in a copy.
func (v *PromptVersion) FormatPartly(values map[string]any) *PromptVersion {
	out := *v
	out.Template = fillPrompt(v.Template, values)
	out.Messages = slices.Clone(v.Messages)
	for i := range out.Messages {
		out.Messages[i].Content = fillPrompt(out.Messages[i].Content, values)
	}
	return &out
}

func (v *PromptVersion) checkFormat(values map[string]any) error {
	for _, text := range v.texts() {
		if strings.Contains(text, "{%") && strings.Contains(text, "%}") {
			return &Error{Code: CodeNotImplemented, Message: "prompt " + v.URI() + " is a Jinja template ({% … %}), which is rendered in Python only"}
		}
	}
	var missing []string
	for _, name := range v.Variables() {
		if _, ok := values[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return invalid("prompt %s: there is no value for %s", v.URI(), strings.Join(missing, ", "))
	}
	return nil
}

func fillPrompt(text string, values map[string]any) string {
	return promptVariable.ReplaceAllStringFunc(text, func(match string) string {
		value, ok := values[promptVariable.FindStringSubmatch(match)[1]]
		if !ok {
			return match
		}
		return fmt.Sprint(value)
	})
}

var (
	_ json.Marshaler   = PromptMessage{}
	_ json.Unmarshaler = (*PromptMessage)(nil)
)
