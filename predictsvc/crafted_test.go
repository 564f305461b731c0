package predictsvc

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/pickle"
	"mlopsgo/internal/pyobject"
	"mlopsgo/mlflowclient/mlmodel"
)

// nodeBytes is the size of scikit-learn's record of a node, in which left child, right child and feature come first.
const nodeBytes = 64

// testCraftedTrees changes single numbers of the trees in files that Python wrote. scikit-learn itself follows them wherever they lead.
func testCraftedTrees(t *testing.T, dir string) {
	for name, test := range map[string]struct {
		at    int
		value int64
		says  string
	}{
		"a cycle":              {0, 0, "node 0 of"},
		"a child out of reach": {8, 1 << 40, "the child 1099511627776"},
		"a negative child":     {8, -5, "the child -5"},
		"a feature too many":   {16, 4, "splits feature 4 of 4"},
		"a negative feature":   {16, -1, "splits feature -1 of 4"},
		"a second parent":      {8, 1, "have no other parent"},
	} {
		change := func(nodes []byte) { binary.LittleEndian.PutUint64(nodes[test.at:], uint64(test.value)) }
		for format, craft := range map[string]func(*testing.T, []byte, func([]byte)) []byte{"skops": craftSkops, "pickle": craftPickle} {
			t.Run(name+", "+format, func(t *testing.T) {
				folder, err := mlmodel.OpenFolder(filepath.Join(dir, "tree-"+format))
				must(t, err)
				data, err := folder.FlavorFile("sklearn", "pickled_model")
				must(t, err)
				config, _ := folder.Model.Flavor("sklearn")
				crafted := filepath.Join(t.TempDir(), "model")
				must(t, os.CopyFS(crafted, os.DirFS(filepath.Join(dir, "tree-"+format))))
				must(t, os.WriteFile(filepath.Join(crafted, config.Text("pickled_model")), craft(t, data, change), 0o600))
				_, err = loadModel(t.Context(), crafted, source{URI: "models:/crafted/1"}, DefaultTarget)
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%v, want an error that says %q", err, test.says)
				}
			})
		}
	}
}

// craftPickle changes the nodes of a tree in a pickle, with whose bytes the arrays of package pickle share memory.
func craftPickle(t *testing.T, data []byte, change func(nodes []byte)) []byte {
	t.Helper()
	root, err := pickle.Read(data)
	must(t, err)
	for _, name := range []string{"tree_", "nodes"} {
		object, _ := root.(*pyobject.Object)
		root, _ = object.Attr(name)
	}
	nodes, _ := root.(*pyobject.Array)
	change(nodes.Data)
	return data
}

// craftSkops changes the one array of nodes in a skops file.
func craftSkops(t *testing.T, data []byte, change func(nodes []byte)) []byte {
	t.Helper()
	from, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	var to bytes.Buffer
	w := zip.NewWriter(&to)
	for _, f := range from.File {
		r, err := f.Open()
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		if head, nodes, _ := bytes.Cut(content, []byte("\n")); bytes.Contains(head, []byte("left_child")) {
			if len(nodes)%nodeBytes != 0 {
				t.Fatalf("%d bytes of nodes", len(nodes))
			}
			change(nodes)
		}
		out, err := w.Create(f.Name)
		must(t, err)
		_, err = out.Write(content)
		must(t, err)
	}
	must(t, w.Close())
	return to.Bytes()
}
