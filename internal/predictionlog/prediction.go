package predictionlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// ErrInvalid is in the chain of the errors of [Store.Write] for rows that the tables cannot hold, whatever the server's state.
var ErrInvalid = errors.New("not a prediction that can be kept")

// Prediction is one row that was scored.
type Prediction struct {
	// ID is a UUID, made by the writer (version 7, so that ids are in order of time); it decides whether two predictions are the same.
	ID string
	// RequestID is the request that the row came with, Row its position there, from 0.
	RequestID string
	Row       int
	// Time is when it was predicted; Postgres keeps microseconds. Read back, it is in UTC.
	Time time.Time
	// Model and Version name the registered model, RunID the run that trained it ("" when unknown).
	Model, Version, RunID string
	// Features are the inputs by name: numbers, strings, booleans, nil. Read back, every number is a float64.
	Features map[string]any
	// Prediction is the label as text.
	Prediction string
	// Probabilities by label; nil when the model gives none. One that is no number, as extreme features may bring about, is kept as null,
	// and read back as NaN.
	Probabilities map[string]float64
	// Latency is the time that the request took; Postgres keeps microseconds.
	Latency time.Duration
	// Truth is the true label as far as feedback has told it, "" otherwise. It is read only.
	Truth string
}

// values are the prediction's columns, in the order of columns.
func (p *Prediction) values() ([]any, error) {
	id, err := uuid.Parse(p.ID)
	if err != nil {
		return nil, fmt.Errorf("prediction log: %w: its id %q is not a UUID", ErrInvalid, p.ID)
	}
	if err := storableAll(p.ID, p.RequestID, p.Model, p.Version, p.RunID, p.Prediction); err != nil {
		return nil, err
	}
	features := p.Features
	if features == nil {
		features = map[string]any{}
	}
	featuresJSON, err := encode(features)
	if err != nil {
		return nil, fmt.Errorf("prediction log: %w: features of %s: %w", ErrInvalid, p.ID, err)
	}
	probabilities, err := p.probabilities()
	if err != nil {
		return nil, err
	}
	return []any{
		[16]byte(id), p.RequestID, p.Row, p.Time, p.Model, p.Version, p.RunID, featuresJSON, p.Prediction, probabilities,
		p.Latency.Microseconds(),
	}, nil
}

// probabilities are nil when the model gives none.
func (p *Prediction) probabilities() (any, error) {
	if p.Probabilities == nil {
		return nil, nil
	}
	numbers := make(map[string]*float64, len(p.Probabilities))
	for label, v := range p.Probabilities {
		if numbers[label] = &v; math.IsNaN(v) || math.IsInf(v, 0) {
			numbers[label] = nil
		}
	}
	text, err := encode(numbers)
	if err != nil {
		return nil, fmt.Errorf("prediction log: %w: probabilities of %s: %w", ErrInvalid, p.ID, err)
	}
	return text, nil
}

// readProbabilities reads what probabilities wrote.
func readProbabilities(text []byte) (map[string]float64, error) {
	if text == nil {
		return nil, nil
	}
	var numbers map[string]*float64
	if err := json.Unmarshal(text, &numbers); err != nil {
		return nil, err
	}
	all := make(map[string]float64, len(numbers))
	for label, v := range numbers {
		if all[label] = math.NaN(); v != nil {
			all[label] = *v
		}
	}
	return all, nil
}

// encode writes JSON that jsonb takes: it refuses NaN, as JSON does, and the character U+0000, which jsonb has no place for.
func encode(value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(text), `\u0000`) {
		return nil, errors.New("a text holds the character U+0000, which Postgres cannot hold")
	}
	return text, nil
}

// storableAll refuses texts that Postgres cannot hold; of says whose they are.
func storableAll(of string, texts ...string) error {
	for _, text := range texts {
		if !storable(text) {
			return fmt.Errorf("prediction log: %w: %s has the text %q, which Postgres cannot hold", ErrInvalid, of, text)
		}
	}
	return nil
}

// storable texts are UTF-8 without U+0000.
func storable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }
