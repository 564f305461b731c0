package original

import (
	"bufio"
	"errors"
	"os"
	"strings"
)

// PeakMemory is the highest resident set of this process so far, in kB, as text. Only Linux tells it in this way.
func PeakMemory() (string, error) {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return "", err
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			return strings.TrimSuffix(strings.TrimSpace(rest), " kB"), nil
		}
	}
	return "", errors.New("no VmHWM in /proc/self/status")
}
