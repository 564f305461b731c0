package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"mlopsgo/predictsvc"
)

// keeping is where predictions go.
type keeping struct {
	SpoolDir  string `help:"Folder in which predictions wait for Postgres, of this predictor's own; by default beside the cache of models, by the address (--addr)." env:"PREDICTOR_SPOOL_DIR" group:"log"`
	SpoolSize int64  `help:"Most bytes of that folder; predictions beyond it are dropped and counted. 512 MiB hold some three million." default:"536870912" env:"PREDICTOR_SPOOL_SIZE" group:"log"`
}

func (k *keeping) validate() error {
	const least = 64 << 10
	if k.SpoolSize < least {
		return errors.New("--spool-size must be 65536 at least")
	}
	return nil
}

func (k *keeping) config(ctx context.Context, logger *slog.Logger, cache, addr string) predictsvc.LogConfig {
	keep, url := database(os.Getenv)
	if !keep {
		logger.WarnContext(ctx, "predictions are not kept: set MONITORING_DATABASE_URL, or PGHOST and its kin, to have them in Postgres")
		return predictsvc.LogConfig{}
	}
	dir := k.SpoolDir
	if dir == "" {
		dir = filepath.Join(cache, "spool", fileName(addr))
	}
	return predictsvc.LogConfig{Enabled: true, URL: url, Spool: dir, SpoolBytes: k.SpoolSize}
}

// fileName makes an address fit to be a folder's name: two predictors on a machine have two addresses.
func fileName(addr string) string {
	return strings.Map(func(r rune) rune {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '.' && r != '-' {
			return '_'
		}
		return r
	}, addr)
}

// database tells whether the environment names a database for the predictions, and its URL; "" stands for libpq's variables.
func database(getenv func(string) string) (keep bool, url string) {
	if url := getenv("MONITORING_DATABASE_URL"); url != "" {
		return true, url
	}
	for _, name := range []string{"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE"} {
		if getenv(name) != "" {
			return true, ""
		}
	}
	return false, ""
}
