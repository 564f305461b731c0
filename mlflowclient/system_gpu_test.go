package mlflowclient

import (
	"math"
	"strings"
	"testing"
)

func TestParseGPUs(t *testing.T) {
	got, err := parseGPUs("0, 99, 24000, 24576, 449.10, 450.00\n1, [N/A], 12, 16384, [Not Supported], [N/A]\n")
	want := map[string]float64{
		"gpu_0_utilization_percentage": 99, "gpu_0_memory_usage_percentage": 97.65625, "gpu_0_memory_usage_megabytes": 25165.824,
		"gpu_0_power_usage_watts": 449.1, "gpu_0_power_usage_percentage": 99.8, "gpu_1_memory_usage_percentage": 0.0732421875,
		"gpu_1_memory_usage_megabytes": 12.582912,
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for key, value := range want {
		if math.Abs(got[key]-value) > 1e-9 {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
	for _, text := range []string{"0, 1\n", "x, 1, 1, 1, 1, 1\n", "No devices were found\n", "0, \"1\n"} {
		if got, err := parseGPUs(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzParseGPUs(f *testing.F) {
	f.Add("0, 99, 24000, 24576, 449.10, 450.00\n1, [N/A], 12, 16384, [Not Supported], [N/A]\n")
	f.Add("0, 1\n")
	f.Add("-1, NaN, Inf, 0, 1e400, 0x1p3\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, _ := parseGPUs(text)
		for key, value := range values {
			if !strings.HasPrefix(key, "gpu_") || math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
				t.Errorf("%q: %s is %v", text, key, value)
			}
		}
	})
}

func TestAggregate(t *testing.T) {
	got := aggregate([]map[string]float64{{"a": 1, "network_b": 1.23456}, {"a": 2.1, "network_b": 2.34567, "c": 7.77}})
	if len(got) != 3 || got["a"] != 1.6 && got["a"] != 1.5 || got["network_b"] != 2.34567 || got["c"] != 7.8 {
		t.Errorf("%v", got)
	}
}

func TestMegabytesSince(t *testing.T) {
	for _, one := range []struct {
		before, now uint64
		want        float64
	}{{0, 0, 0}, {1e6, 3e6, 2}, {3e6, 1e6, 0}} {
		if got := megabytesSince(one.before, one.now); got != one.want {
			t.Errorf("from %d to %d: %g", one.before, one.now, got)
		}
	}
}
