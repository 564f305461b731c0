// Webhook prints what happens in MLflow's model registry, as MLflow's server tells it:
//
//	MLFLOW_TRACKING_URI=http://127.0.0.1:5000 LISTEN=127.0.0.1:8099 go run ./examples/webhook
//
// The server must be able to reach the address that the program listens on, and to be allowed to: for one on the same
// machine, start it with MLFLOW_WEBHOOK_ALLOWED_SCHEMES=http and MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true. In production,
// put https in front and say so with WEBHOOK_URL. An interrupt ends the program and takes the webhook away.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mlopsgo/mlflowclient"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left for stop to do
	}
}

func run(ctx context.Context) error {
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:0"))
	if err != nil {
		return err
	}
	// A new secret each time: nobody else can make calls that pass.
	secret := rand.Text()
	server := &http.Server{ReadTimeout: 10 * time.Second, Handler: &mlflowclient.WebhookReceiver{Secret: secret, Handle: show}}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	defer server.Close()

	hook, err := client.Webhooks.Create(ctx, mlflowclient.CreateWebhook{
		Name: "examples-webhook", Secret: secret, URL: cmp.Or(os.Getenv("WEBHOOK_URL"), "http://"+listener.Addr().String()+"/mlflow"),
		Events: []mlflowclient.WebhookEvent{
			mlflowclient.EventRegisteredModelCreated, mlflowclient.EventModelVersionCreated,
			mlflowclient.EventModelVersionAliasCreated, mlflowclient.EventModelVersionAliasDeleted,
		},
	})
	if err != nil {
		return err
	}
	defer func() {
		if err := client.Webhooks.Delete(context.WithoutCancel(ctx), hook.ID); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	fmt.Printf("%s calls %s; set an alias in %s/#/models\n", client.TrackingURI(), hook.URL, client.UIURL())

	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return errors.Join(errors.New("the receiver ended"), err)
	}
}

// show is called for genuine deliveries only. One that is repeated has the ID of the first.
func show(_ context.Context, d *mlflowclient.WebhookDelivery) error {
	fmt.Println(d.Sent.Format(time.TimeOnly), d.Event, d.Data.Name, d.Data.Version, d.Data.Alias)
	return nil
}
