package main

import (
	"strings"
	"syscall"
	"time"
)

// timedOut are the words of a call that ended by its time-out.
var timedOut = []string{"timed out", "deadline exceeded", "timeout"}

func ofTime(message string) bool {
	for _, words := range timedOut {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// hangs has the servers accept connections and never answer: every call ends by its time-out, /health says which, and requests are answered
// meanwhile.
func (c *chaos) hangs() {
	c.t.Helper()
	began := time.Now()
	before, next := c.now, c.next()
	c.own.Hang(c.t, "minio")
	c.setAlias(next)
	c.await("/health tells of the load that hangs", func() bool {
		report, err := c.load.health()
		return err == nil && report.Following.Loading.Version == next && report.Model.Version == before
	})
	c.await("it ends by its time-out", func() bool {
		report, err := c.load.health()
		return err == nil && report.Status == "degraded" && strings.Contains(report.Following.LastError, "version \""+next+"\"") && ofTime(report.Following.LastError)
	})
	c.t.Logf("the store of artifacts hung; %.1f s until /health said so", time.Since(began).Seconds())
	c.own.Resume(c.t, "minio")
	c.awaitServed(next)

	began = time.Now()
	c.own.Hang(c.t, "mlflow")
	c.own.Hang(c.t, "postgres")
	answered := c.load.count()
	c.await("MLflow and Postgres are missed", func() bool {
		report, err := c.load.health()
		return err == nil && report.Status == "degraded" && ofTime(report.Following.LastError) && ofTime(report.Log.LastError)
	})
	if n := c.load.count() - answered; n < 300 {
		c.t.Errorf("%d requests were answered while MLflow and Postgres hung", n)
	}
	c.t.Logf("MLflow and Postgres hung; %.1f s until /health said so", time.Since(began).Seconds())
	c.own.Resume(c.t, "mlflow")
	c.own.Resume(c.t, "postgres")
	c.settle()
	c.compare(time.Now(), 0, "after servers hung")
}

// hangAtTheEnd stops the predictor while every server hangs: it ends as it should and within its time, and what Postgres did not take is there
// after the next start.
func (c *chaos) hangAtTheEnd(s *started) {
	c.t.Helper()
	servers := []string{"mlflow", "minio", "postgres"}
	for _, server := range servers {
		c.own.Hang(c.t, server)
	}
	before := c.load.count()
	c.await("requests are answered", func() bool { return c.load.count() >= before+100 })
	c.load.end()
	ended := time.Now()
	s.signal(syscall.SIGTERM)
	code := s.wait()
	const most = 10 * time.Second // PREDICTOR_SHUTDOWN is 3 s, and counts twice
	if took := time.Since(ended); code != 128+int(syscall.SIGTERM) || took > most {
		c.t.Errorf("it ended with %d after %v:\n%s", code, took, s.stderr)
	}
	if log := s.stderr.String(); !strings.Contains(log, "predictions wait in the spool for the next start") || strings.Contains(log, "panic") {
		c.t.Errorf("the log is\n%s", log)
	}
	for _, server := range servers {
		c.own.Resume(c.t, server)
	}
	s = start(c.t, c.env...)
	c.load.url = s.url
	c.settle()
	c.compare(ended.Add(time.Second), 0, "after an end while all servers hung")
	s.signal(syscall.SIGTERM)
	s.wait()
}
