package predictsvc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"mlopsgo/mlflowclient/mlmodel"
)

// model is a loaded model: immutable, safe for concurrent use.
type model struct {
	source
	columns   *columns
	engine    *engine
	loadedAt  time.Time
	fromCache bool
	// scorers are the buffers of requests that are over.
	scorers sync.Pool
	answer  answerForm
	// headers are the values of the headers that every answer has: name, version, run, and alias if there is one.
	headers [4]string
	// example is a body with one row that the model was tried with.
	example []byte
}

// loadModel reads a model folder, compiles its model and checks it on its input example, which also makes its buffers.
func loadModel(ctx context.Context, dir string, from source, target string) (*model, error) {
	folder, err := mlmodel.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	m := &model{source: from, loadedAt: time.Now()}
	if m.columns, m.engine, err = loadEngine(folder, readCompact(dir)); err != nil {
		return nil, err
	}
	if m.answer, err = newAnswerForm(target, m.name()); err != nil {
		return nil, err
	}
	m.headers = [4]string{headerText(m.name()), headerText(m.Version), headerText(m.RunID), headerText(m.alias())}
	m.scorers.New = func() any { return m.newScorer() }
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := m.tryExample(folder); err != nil {
		return nil, fmt.Errorf("its input example: %w", err)
	}
	return m, nil
}

// nameIn sets the headers that say which model it is.
func (m *model) nameIn(header http.Header) {
	header[headerModelName], header[headerModelVersion], header[headerModelRunID] = m.headers[0:1:1], m.headers[1:2:2], m.headers[2:3:3]
	if m.headers[3] != "" {
		header[headerModelAlias] = m.headers[3:4:4]
	}
}

// headerText keeps a value fit for a header: a model's name may hold any character.
func headerText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// tryExample answers the model's input example the way a request is answered. A model without one is tried with zeros.
func (m *model) tryExample(folder *mlmodel.Folder) error {
	example, given, err := m.columns.exampleOf(folder)
	if err != nil {
		return err
	}
	s := m.scorer()
	defer m.release(s)
	if err := m.columns.table(&s.table, example); err != nil {
		return err
	}
	if m.example, err = m.columns.object(example, 0); err != nil {
		return err
	}
	if err := s.score(); err != nil {
		if !given && m.columns.texts && errors.Is(err, errValues) {
			return nil // an empty text is no category that the model knows
		}
		return err
	}
	for i := range s.table.rows {
		for _, c := range m.engine.classes {
			if v := s.probability(c, i); math.IsNaN(v) || v < -1e-6 || v > 1+1e-6 {
				return fmt.Errorf("row %d gets the probability %v of class %s", i, v, c.label)
			}
		}
	}
	return nil
}
