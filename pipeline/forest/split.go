package forest

import (
	"fmt"
	"math"
)

// TrainTestSplit divides the rows 0..n−1 at random as scikit-learn's train_test_split(test_size=testSize,
// random_state=seed) does: ⌈testSize·n⌉ rows for testing, the rest for training, both in the order drawn.
// testSize is a share, 0 < testSize < 1; neither part may be empty.
func TrainTestSplit(n int, testSize float64, seed uint32) (train, test []int, err error) {
	if n < 0 || n > math.MaxInt32 {
		return nil, nil, fmt.Errorf("%w: cannot split %d rows", ErrInput, n)
	}
	if !(testSize > 0 && testSize < 1) {
		return nil, nil, fmt.Errorf("%w: test_size is %v, must be in (0, 1)", ErrParams, testSize)
	}
	nTest := int(math.Ceil(testSize * float64(n)))
	if nTest == n {
		return nil, nil, fmt.Errorf("%w: test_size %v of %d rows leaves none to train on", ErrInput, testSize, n)
	}
	var g mt19937
	g.seed(seed)
	p := g.permutation(n)
	return p[nTest:], p[:nTest:nTest], nil
}
