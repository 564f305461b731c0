package onnx

import "math"

// transform applies post_transform in float32.
func transform(name string, scores []float32) {
	switch name {
	case "LOGISTIC":
		for i, v := range scores {
			scores[i] = logistic(v)
		}
	case "PROBIT":
		for i, v := range scores {
			scores[i] = probit(v)
		}
	case "SOFTMAX", "SOFTMAX_ZERO":
		softmax(scores, name == "SOFTMAX_ZERO")
	}
}

func logistic(x float32) float32 {
	v := 1 / (1 + float32(math.Exp(-math.Abs(float64(x)))))
	if x < 0 {
		return 1 - v
	}
	return v
}

// probit is sqrt(2) times the inverse error function of 2x-1, by Winitzki's approximation with a = 0.147.
func probit(x float32) float32 {
	x = 2*x - 1
	pi, a := float32(3.14159), float32(0.147)
	l := float32(math.Log(float64((1 - x) * (1 + x))))
	v := 2/float32(pi*a) + 0.5*l
	v2 := 1 / a * l
	root := float32(math.Sqrt(float64(-v + float32(math.Sqrt(float64(v*v-v2))))))
	if x < 0 {
		root = -root
	}
	return 1.41421356 * root
}

// softmax leaves scores that are zero out of the sum if skipZero.
func softmax(scores []float32, skipZero bool) {
	largest := float32(-math.MaxFloat32)
	for _, v := range scores {
		largest = max(largest, v)
	}
	scale := float32(math.Exp(float64(-largest)))
	var sum float32
	for i, v := range scores {
		if skipZero && v <= 0.0000001 && v >= -0.0000001 {
			scores[i] = v * scale
			continue
		}
		scores[i] = float32(math.Exp(float64(v - largest)))
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
}
