package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// wine is the body of a request, and prediction that of an answer.
type wine struct {
	VolatileAcidity float64 `json:"volatile acidity"`
	CitricAcid      float64 `json:"citric acid"`
	Sulphates       float64 `json:"sulphates"`
	Alcohol         float64 `json:"alcohol"`
}

type prediction struct {
	Quality int    `json:"quality"`
	Model   string `json:"model"`
}

// emptyHandler is what any Gin service has to do at the least: it decodes the request and encodes an answer, and does nothing in between.
func emptyHandler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/ready", func(c *gin.Context) { c.Status(http.StatusOK) })
	engine.POST("/predict", func(c *gin.Context) {
		var in wine
		if err := c.ShouldBindJSON(&in); err != nil {
			c.AbortWithStatus(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, prediction{Quality: int(in.Alcohol) - 4, Model: "sk-rfc-model"})
	})
	return engine
}

// serveEmpty is what the process with --empty does: it has a process of its own as the others have.
func serveEmpty(ctx context.Context, address string, stderr io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: emptyHandler(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	fmt.Fprintln(stderr, "the empty handler ended")
	return nil
}
