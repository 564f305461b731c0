package skops

import (
	"archive/zip"
	"bytes"
	"errors"
	"slices"
	"testing"

	"mlopsgo/internal/pyobject"
)

// TestReadsStoredArrays reads an archive as Python writes it, whose files are not compressed, and one that was changed.
func TestReadsStoredArrays(t *testing.T) {
	const header, data = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }       ", "\x07\x00\x00\x00\x09\x00\x00\x00"
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for name, content := range map[string]string{"1.npy": npy(header, data), schemaFile: arrayNode("1.npy")} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	archive := packed.Bytes()
	root, err := Read(archive)
	if err != nil {
		t.Fatal(err)
	}
	array, _ := root.(*pyobject.Array)
	if values, err := array.Ints(); err != nil || !slices.Equal(values, []int64{7, 9}) {
		t.Error(values, err)
	}
	at := bytes.Index(archive, []byte(data))
	archive[at]++
	if _, err := Read(archive); !errors.Is(err, ErrFormat) {
		t.Errorf("a changed array: %v", err)
	}
}
