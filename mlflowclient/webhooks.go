package mlflowclient

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	webhooksPath = "webhooks"
	maxWebhooks  = 1000
)

// WebhookService is [Client.Webhooks]: the server calls a URL when something happens in its registry. [WebhookReceiver]
// is the other side. A server calls https URLs of public addresses, unless it is started with
// MLFLOW_WEBHOOK_ALLOWED_SCHEMES and MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS; it keeps secrets encrypted with
// MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY, without which they are lost when it restarts; and it notices a new webhook up to
// MLFLOW_WEBHOOK_CACHE_TTL (60) seconds late.
type WebhookService struct{ api *api }

// WebhookEvent is what happened, as entity.action.
type WebhookEvent string

// The events of MLflow's server.
const (
	EventRegisteredModelCreated   WebhookEvent = "registered_model.created"
	EventModelVersionCreated      WebhookEvent = "model_version.created"
	EventModelVersionTagSet       WebhookEvent = "model_version_tag.set"
	EventModelVersionTagDeleted   WebhookEvent = "model_version_tag.deleted"
	EventModelVersionAliasCreated WebhookEvent = "model_version_alias.created"
	EventModelVersionAliasDeleted WebhookEvent = "model_version_alias.deleted"
	EventPromptCreated            WebhookEvent = "prompt.created"
	EventPromptVersionCreated     WebhookEvent = "prompt_version.created"
	EventPromptTagSet             WebhookEvent = "prompt_tag.set"
	EventPromptTagDeleted         WebhookEvent = "prompt_tag.deleted"
	EventPromptVersionTagSet      WebhookEvent = "prompt_version_tag.set"
	EventPromptVersionTagDeleted  WebhookEvent = "prompt_version_tag.deleted"
	EventPromptAliasCreated       WebhookEvent = "prompt_alias.created"
	EventPromptAliasDeleted       WebhookEvent = "prompt_alias.deleted"
	EventBudgetPolicyExceeded     WebhookEvent = "budget_policy.exceeded"
)

// WebhookStatus says whether the server calls a webhook.
type WebhookStatus string

// The status of a webhook; a new one is active.
const (
	WebhookActive   WebhookStatus = "ACTIVE"
	WebhookDisabled WebhookStatus = "DISABLED"
)

// Webhook is a URL that the server calls. Its secret is never told.
type Webhook struct {
	ID          string
	Name        string
	Description string
	URL         string
	Events      []WebhookEvent
	Status      WebhookStatus
	// Created and Updated have milliseconds.
	Created, Updated time.Time
}

type webhookJSON struct {
	ID          string             `json:"webhook_id,omitempty"`
	Name        string             `json:"name,omitempty"`
	Description *string            `json:"description,omitempty"`
	URL         string             `json:"url,omitempty"`
	Events      []webhookEventJSON `json:"events,omitempty"`
	Secret      string             `json:"secret,omitempty"`
	Status      WebhookStatus      `json:"status,omitempty"`
	Created     *integer           `json:"creation_timestamp,omitempty"`
	Updated     *integer           `json:"last_updated_timestamp,omitempty"`
}

// webhookEventJSON has the names in capitals, unlike what is sent to the webhook.
type webhookEventJSON struct {
	Entity string `json:"entity"`
	Action string `json:"action"`
}

func (e WebhookEvent) wire() webhookEventJSON {
	entity, action, _ := strings.Cut(strings.ToUpper(string(e)), ".")
	return webhookEventJSON{entity, action}
}

func (e webhookEventJSON) value() WebhookEvent {
	return WebhookEvent(strings.ToLower(e.Entity + "." + e.Action))
}

func (w *webhookJSON) value() *Webhook {
	out := &Webhook{
		ID: w.ID, Name: w.Name, Description: deref(w.Description), URL: w.URL, Status: w.Status,
		Created: fromMillis(w.Created), Updated: fromMillis(w.Updated),
	}
	for _, e := range w.Events {
		out.Events = append(out.Events, e.value())
	}
	return out
}

func eventsOf(events []WebhookEvent) ([]webhookEventJSON, error) {
	var out []webhookEventJSON
	for _, e := range events {
		wire := e.wire()
		if wire.Entity == "" || wire.Action == "" {
			return nil, invalid("the event %q is not of the form entity.action", e)
		}
		out = append(out, wire)
	}
	return out, nil
}

// CreateWebhook describes a new webhook.
type CreateWebhook struct {
	// Name is up to 63 letters, digits and . _ - long, and begins and ends with a letter or digit.
	Name        string
	Description string
	URL         string
	// Events is at least one.
	Events []WebhookEvent
	// Secret signs what is sent. Without it, the receiver cannot tell who calls.
	Secret string
	// Status is WebhookActive when empty.
	Status WebhookStatus
}

