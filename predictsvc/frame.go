package predictsvc

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"math"
	"time"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc/internal/scoring"
)

// A frame is what goes into the spool at once: predictions, shadows and feedback, with the models that they speak of. It is compact,
// because a copy of every answer is made while a client waits:
//
//	version | 7 random bytes, of which the ids of its rows are made | entries
//
// An entry begins with its kind. Numbers are varints, texts have their length before them, values are float64 in little-endian.
const (
	frameVersion = 2 // 1 had the same entries, and no texts at first
	frameSeed    = 7

	entryModel    = 'M' // the JSON of a frameModel; models are numbered from 0 in each frame
	entryRows     = 'P' // model, request, time, latency, first row, rows; a label for each; values (texts among them) and probabilities of each
	entryShadows  = 'S' // likewise, the model that answered before the labels, each label with the one that was answered; no values
	entryFeedback = 'F' // request, row, truth, time
)

// entryBytes is about the most that one entry has: a request with many rows makes several.
const entryBytes = 32 << 10

// frameModel is what the rows need to know of their model.
type frameModel struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	RunID   string   `json:"run_id"`
	Columns []string `json:"columns"`
	// Booleans are the numbers of the columns whose values are truth values.
	Booleans []int `json:"booleans,omitempty"`
	// Texts are the numbers of the columns whose values are texts.
	Texts   []int    `json:"texts,omitempty"`
	Classes []string `json:"classes,omitempty"`
}

// frame is a frame that is filled.
type frame struct {
	data   []byte
	items  int
	since  time.Time // of the first item
	models []*model
	// waiters are told, once, when the frame is kept (nil) or lost; told items are those of which they know then.
	waiters []chan<- error
	told    int
}

func (f *frame) reset() {
	var seed [frameSeed]byte
	_, _ = rand.Read(seed[:]) // never fails
	clear(f.models)
	clear(f.waiters)
	*f = frame{data: append(append(f.data[:0], frameVersion), seed[:]...), models: f.models[:0], waiters: f.waiters[:0], since: time.Now()}
}

// tell answers those who wait for the frame.
func (f *frame) tell(err error) {
	for _, w := range f.waiters {
		w <- err
	}
	f.waiters = f.waiters[:0]
}

// model gives a model's number in the frame.
func (f *frame) model(m *model) int {
	for i, known := range f.models {
		if known == m {
			return i
		}
	}
	about := frameModel{Name: m.name(), Version: m.Version, RunID: m.RunID}
	for i, c := range m.columns.list {
		about.Columns = append(about.Columns, c.Name)
		switch c.Kind {
		case mlmodel.Boolean:
			about.Booleans = append(about.Booleans, i)
		case mlmodel.String:
			about.Texts = append(about.Texts, i)
		default:
		}
	}
	for _, c := range m.engine.classes {
		about.Classes = append(about.Classes, c.label)
	}
	text, _ := json.Marshal(about) //nolint:errchkjson // Texts and whole numbers can always be written.
	f.data = append(f.data, entryModel)
	f.text(string(text))
	f.models = append(f.models, m)
	return len(f.models) - 1
}

// rowsPerEntry is how many rows of a model make an entry.
func rowsPerEntry(m *model) int {
	bytes := 16 + 8*(len(m.columns.list)+len(m.engine.classes))
	for _, c := range m.columns.list {
		if c.Kind == mlmodel.String {
			bytes += keptText
		}
	}
	return max(1, entryBytes/bytes)
}

// keptText is the most bytes of a text that are kept: categories are short, and one request must not fill the spool.
const keptText = 256

// rows adds rows from ≤ row < to of those that sc has scored.
func (f *frame) rows(sc *scorer, requestID string, at time.Time, latency time.Duration, from, to int) {
	f.head(entryRows, sc.model, requestID, at, latency, from, to)
	for i := from; i < to; i++ {
		f.text(sc.labelText(i))
	}
	width := len(sc.model.columns.list)
	for i, v := range sc.table.values[from*width : to*width] {
		if sc.model.columns.texts && sc.model.columns.list[i%width].Kind == mlmodel.String {
			f.text(scoring.Beginning(sc.table.texts[int(v)], keptText))
		} else {
			f.float(v)
		}
	}
	f.probabilities(sc, from, to)
}

// shadows adds the rows that sc has scored beside those of another model, which answered these labels.
func (f *frame) shadows(sc *scorer, job *shadowJob, latency time.Duration, from, to int) {
	answered := f.model(job.model)
	f.head(entryShadows, sc.model, job.requestID, job.at, latency, from, to)
	f.number(answered)
	for i := from; i < to; i++ {
		f.text(sc.labelText(i))
		f.text(job.labels[i])
	}
	f.probabilities(sc, from, to)
}

// feedback adds what was true of a prediction.
func (f *frame) feedback(about *predictionlog.Feedback) {
	f.data = append(f.data, entryFeedback)
	f.text(about.RequestID)
	f.number(about.Row)
	f.text(about.Truth)
	f.time(about.Received)
	f.items++
	f.told++
}

func (f *frame) head(kind byte, m *model, requestID string, at time.Time, latency time.Duration, from, to int) {
	number := f.model(m)
	f.data = append(f.data, kind)
	f.number(number)
	f.text(requestID)
	f.time(at)
	f.number(int(latency.Microseconds()))
	f.number(from)
	f.number(to - from)
	f.items += to - from
}

func (f *frame) probabilities(sc *scorer, from, to int) {
	for i := from; i < to; i++ {
		for _, c := range sc.model.engine.classes {
			f.float(sc.probability(c, i))
		}
	}
}

func (f *frame) number(n int) {
	f.data = binary.AppendUvarint(f.data, uint64(min(max(n, 0), math.MaxInt32))) //nolint:gosec // Not negative.
}

func (f *frame) time(t time.Time) { f.data = binary.AppendVarint(f.data, t.UnixMicro()) }

func (f *frame) text(s string) {
	f.number(len(s))
	f.data = append(f.data, s...)
}

func (f *frame) float(v float64) {
	f.data = binary.LittleEndian.AppendUint64(f.data, math.Float64bits(v))
}
