package skops

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"slices"
	"strconv"

	"mlopsgo/internal/pyobject"
)

// ErrFormat is in the chain of errors of [Read] for what is not a skops file; ErrRefused for classes and kinds of nodes that are not
// known here.
var (
	ErrFormat  = errors.New("not a valid skops file")
	ErrRefused = errors.New("refused")
)

// maxBytes bounds what a file is unpacked to: its schema and all its arrays.
const maxBytes = 2 << 30

// Read reads the object of a skops file as plain data. Nothing is executed: a class is a name, which must be one of [pyobject.Classes].
// Dicts have the keys that stand in the file, which are always texts.
func Read(data []byte) (pyobject.Value, error) {
	root, err := read(data, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("skops: %w", err)
	}
	return root, nil
}

func read(data []byte, limit int64) (pyobject.Value, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	r := &archiveReader{data: data, files: map[string]*zip.File{}, left: limit, memo: map[string]pyobject.Value{}, open: map[string]bool{}}
	for _, f := range archive.File {
		r.files[f.Name] = f
	}
	if r.schema, err = r.unpack(schemaFile); err != nil {
		return nil, err
	}
	if !json.Valid(r.schema) {
		return nil, fmt.Errorf("%w: %s is not JSON", ErrFormat, schemaFile)
	}
	root, err := r.value(r.all(), 0)
	if err != nil {
		return nil, err
	}
	return root, pyobject.Check(root)
}

// archiveReader makes objects of the nodes of a schema. Python writes an object that stands in several places in full at each of them; the
// schema of a forest is mostly that. So nodes are found by their ids in the text, and one that is known is not looked at again.
type archiveReader struct {
	data   []byte // of the archive
	files  map[string]*zip.File
	schema []byte
	left   int64 // bytes that may still be unpacked
	memo   map[string]pyobject.Value
	open   map[string]bool // nodes that are being read
}

// unpack reads a file of the archive. One that is stored as it is, as Python stores them, is a part of the archive.
func (r *archiveReader) unpack(name string) ([]byte, error) {
	f, ok := r.files[name]
	if !ok {
		return nil, fmt.Errorf("%w: it has no file %.100q", ErrFormat, name)
	}
	// Deflate makes at most 1032 bytes of one; a size beyond that is a lie, which must not cost memory.
	if size := f.UncompressedSize64; size > uint64(r.left) || size > 1100*f.CompressedSize64+64 {
		return nil, fmt.Errorf("%w: its file %.100q claims to have %d bytes", ErrFormat, name, size)
	}
	if f.Method == zip.Store {
		return r.stored(f)
	}
	from, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: its file %.100q: %w", ErrFormat, name, err)
	}
	defer from.Close()
	data := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(from, data); err != nil {
		return nil, fmt.Errorf("%w: its file %.100q: %w", ErrFormat, name, err)
	}
	if n, err := from.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) { // where the checksum is compared
		return nil, fmt.Errorf("%w: its file %.100q has not the length or the checksum that it claims", ErrFormat, name)
	}
	r.left -= int64(len(data))
	return data, nil
}

// stored finds a file that is not compressed.
func (r *archiveReader) stored(f *zip.File) ([]byte, error) {
	at, err := f.DataOffset()
	if err != nil {
		return nil, fmt.Errorf("%w: its file %.100q: %w", ErrFormat, f.Name, err)
	}
	size := int64(f.UncompressedSize64) // at most r.left, as unpack has seen
	if f.CompressedSize64 != f.UncompressedSize64 || at < 0 || at > int64(len(r.data))-size {
		return nil, fmt.Errorf("%w: its file %.100q is not where it claims to be", ErrFormat, f.Name)
	}
	data := r.data[at : at+size : at+size]
	if crc32.ChecksumIEEE(data) != f.CRC32 {
		return nil, fmt.Errorf("%w: its file %.100q has not the checksum that it claims", ErrFormat, f.Name)
	}
	r.left -= size
	return data, nil
}

// maxNodes is deeper than a schema of any model.
const maxNodes = 100

