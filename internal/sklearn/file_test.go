package sklearn

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"mlopsgo/internal/pickle"
	"mlopsgo/internal/pyobject"
	"mlopsgo/internal/skops"
)

// dump writes a value as a pickle of protocol 4.
func dump(v pyobject.Value) []byte { return append(appendValue([]byte("\x80\x04"), v), '.') }

func appendValue(b []byte, v pyobject.Value) []byte {
	all := func(b []byte, before string, values []pyobject.Value, after byte) []byte {
		b = append(b, before...)
		for _, v := range values {
			b = appendValue(b, v)
		}
		return append(b, after)
	}
	switch v := v.(type) {
	case bool:
		return append(b, map[bool]byte{true: '\x88', false: '\x89'}[v])
	case int64:
		return binary.LittleEndian.AppendUint64(append(b, '\x8a', 8), uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 'G'), math.Float64bits(v))
	case string:
		return append(binary.LittleEndian.AppendUint32(append(b, 'X'), uint32(len(v))), v...)
	case pyobject.Tuple:
		return all(b, "(", v, 't')
	case *pyobject.List:
		return all(b, "](", v.Items, 'e')
	case *pyobject.Dict:
		var pairs []pyobject.Value
		for i, key := range v.Keys {
			pairs = append(pairs, key, v.Values[i])
		}
		return all(b, "}(", pairs, 'u')
	case *pyobject.Object:
		dot := strings.LastIndexByte(string(v.Class), '.')
		b = append(b, "c"+string(v.Class[:max(dot, 0)])+"\n"+string(v.Class[dot+1:])+"\n)\x81"...)
		return append(appendValue(b, v.State), 'b')
	case *pyobject.Array:
		return appendArray(b, v)
	}
	return append(b, 'N')
}

func appendArray(b []byte, a *pyobject.Array) []byte {
	b = append(b, "cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR(K\x01("...)
	for _, d := range a.Shape {
		b = appendValue(b, int64(d))
	}
	b = append(appendType(append(b, 't'), a.Type), '\x89', 'B')
	b = binary.LittleEndian.AppendUint32(b, uint32(len(a.Data)))
	return append(append(b, a.Data...), "tb"...)
}

func appendType(b []byte, t pyobject.DType) []byte {
	name := (&pyobject.DType{Kind: t.Kind, Size: t.Size}).String()
	b = append(appendValue(append(b, "cnumpy\ndtype\n("...), name), "\x89\x88tR(K\x03\x8c\x01<N"...)
	if t.Fields == nil {
		return append(b, "NNNNK\x00tb"...)
	}
	var names pyobject.Tuple
	for _, f := range t.Fields {
		names = append(names, f.Name)
	}
	b = append(appendValue(b, names), "}("...)
	for _, f := range t.Fields {
		b = append(appendType(append(appendValue(b, f.Name), '('), f.Type), '\x8a', 1, byte(f.Offset), 't')
	}
	return append(appendValue(append(b, 'u'), int64(t.Size)), "K\x01K\x10tb"...)
}

// TestPicklesGiveTheSameAnswer: what is read from a file is what was written.
func TestPicklesGiveTheSameAnswer(t *testing.T) {
	for says, v := range refusedModels() {
		if says == "two trees share it" { // dump writes them twice
			continue
		}
		root, err := pickle.Read(dump(v))
		if err == nil {
			_, err = New(root)
		}
		if err == nil || (!strings.Contains(err.Error(), says) && !strings.Contains(err.Error(), "refused")) {
			t.Errorf("%v, want one that says %q", err, says)
		}
	}
	root, err := pickle.Read(dump(pipelineOf(scalerOf(2), stump())))
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	e := m.NewEvaluator()
	if err := e.Evaluate([]float64{9, 11.1}, false); err != nil || e.Labels[0] != 1 || e.Probabilities[1] != 0.75 {
		t.Error(e.Labels, e.Probabilities, err)
	}
}

// FuzzFile: no file panics, neither when it is read nor when the model predicts, and its probabilities are numbers.
func FuzzFile(f *testing.F) {
	for _, v := range refusedModels() {
		f.Add(dump(v))
	}
	order, root := ints([]int{3}, 2, 1, 0), kdNodes([3]int64{0, 3, 1})
	for _, v := range []pyobject.Value{stump(), forestOf(stump(), stump()), pipelineOf(scalerOf(2), linearOf()), machine(), neighborsOf(order, root)} {
		f.Add(dump(v))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read := pickle.Read
		if strings.HasPrefix(string(data), "PK") {
			read = skops.Read
		}
		root, err := read(data)
		if err != nil {
			return
		}
		m, err := New(root)
		if err != nil {
			return
		}
		const rows = 2
		e := m.NewEvaluator()
		if err := e.Evaluate(make([]float64, rows*m.Features()), false); err != nil {
			return
		}
		if classes := m.Classes(); len(e.Labels) != rows || e.Labels[0] < 0 || e.Labels[0] >= classes.Len() {
			t.Errorf("labels %v", e.Labels)
		}
	})
}
