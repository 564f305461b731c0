package onnx

// coupling turns the probabilities of pairs of classes into one for each class: the second method of Wu, Lin and Weng (2004), which is
// libsvm's, in float32 and with onnxruntime's order of operations. The matrices have one row a class.
type coupling struct {
	classes int
	pairs   []float32 // probability of i against j
	q, qp   []float32
}

func newCoupling(classes int) coupling {
	return coupling{
		classes: classes, pairs: make([]float32, classes*classes), q: make([]float32, classes*classes), qp: make([]float32, classes),
	}
}

// probabilities fills dst from the scores of the pairs and Platt's parameters.
func (c *coupling) probabilities(dst, scores, a, b []float32) {
	const least = 1e-7
	n, pair := c.classes, 0
	for i := range n {
		for j := i + 1; j < n; j++ {
			p := 1 - logistic(float32(scores[pair]*a[pair])+b[pair])
			p = min(max(p, least), 1-least)
			c.pairs[i*n+j], c.pairs[j*n+i] = p, 1-p
			pair++
		}
	}
	c.fillQ()
	for i := range dst {
		dst[i] = 1 / float32(n)
	}
	for range 100 {
		if !c.improve(dst) {
			return
		}
	}
}

func (c *coupling) fillQ() {
	n, r, q := c.classes, c.pairs, c.q
	clear(q)
	for i := range n {
		for j := range n {
			if j == i {
				continue
			}
			q[i*n+i] += float32(r[j*n+i] * r[j*n+i])
			if j < i {
				q[i*n+j] = q[j*n+i]
			} else {
				q[i*n+j] = -r[j*n+i] * r[i*n+j]
			}
		}
	}
}

// improve makes one round over the classes; false when the probabilities are good enough.
func (c *coupling) improve(p []float32) bool {
	n, q, qp := c.classes, c.q, c.qp
	var pqp float32
	for i := range n {
		qp[i] = 0
		for j := range n {
			qp[i] += float32(q[i*n+j] * p[j])
		}
		pqp += float32(p[i] * qp[i])
	}
	var worst float32
	for _, v := range qp {
		worst = max(worst, v-pqp, pqp-v)
	}
	if worst < 0.005/float32(n) {
		return false
	}
	for i := range n {
		diff := (pqp - qp[i]) / q[i*n+i]
		p[i] += diff
		one := 1 + diff
		pqp = (pqp + float32(diff*(float32(diff*q[i*n+i])+2*qp[i]))) / one / one
		for j := range n {
			qp[j] = (qp[j] + float32(diff*q[i*n+j])) / one
			p[j] /= one
		}
	}
	return true
}
