package mlflowclient

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// gpuProbe asks nvidia-smi: it speaks to NVML as Python's pynvml does, and spares the client a C library. It is looked for once.
type gpuProbe struct{ program string }

// gpuColumns are what is asked for, in the order of parseGPUs.
const gpuColumns = "index,utilization.gpu,memory.used,memory.total,power.draw,enforced.power.limit"

func (g *gpuProbe) find() {
	if program, err := exec.LookPath("nvidia-smi"); err == nil {
		g.program = program
	}
}

func (g *gpuProbe) sample(ctx context.Context) (map[string]float64, error) {
	if g.program == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, g.program, "--query-gpu="+gpuColumns, "--format=csv,noheader,nounits")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		g.program = "" // a driver that does not answer now is not asked every few seconds
		return nil, fmt.Errorf("GPU metrics end: nvidia-smi: %w: %.200q", err, out)
	}
	return parseGPUs(string(out))
}

// mebibyte is nvidia-smi's unit of memory in MLflow's.
const mebibyte = (1 << 20) / megabyte

// parseGPUs reads nvidia-smi's lines. What a card does not tell, such as its power, is in brackets there and missing here.
func parseGPUs(text string) (map[string]float64, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	r.FieldsPerRecord = 6
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("nvidia-smi: %w", err)
	}
	values := map[string]float64{}
	var errs []error
	for _, line := range lines {
		index, err := strconv.ParseUint(line[0], 10, 16)
		if err != nil {
			errs = append(errs, fmt.Errorf("nvidia-smi: a GPU has the number %q", line[0]))
			continue
		}
		key := func(name string) string { return fmt.Sprintf("gpu_%d_%s", index, name) }
		if busy, ok := gpuNumber(line[1]); ok {
			values[key("utilization_percentage")] = busy
		}
		used, okUsed := gpuNumber(line[2])
		if total, ok := gpuNumber(line[3]); ok && okUsed && total > 0 {
			values[key("memory_usage_percentage")] = share(used, total)
			values[key("memory_usage_megabytes")] = used * mebibyte
		}
		draw, okDraw := gpuNumber(line[4])
		if limit, ok := gpuNumber(line[5]); ok && okDraw && limit > 0 {
			values[key("power_usage_watts")] = draw
			values[key("power_usage_percentage")] = share(draw, limit)
		}
	}
	return values, errors.Join(errs...)
}

// gpuNumber reads a value of nvidia-smi; [N/A] and its like are none.
func gpuNumber(field string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
	return f, err == nil && f >= 0 && f < 1e15
}
