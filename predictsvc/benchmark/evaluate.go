package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"mlopsgo/internal/onnx"
)

// evaluation compares the evaluation alone with onnxruntime's, in the process: one row, and many.
func (b *benchmark) evaluation(ctx context.Context, file string, py *python, t *table) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	model, err := onnx.Decode(data)
	if err != nil {
		return err
	}
	session, err := onnx.Load(model)
	if err != nil {
		return err
	}
	runner := session.NewRunner()
	for _, size := range []struct {
		name        string
		rows, calls int
	}{{"evaluation of one row, against onnxruntime", 1, 2000}, {"evaluation of 10,000 rows, per row", 10000, 3}} {
		input := wines(size.rows)
		var ours, theirs, share []float64
		for range b.Rounds {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mine, err := timed(runner, input, size.calls)
			if err != nil {
				return err
			}
			other, err := py.time(size.rows, size.calls)
			if err != nil {
				return err
			}
			ours, theirs = append(ours, mine.Seconds()), append(theirs, other.Seconds())
			share = append(share, mine.Seconds()/other.Seconds())
		}
		per := func(values []float64) string { return fmt.Sprintf("%.2f µs", median(values)*1e6/float64(size.rows)) }
		t.add(line{name: size.name, ours: per(ours), theirs: per(theirs), value: median(share), target: 0.5, unit: "×", most: true})
	}
	return nil
}

// wines are rows that are all different, so that no branch is always the same.
func wines(rows int) *onnx.Tensor {
	input := &onnx.Tensor{Type: onnx.Double, Dims: []int64{int64(rows), 4}}
	for i := range rows {
		x := float64(i%97) / 97
		input.F64 = append(input.F64, 0.3+x, 0.1+float64(i%31)/62, 0.4+float64(i%53)/100, 8.5+float64(i%41)/9)
	}
	return input
}

// timed is the time of a call.
func timed(runner *onnx.Runner, input *onnx.Tensor, calls int) (time.Duration, error) {
	if _, err := runner.Run(input); err != nil {
		return 0, err
	}
	start := time.Now()
	for range calls {
		if _, err := runner.Run(input); err != nil {
			return 0, err
		}
	}
	return time.Since(start) / time.Duration(calls), nil
}