// value reads the node that stands at a place of the schema.
func (r *archiveReader) value(at span, depth int) (pyobject.Value, error) {
	if depth == maxNodes {
		return nil, fmt.Errorf("%w: objects are nested more than %d levels deep", ErrFormat, maxNodes)
	}
	n, err := r.node(at)
	if err != nil {
		return nil, err
	}
	if n.id == "" {
		return r.make(&n, depth)
	}
	if v, ok := r.memo[n.id]; ok {
		return v, nil
	}
	if r.open[n.id] {
		return nil, fmt.Errorf("%w: object %.30s (%.100s) contains itself", ErrFormat, n.id, n.class)
	}
	r.open[n.id] = true
	v, err := r.make(&n, depth)
	if err != nil {
		return nil, err
	}
	delete(r.open, n.id)
	r.memo[n.id] = v
	return v, nil
}

// types are those that a schema may name as a value.
var types = []string{"builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.object"}

// make makes the object of a node.
func (r *archiveReader) make(n *readNode, depth int) (pyobject.Value, error) {
	switch n.loader {
	case JSONLoader:
		return r.constant(n)
	case ListLoader:
		items, err := r.items(n, depth)
		return &pyobject.List{Items: items}, err
	case TupleLoader:
		items, err := r.items(n, depth)
		return pyobject.Tuple(items), err
	case DictLoader:
		return r.dict(n, depth)
	case TypeLoader:
		if slices.Contains(types, n.class) {
			return pyobject.Type(n.class), nil
		}
	case ArrayLoader:
		return r.array(n, depth)
	case ObjectLoader, TreeLoader, "LossNode", "RandomStateNode":
		if pyobject.Classes(n.class) {
			return r.object(n, depth)
		}
	case CachedLoader:
		return nil, fmt.Errorf("%w: object %.30q is referred to and not there", ErrFormat, n.id)
	default:
		return nil, fmt.Errorf("%w: %.100s is a %.100s, which models of scikit-learn known here do not need", ErrRefused, n.class, n.loader)
	}
	return nil, fmt.Errorf("%w: the file names %.200s, which is not one of the classes that models of scikit-learn known here need", ErrRefused, n.class)
}

// constant reads None, a truth value, a number or a text, whose content is JSON in a text.
func (r *archiveReader) constant(n *readNode) (pyobject.Value, error) {
	text, err := r.text(n.content)
	if err != nil {
		return nil, err
	}
	if special, ok := specials[text]; ok {
		return special, nil
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil || decoder.More() {
		return nil, fmt.Errorf("%w: the value %.30q", ErrFormat, text)
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		if len(v) <= maxDigits {
			if i, ok := new(big.Int).SetString(string(v), 10); ok {
				return i, nil
			}
		}
		if f, err := v.Float64(); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: the value %.30q", ErrFormat, text)
}

// maxDigits bounds integers.
const maxDigits = 100

func (r *archiveReader) items(n *readNode, depth int) ([]pyobject.Value, error) {
	places, err := r.elements(n.content)
	if err != nil {
		return nil, err
	}
	items := make([]pyobject.Value, len(places))
	for i, at := range places {
		if items[i], err = r.value(at, depth+1); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (r *archiveReader) dict(n *readNode, depth int) (pyobject.Value, error) {
	d := &pyobject.Dict{}
	err := r.members(n.content, func(key string, at span) error {
		v, err := r.value(at, depth+1)
		d.Keys, d.Values = append(d.Keys, key), append(d.Values, v)
		return err
	})
	return d, err
}

func (r *archiveReader) object(n *readNode, depth int) (pyobject.Value, error) {
	o := &pyobject.Object{Class: pyobject.Type(n.class)}
	if n.args.given() {
		args, err := r.value(n.args, depth+1)
		if err != nil {
			return nil, err
		}
		tuple, ok := args.(pyobject.Tuple)
		if !ok {
			return nil, fmt.Errorf("%w: the arguments of %s are %s", ErrFormat, n.class, pyobject.Describe(args))
		}
		o.Args = tuple
	}
	if !n.content.given() {
		return o, nil
	}
	var err error
	o.State, err = r.value(n.content, depth+1)
	return o, err
}
