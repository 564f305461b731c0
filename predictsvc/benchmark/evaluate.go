package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"mlopsgo/internal/onnx"
)

// evaluation compares the evaluation alone with onnxruntime's, in the process and on the same wines: one row, and many.
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
	const wines = 10_000
	values := wineValues(wines)
	for _, size := range []struct {
		name        string
		rows, calls int
	}{{"evaluation of one row, against onnxruntime", 1, 2000}, {"evaluation of 10,000 rows, per row", wines, 3}} {
		inputs := inCalls(values, size.rows)
		if err := py.rows(file+".rows", values, size.rows); err != nil {
			return err
		}
		var ours, theirs, share []float64
		for range b.Rounds {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mine, err := timed(runner, inputs, size.calls)
			if err != nil {
				return err
			}
			other, err := py.Time("time", size.calls)
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

// columns are those of a wine.
const columns = 4

// wineValues are wines that are all different, so that no branch is always the same.
func wineValues(wines int) (values []float64) {
	for i := range wines {
		values = append(values, 0.3+float64(i%97)/97, 0.1+float64(i%31)/62, 0.4+float64(i%53)/100, 8.5+float64(i%41)/9)
	}
	return values
}

// inCalls are the inputs of calls with so many rows each.
func inCalls(values []float64, rows int) (inputs []*onnx.Tensor) {
	for call := range slices.Chunk(values, rows*columns) {
		inputs = append(inputs, &onnx.Tensor{Type: onnx.Double, Dims: []int64{int64(rows), columns}, F64: call})
	}
	return inputs
}

// timed is the time of a call.
func timed(runner *onnx.Runner, inputs []*onnx.Tensor, calls int) (time.Duration, error) {
	if _, err := runner.Run(inputs[0]); err != nil {
		return 0, err
	}
	start := time.Now()
	for i := range calls {
		if _, err := runner.Run(inputs[i%len(inputs)]); err != nil {
			return 0, err
		}
	}
	return time.Since(start) / time.Duration(calls), nil
}
