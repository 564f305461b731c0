package predictsvc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/predictionlog"
)

// frameReader reads a frame. The first error stays.
type frameReader struct {
	data   []byte
	seed   [frameSeed]byte
	models []frameModel
	rows   int
	batch  predictionlog.Batch
	err    error
}

var errFrame = errors.New("it is no frame of predictions")

// readFrame gives the table's rows of a frame. The same frame gives the same ids.
func readFrame(data []byte) (predictionlog.Batch, error) {
	if len(data) < 1+frameSeed || data[0] < 1 || data[0] > frameVersion {
		return predictionlog.Batch{}, fmt.Errorf("%w of version 1 to %d", errFrame, frameVersion)
	}
	r := &frameReader{data: data[1+frameSeed:], seed: [frameSeed]byte(data[1:])}
	for len(r.data) > 0 && r.err == nil {
		kind := r.data[0]
		r.data = r.data[1:]
		switch kind {
		case entryModel:
			r.model()
		case entryRows:
			r.predictions()
		case entryShadows:
			r.shadows()
		case entryFeedback:
			r.batch.Feedback = append(r.batch.Feedback, predictionlog.Feedback{
				RequestID: r.text(), Row: r.number(), Truth: r.text(), Received: r.time(),
			})
		default:
			r.fail("an entry of kind %q", kind)
		}
	}
	return r.batch, r.err
}

func (r *frameReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errFrame, fmt.Sprintf(format, args...))
	}
	r.data = nil
}

func (r *frameReader) model() {
	var m frameModel
	if err := json.Unmarshal([]byte(r.text()), &m); err != nil {
		r.fail("a model: %v", err)
	}
	r.models = append(r.models, m)
}

// head is what the rows of an entry have in common; left are the rows.
type head struct {
	model *frameModel
	first int
	left  int
	of    predictionlog.Prediction
}

func (r *frameReader) head() head {
	h := head{model: r.modelAt(r.number())}
	h.of = predictionlog.Prediction{RequestID: r.text(), Time: r.time(), Latency: time.Duration(r.number()) * time.Microsecond}
	h.first, h.left = r.number(), r.number()
	if h.left > len(r.data) { // every row has a label, which has a length
		r.fail("%d rows", h.left)
	}
	if r.err != nil {
		return head{model: &frameModel{}}
	}
	h.of.Model, h.of.Version, h.of.RunID = h.model.Name, h.model.Version, h.model.RunID
	return h
}

// prediction is the next row.
func (r *frameReader) prediction(h *head, i int) predictionlog.Prediction {
	p := h.of
	p.ID, p.Row = r.id(p.Time), h.first+i
	return p
}

func (r *frameReader) predictions() {
	h := r.head()
	start := len(r.batch.Predictions)
	for i := range h.left {
		p := r.prediction(&h, i)
		p.Prediction = r.text()
		r.batch.Predictions = append(r.batch.Predictions, p)
	}
	rows := r.batch.Predictions[start:]
	for i := range rows {
		rows[i].Features = r.features(h.model)
	}
	for i := range rows {
		rows[i].Probabilities = r.probabilities(h.model)
	}
}

func (r *frameReader) shadows() {
	h := r.head()
	answered := r.modelAt(r.number())
	start := len(r.batch.Shadows)
	for i := range h.left {
		s := predictionlog.Shadow{Prediction: r.prediction(&h, i), AnsweredModel: answered.Name, AnsweredVersion: answered.Version}
		s.Prediction.Prediction, s.Answered = r.text(), r.text()
		r.batch.Shadows = append(r.batch.Shadows, s)
	}
	for i := range r.batch.Shadows[start:] {
		r.batch.Shadows[start+i].Probabilities = r.probabilities(h.model)
	}
}

// id is a UUID of version 7 that is made of the time, the frame's seed and the row's number in the frame.
func (r *frameReader) id(at time.Time) string {
	var id uuid.UUID
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(at.UnixMilli())) //nolint:gosec // A time before 1970 makes an id as well.
	copy(id[:6], number[2:])
	id[6], id[7], id[8] = 0x70|r.seed[0]&0x0f, r.seed[1], 0x80|r.seed[2]&0x3f
	copy(id[9:13], r.seed[3:])
	id[13], id[14], id[15] = byte(r.rows>>16), byte(r.rows>>8), byte(r.rows)
	r.rows++
	return id.String()
}

func (r *frameReader) modelAt(number int) *frameModel {
	if number >= len(r.models) {
		r.fail("model %d of %d", number, len(r.models))
		return &frameModel{}
	}
	return &r.models[number]
}

// features are the values of a row as the client sent them.
func (r *frameReader) features(m *frameModel) map[string]any {
	features := make(map[string]any, len(m.Columns))
	for i, name := range m.Columns {
		if slices.Contains(m.Texts, i) {
			features[name] = strings.ReplaceAll(r.text(), "\x00", "\ufffd") // Postgres takes no NUL
			continue
		}
		if len(r.data) < 8 {
			r.fail("a row ends early")
			return nil
		}
		switch v := r.float(); {
		case math.IsNaN(v):
			features[name] = nil
		case slices.Contains(m.Booleans, i):
			features[name] = v != 0
		default:
			features[name] = v
		}
	}
	return features
}

func (r *frameReader) probabilities(m *frameModel) map[string]float64 {
	if len(m.Classes) == 0 {
		return nil
	}
	if len(r.data) < 8*len(m.Classes) {
		r.fail("a row ends early")
		return nil
	}
	probabilities := make(map[string]float64, len(m.Classes))
	for _, class := range m.Classes {
		probabilities[class] = r.float()
	}
	return probabilities
}

func (r *frameReader) number() int {
	n, size := binary.Uvarint(r.data)
	if size <= 0 || n > math.MaxInt32 {
		r.fail("a number")
		return 0
	}
	r.data = r.data[size:]
	return int(n)
}

func (r *frameReader) time() time.Time {
	micros, size := binary.Varint(r.data)
	if size <= 0 {
		r.fail("a time")
		return time.Time{}
	}
	r.data = r.data[size:]
	return time.UnixMicro(micros)
}

func (r *frameReader) text() string {
	n := r.number()
	if n > len(r.data) {
		r.fail("a text of %d bytes", n)
		return ""
	}
	text := string(r.data[:n])
	r.data = r.data[n:]
	return text
}

// float is called when there are enough bytes.
func (r *frameReader) float() float64 {
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.data))
	r.data = r.data[8:]
	return v
}