// Create makes a webhook. Names need not be unique. It is not sent again when its end is unknown.
func (s *WebhookService) Create(ctx context.Context, in CreateWebhook) (*Webhook, error) {
	events, err := eventsOf(in.Events)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, creates(webhooksPath), webhookJSON{
		Name: in.Name, Description: given(in.Description), URL: in.URL, Events: events, Secret: in.Secret, Status: in.Status,
	})
}

func (s *WebhookService) one(ctx context.Context, op operation, in any) (*Webhook, error) {
	var out struct {
		Webhook webhookJSON `json:"webhook"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Webhook.value(), nil
}

// Get returns a webhook, or ErrNotFound.
func (s *WebhookService) Get(ctx context.Context, id string) (*Webhook, error) {
	path, err := webhookPath(id)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, reads(path), nil)
}

func webhookPath(id string) (string, error) {
	if strings.Trim(id, ".") == "" {
		return "", invalid("%q is not a webhook's id", id)
	}
	return webhooksPath + "/" + url.PathEscape(id), nil
}

// ListWebhooks says how webhooks are listed.
type ListWebhooks struct {
	// PageSize is the number of webhooks a request asks for, up to 1000; 0 means 100.
	PageSize int
}

// List walks over all webhooks, the newest first.
func (s *WebhookService) List(ctx context.Context, q ListWebhooks) iter.Seq2[*Webhook, error] {
	return iterate(func(token string) (*Page[Webhook], error) { return s.ListPage(ctx, q, token) })
}

// ListPage returns one page of the webhooks; an empty token gives the first.
func (s *WebhookService) ListPage(ctx context.Context, q ListWebhooks, token string) (*Page[Webhook], error) {
	if q.PageSize == 0 {
		q.PageSize = 100
	}
	if q.PageSize < 0 || q.PageSize > maxWebhooks {
		return nil, invalid("a page of %d webhooks: 1 to %d are possible", q.PageSize, maxWebhooks)
	}
	in := url.Values{"max_results": {strconv.Itoa(q.PageSize)}}
	if token != "" {
		in.Set("page_token", token)
	}
	var out struct {
		Webhooks  []webhookJSON `json:"webhooks"`
		NextToken string        `json:"next_page_token"`
	}
	if err := s.api.call(ctx, reads(webhooksPath), in, &out); err != nil {
		return nil, err
	}
	page := &Page[Webhook]{NextToken: out.NextToken}
	for i := range out.Webhooks {
		page.Items = append(page.Items, out.Webhooks[i].value())
	}
	return page, nil
}

// UpdateWebhook changes what is not empty, and the description when it is not nil.
type UpdateWebhook struct {
	Name        string
	Description *string
	URL         string
	Events      []WebhookEvent
	Secret      string
	Status      WebhookStatus
}

// Update changes a webhook and returns it as it is then.
func (s *WebhookService) Update(ctx context.Context, id string, in UpdateWebhook) (*Webhook, error) {
	path, err := webhookPath(id)
	if err != nil {
		return nil, err
	}
	events, err := eventsOf(in.Events)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, patches(path), webhookJSON{
		Name: in.Name, Description: in.Description, URL: in.URL, Events: events, Secret: in.Secret, Status: in.Status,
	})
}

// Delete removes a webhook.
func (s *WebhookService) Delete(ctx context.Context, id string) error {
	path, err := webhookPath(id)
	if err != nil {
		return err
	}
	return doneBefore(s.api.call(ctx, deletes(path), nil, nil), ErrNotFound)
}

// WebhookTest is what came of a trial call.
type WebhookTest struct {
	// Success says that the webhook answered with a status below 400.
	Success bool
	// Status and Body are the webhook's answer; 0 and empty when there was none.
	Status int
	Body   string
	// Error says why there was no answer.
	Error string
}

// Test has the server call a webhook with an example of an event, even when it is disabled; an empty event is the first
// of its own. A webhook that fails is no error of Test. The server waits for the answer, and repeats what failed.
func (s *WebhookService) Test(ctx context.Context, id string, event WebhookEvent) (*WebhookTest, error) {
	path, err := webhookPath(id)
	if err != nil {
		return nil, err
	}
	in := struct {
		Event *webhookEventJSON `json:"event,omitempty"`
	}{}
	if event != "" {
		events, err := eventsOf([]WebhookEvent{event})
		if err != nil {
			return nil, err
		}
		in.Event = &events[0]
	}
	var out struct {
		Result struct {
			Success bool   `json:"success"`
			Status  int    `json:"response_status"`
			Body    string `json:"response_body"`
			Error   string `json:"error_message"`
		} `json:"result"`
	}
	if err := s.api.call(ctx, creates(path+"/test"), in, &out); err != nil {
		return nil, err
	}
	r := out.Result
	return &WebhookTest{Success: r.Success, Status: r.Status, Body: r.Body, Error: r.Error}, nil
}

// Calls says whether the webhook is called for an event.
func (w *Webhook) Calls(event WebhookEvent) bool {
	return w.Status == WebhookActive && slices.Contains(w.Events, event)
}
