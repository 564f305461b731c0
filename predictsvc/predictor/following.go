package main

import (
	"fmt"
	"os"
	"strings"
)

// beside is what is followed beside the model that answers.
type beside struct {
	URI               string `name:"shadow-model-uri" help:"A second model that scores what is asked, off the request path, and is never answered: its labels go to the table shadow_predictions, how often they agree to /metrics. It is followed likewise." env:"SHADOW_MODEL_URI" group:"model"`
	WebhookSecretFile string `help:"File with the secret of a webhook of MLflow's that calls POST /webhook, so that a new version is served at once. PREDICTOR_WEBHOOK_SECRET is the secret itself." env:"PREDICTOR_WEBHOOK_SECRET_FILE" group:"model"`
}

// secret is that of the webhook, "" for none.
func (b *beside) secret(getenv func(string) string) (string, error) {
	if b.WebhookSecretFile == "" {
		return getenv("PREDICTOR_WEBHOOK_SECRET"), nil
	}
	text, err := os.ReadFile(b.WebhookSecretFile)
	if err != nil {
		return "", fmt.Errorf("the webhook's secret: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("the webhook's secret: %s is empty", b.WebhookSecretFile)
	}
	return secret, nil
}
