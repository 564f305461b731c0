package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
)

// megabyte is MLflow's: the decimal one.
const megabyte = 1e6

// probe takes samples of the machine. What counts since the start of the machine is taken relative to begin or to the sample before.
type probe struct {
	cpu      cpu.TimesStat
	received uint64
	sent     uint64
	gpu      gpuProbe
}

func (p *probe) begin(ctx context.Context) error {
	times, cpuErr := cpuTimes(ctx)
	p.cpu = times
	traffic, netErr := networkCounters(ctx)
	p.received, p.sent = traffic.BytesRecv, traffic.BytesSent
	p.gpu.find()
	return errors.Join(cpuErr, netErr)
}

// sample reads all that can be read; the error says what could not.
func (p *probe) sample(ctx context.Context) (map[string]float64, error) {
	values := map[string]float64{}
	var errs []error
	if now, err := cpuTimes(ctx); err != nil {
		errs = append(errs, err)
	} else {
		values["cpu_utilization_percentage"] = busyPercentage(p.cpu, now)
		p.cpu = now
	}
	if memory, err := mem.VirtualMemoryWithContext(ctx); err != nil {
		errs = append(errs, fmt.Errorf("memory: %w", err))
	} else {
		values["system_memory_usage_megabytes"] = float64(memory.Used) / megabyte
		values["system_memory_usage_percentage"] = share(float64(memory.Used), float64(memory.Total))
	}
	if usage, err := disk.UsageWithContext(ctx, string(os.PathSeparator)); err != nil {
		errs = append(errs, fmt.Errorf("disk: %w", err))
	} else {
		values["disk_usage_percentage"] = usage.UsedPercent
		values["disk_usage_megabytes"] = float64(usage.Used) / megabyte
		values["disk_available_megabytes"] = float64(usage.Free) / megabyte
	}
	if traffic, err := networkCounters(ctx); err != nil {
		errs = append(errs, err)
	} else {
		values["network_receive_megabytes"] = megabytesSince(p.received, traffic.BytesRecv)
		values["network_transmit_megabytes"] = megabytesSince(p.sent, traffic.BytesSent)
	}
	gpus, err := p.gpu.sample(ctx)
	maps.Copy(values, gpus)
	return values, errors.Join(append(errs, err)...)
}

func cpuTimes(ctx context.Context) (cpu.TimesStat, error) {
	all, err := cpu.TimesWithContext(ctx, false)
	if err == nil && len(all) == 0 {
		err = errors.New("the system names no processor")
	}
	if err != nil {
		return cpu.TimesStat{}, fmt.Errorf("processors: %w", err)
	}
	return all[0], nil
}

// busyPercentage is the part of the time between two readings, over all processors, that was neither idle nor waiting for a
// disk. On Linux guests are counted within user and nice already.
func busyPercentage(before, after cpu.TimesStat) float64 {
	total := func(t cpu.TimesStat) float64 {
		return t.User + t.System + t.Idle + t.Nice + t.Iowait + t.Irq + t.Softirq + t.Steal
	}
	idle := func(t cpu.TimesStat) float64 { return t.Idle + t.Iowait }
	all := total(after) - total(before)
	return min(max(share(all-(idle(after)-idle(before)), all), 0), 100)
}

func networkCounters(ctx context.Context) (net.IOCountersStat, error) {
	all, err := net.IOCountersWithContext(ctx, false)
	if err == nil && len(all) == 0 {
		err = errors.New("the system names no interface")
	}
	if err != nil {
		return net.IOCountersStat{}, fmt.Errorf("network: %w", err)
	}
	return all[0], nil
}

// megabytesSince is what a counter has counted. One over all interfaces falls when one of them is taken away.
func megabytesSince(before, now uint64) float64 {
	return float64(now-min(before, now)) / megabyte
}

// share is a percentage; of nothing it is 0.
func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole * 100
}
