package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"mlopsgo/internal/grafana"
	"mlopsgo/internal/stack"
)

// native runs the services of docker-compose.yml as processes of this machine: the same programs at the same versions, with the command and
// the environment that compose gives them, and nothing else. Only names of hosts and ports are others, because here every server
// listens on 127.0.0.1.
type native struct {
	project *types.Project
	dir     string
	ports   map[string]int // by "service:port" as in the containers' network
	cluster *cluster       // stands for the service postgres
	folders map[string]string
	logs    map[string]*safeBuilder
}

// elsewhere are the services that do not run here: Postgres does already, and two programs are to be had in images only. A folder of
// MinIO's drive is a bucket.
var elsewhere = []string{"postgres", "grafana", "buckets"}

func newNative(t *testing.T) *native {
	t.Helper()
	n := &native{
		project: project(t), dir: t.TempDir(), ports: map[string]int{}, cluster: startCluster(t),
		folders: map[string]string{}, logs: map[string]*safeBuilder{},
	}
	for name, service := range n.project.Services {
		for _, port := range service.Ports {
			n.ports[fmt.Sprint(name, ":", port.Target)] = stack.FreePort(t)
		}
		n.logs[name] = &safeBuilder{}
		switch {
		case service.Image == "mlopsgo/commands:dev":
			n.folders[name] = commands(t)
		case name == "minio":
			n.folders[name] = filepath.Dir(strings.TrimSpace(run(t, exec.CommandContext(t.Context(), "../stack/minio"))))
		case service.Build != nil:
			n.folders[name] = filepath.Dir(stack.Python(t, *service.Build.Args["PINS"]))
		}
	}
	n.ports["postgres:5432"] = n.cluster.port
	for _, bucket := range regexp.MustCompile(`minio/([\w-]+)`).FindAllStringSubmatch(n.project.Services["buckets"].Command[0], -1) {
		if err := os.MkdirAll(filepath.Join(n.dir, "volume-minio", bucket[1]), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// here rewrites a text of one service for this machine: addresses of servers, what the service listens on, and files that are mounted.
func (n *native) here(service types.ServiceConfig, text string) string {
	text = regexp.MustCompile(`\b([a-z]+|127\.0\.0\.1|0\.0\.0\.0):(\d{4})\b`).ReplaceAllStringFunc(text, func(address string) string {
		name, port, _ := strings.Cut(address, ":")
		if name[0] < 'a' { // itself
			name = service.Name
		}
		if mapped, ok := n.ports[name+":"+port]; ok {
			return "127.0.0.1:" + strconv.Itoa(mapped)
		}
		return address
	})
	for _, volume := range service.Volumes {
		switch {
		case text != volume.Target:
		case volume.Type == types.VolumeTypeBind:
			return n.mounted(service, volume.Source)
		default:
			return filepath.Join(n.dir, "volume-"+volume.Source)
		}
	}
	if text == "0.0.0.0" {
		return "127.0.0.1"
	}
	return text
}

// mounted is a copy of a file with the addresses of this machine.
func (n *native) mounted(service types.ServiceConfig, source string) string {
	text, err := os.ReadFile(source)
	if err != nil {
		panic(err)
	}
	service.Volumes = nil
	file := filepath.Join(n.dir, service.Name+"-"+filepath.Base(source))
	if err := os.WriteFile(file, []byte(n.here(service, string(text))), 0o600); err != nil {
		panic(err)
	}
	return file
}

// command makes the process of a service, or of its health check.
func (n *native) command(ctx context.Context, service types.ServiceConfig, args []string) *exec.Cmd {
	args = slices.Clone(args)
	for i, arg := range args {
		args[i] = n.here(service, arg)
		if port, ok := n.ports[service.Name+":"+arg]; ok && i > 0 && args[i-1] == "--port" {
			args[i] = strconv.Itoa(port)
		}
	}
	folder := filepath.Join(n.dir, service.Name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		panic(err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(n.folders[service.Name], args[0]), args[1:]...)
	cmd.Dir = folder
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // as `docker stop` does
	if grace := service.StopGracePeriod; grace != nil {
		cmd.WaitDelay = time.Duration(*grace)
	}
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + folder, "TMPDIR=" + folder, "LANG=C.UTF-8"}
	for name, value := range service.Environment {
		text := n.here(service, *value)
		switch name { // libpq has no variable for both
		case "PGHOST":
			text = "127.0.0.1"
		case "PGPORT":
			text = strconv.Itoa(n.cluster.port)
		}
		cmd.Env = append(cmd.Env, name+"="+text)
	}
	return cmd
}

// up starts every service as soon as those that it depends on have come as far as it asks for, and returns when all have. They are stopped
// at the end of the test.
func (n *native) up(t *testing.T) {
	t.Helper()
	ctx, giveUp := context.WithCancelCause(t.Context())
	defer giveUp(nil)
	ready := map[string]chan struct{}{}
	for name := range n.project.Services {
		ready[name] = make(chan struct{})
	}
	began := time.Now()
	var all sync.WaitGroup
	for name, service := range n.project.Services {
		all.Go(func() {
			for dependency := range service.DependsOn {
				select {
				case <-ready[dependency]:
				case <-ctx.Done():
					return
				}
			}
			if !slices.Contains(elsewhere, name) {
				if err := n.start(ctx, t, service); err != nil {
					giveUp(fmt.Errorf("%s: %w\n%s", name, err, n.logs[name].end()))
					return
				}
				t.Logf("%s after %.1f s", name, time.Since(began).Seconds())
			}
			close(ready[name])
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		t.Fatal(err)
	}
}

// start runs a service, and returns when whoever depends on it may start: a job when it has ended well, a server when its own health check
// says so.
func (n *native) start(ctx context.Context, t *testing.T, service types.ServiceConfig) error {
	args := service.Command
	if service.Name == "minio" { // its image's entrypoint
		args = slices.Concat([]string{"minio"}, args, []string{"--address", "0.0.0.0:9000"})
		args[slices.Index(args, ":9001")] = "0.0.0.0:9001"
	}
	log := n.logs[service.Name]
	if slices.Contains(jobs, service.Name) {
		job := n.command(ctx, service, args)
		job.Stdout, job.Stderr = log, log
		return job.Run()
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	server := n.command(running, service, args)
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		stop()
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() { n.stop(t, service.Name, stop, ended) })
	for {
		healthy := n.healthy(ctx, service)
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("ended instead of answering: %w", err)
		case <-ctx.Done():
			return healthy
		case <-time.After(time.Second): // each check of a Python server starts an interpreter
		}
		if healthy == nil {
			return nil
		}
	}
}

// stop ends a server and looks at how it took it.
func (n *native) stop(t *testing.T, name string, stop func(), ended <-chan error) {
	select {
	case err := <-ended:
		stop()
		t.Errorf("%s ended by itself: %v\n%s", name, err, n.logs[name].end())
		return
	default:
	}
	asked := time.Now()
	stop()
	err := <-ended
	t.Logf("%s ended %.1f s after it was asked to", name, time.Since(asked).Seconds())
	if errors.Is(err, exec.ErrWaitDelay) || err != nil && strings.Contains(err.Error(), "killed") {
		t.Errorf("%s did not end in its stop_grace_period", name)
	}
	if t.Failed() {
		t.Logf("%s (%v):\n%s", name, err, n.logs[name].end())
	}
}

// healthy runs the health check of the service once.
func (n *native) healthy(ctx context.Context, service types.ServiceConfig) error {
	switch {
	case service.HealthCheck == nil:
		return nil
	case service.Name == "minio": // mc, which its image has, asks the same
		_, err := n.get(ctx, "minio:9000", "/minio/health/ready", "")
		return err
	}
	out, err := n.command(ctx, service, service.HealthCheck.Test[1:]).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// get asks a service for a page, in the name of a host if one is given.
func (n *native) get(ctx context.Context, service, path, host string) (string, error) {
	return n.ask(ctx, http.MethodGet, service, path, host, "")
}

func (n *native) ask(ctx context.Context, method, service, path, host, body string) (string, error) {
	address := fmt.Sprintf("http://127.0.0.1:%d%s", n.ports[service], path)
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Host = host
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, address, answer.Status, text)
	}
	return string(text), err
}

// safeBuilder is what a process writes, read while it may still write.
type safeBuilder struct {
	mutex sync.Mutex
	text  []byte
}

func (b *safeBuilder) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.text = append(b.text, text...)
	return len(text), nil
}

func (b *safeBuilder) end() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return string(b.text[max(0, len(b.text)-4000):])
}

func TestServicesRunWithTheirCommandsAndEnvironment(t *testing.T) {
	n := newNative(t)
	n.up(t)

	for host, want := range map[string]bool{"mlflow:5000": true, "localhost:25000": true, "127.0.0.1:5000": true, "evil.example": false} {
		if _, err := n.get(t.Context(), "mlflow:5000", "/api/2.0/mlflow/experiments/get?experiment_id=0", host); (err == nil) != want {
			t.Errorf("MLflow asked as %s: %v", host, err)
		}
	}
	settings, err := n.get(t.Context(), "prefect:4200", "/ui-settings", "")
	if want := *n.project.Services["prefect"].Environment["PREFECT_SERVER_UI_API_URL"]; err != nil || !strings.Contains(settings, n.here(n.project.Services["prefect"], want)) {
		t.Errorf("Prefect's page is told %s, %v; want %s", settings, err, want)
	}
	n.predict(t, 40)
	n.compare(t)
	n.look(t)
}

// predict sends wines to the predictor, of which the original's own is the first.
func (n *native) predict(t *testing.T, times int) {
	t.Helper()
	for i := range times {
		wine := fmt.Sprintf(`{"volatile acidity": %g, "citric acid": 0.0, "sulphates": 0.56, "alcohol": 9.4}`, 0.7+float64(i)/100)
		answer, err := n.ask(t.Context(), http.MethodPost, "predictor:9003", "/predict", "", wine)
		if err != nil || !strings.Contains(answer, `"model":"sk-rfc-model"`) || i == 0 && !strings.Contains(answer, `"quality":5`) {
			t.Fatalf("the predictor answers %s, %v", answer, err)
		}
	}
}

// compare runs the monitor's command once beside the service, as `docker compose exec` does, when all predictions have reached Postgres.
func (n *native) compare(t *testing.T) {
	t.Helper()
	conn := n.cluster.open(t, "reader", "READER_PASSWORD", "monitoring")
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var rows int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM predictions").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows == 40 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of 40 predictions are in Postgres", rows)
		}
	}
	service := n.project.Services["monitor"]
	out, err := n.command(t.Context(), service, []string{"monitor", "--once"}).CombinedOutput()
	if err != nil {
		t.Fatalf("monitor --once: %v\n%s", err, out)
	}
	t.Logf("monitor --once\n%s", out)
}

// look is what a user sees afterwards: the project in Evidently, and every panel of Grafana's dashboard with data.
func (n *native) look(t *testing.T) {
	t.Helper()
	if projects, err := n.get(t.Context(), "evidently:8000", "/api/projects", ""); err != nil || !strings.Contains(projects, `"red-wine-quality"`) {
		t.Errorf("Evidently's projects are %s, %v", projects, err)
	}
	conn := n.cluster.open(t, "reader", "READER_PASSWORD", "monitoring")
	view := grafana.View{From: time.Now().Add(-24 * time.Hour), To: time.Now().Add(time.Minute), Interval: time.Minute, All: map[string]string{}}
	for _, v := range readDashboard(t).Templating.List {
		view.All[v.Name] = *v.AllValue
	}
	for shown, queries := range panels(t) {
		for _, q := range queries {
			at := fmt.Sprintf("%s, query %s", *shown.Title, q.RefID)
			checkForm(t, q.Format, mustAsk(t, conn, view, q.RawSQL, 1, at), at)
		}
	}
}
