// Command prompts keeps a prompt in MLflow's registry, moves an alias to its new version, and fills it in.
//
//	go run ./examples/prompts
//
// With MLFLOW_TRACKING_URI set it works on that server; without, on mlflow.db here.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"mlopsgo/mlflowclient"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	version, err := client.Prompts.Register(ctx, mlflowclient.RegisterPrompt{
		Name: "example-pairing", CommitMessage: "short answers",
		Messages: []mlflowclient.PromptMessage{
			{Role: "system", Content: "You are a {{ manner }} sommelier. Answer in one sentence."},
			{Role: "user", Content: "Which wine goes with {{ dish }}?"},
		},
		ModelConfig: map[string]any{"model_name": "any", "temperature": 0.2},
	})
	if err != nil {
		return err
	}
	if err := client.Prompts.SetAlias(ctx, version.Name, "production", version.Version); err != nil {
		return err
	}
	prompt, err := client.Prompts.Load(ctx, "prompts:/example-pairing@production")
	if err != nil {
		return err
	}
	messages, err := prompt.FormatMessages(map[string]any{"manner": "friendly", "dish": "bacalhau"})
	if err != nil {
		return err
	}
	for _, message := range messages {
		fmt.Printf("%s: %s\n", message.Role, message.Content)
	}
	fmt.Printf("%s needs %v; Python reads the same: mlflow.genai.load_prompt(%q)\n", prompt.URI(), prompt.Variables(), "prompts:/example-pairing@production")
	return nil
}
