package predictsvc

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"mlopsgo/mlflowclient"
)

// webhookPath is what MLflow calls. Its calls have no token but a signature.
const webhookPath = "/webhook"

// webhook takes a call of MLflow's webhook, whose signature it checks. What it says is not believed beyond that: it makes the service look
// at the registry at once.
func (s *Service) webhook(c *gin.Context) {
	outcome := "refused"
	receiver := mlflowclient.WebhookReceiver{Secret: s.config.WebhookSecret, Handle: func(ctx context.Context, d *mlflowclient.WebhookDelivery) error {
		if outcome = "ignored"; s.lookNow(d.Data.Name) {
			outcome = "followed"
			s.config.Logger.InfoContext(ctx, "MLflow's webhook calls", "event", string(d.Event), "model", d.Data.Name, "version", d.Data.Version, "alias", d.Data.Alias)
		}
		return nil
	}}
	receiver.ServeHTTP(c.Writer, c.Request)
	c.Writer.WriteHeaderNow()
	s.metrics.webhooks.WithLabelValues(outcome).Inc()
	if c.Writer.Status() == http.StatusUnauthorized {
		s.config.Logger.WarnContext(c, "a call of the webhook is not MLflow's: check the secret and the clocks", "client", c.ClientIP())
	}
}

// lookNow looks at the registry for every model that is followed by this name, and is false when there is none.
func (s *Service) lookNow(name string) bool {
	followers := []*follower{s.follower}
	if s.shadow != nil {
		followers = append(followers, s.shadow.follower)
	}
	found := false
	for _, f := range followers {
		if rest, ok := strings.CutPrefix(f.uri, "models:/"+name); ok && name != "" && (strings.HasPrefix(rest, "@") || strings.HasPrefix(rest, "/")) {
			signal(f.now)
			found = true
		}
	}
	return found
}
