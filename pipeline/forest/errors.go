package forest

import "errors"

// Sentinels to be found with errors.Is in whatever this package returns.
var (
	// ErrInput marks data that cannot be used: wrong shape, not finite, empty, labels that do not fit.
	ErrInput = errors.New("forest: bad input")
	// ErrParams marks parameters that scikit-learn would refuse, or that this package cannot honour exactly.
	ErrParams = errors.New("forest: bad parameters")
	// ErrFormat marks bytes that are not a forest written by Save.
	ErrFormat = errors.New("forest: not a saved forest")
)
