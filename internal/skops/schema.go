package skops

import (
	"bufio"
	"io"
	"strconv"
)

// The format's version, and that of skops whose files these equal.
const (
	protocol    = 2
	skopsFormat = "0.16.0"
)

// schema numbers the nodes of a tree and writes them.
type schema struct {
	out *bufio.Writer
	ids map[*Node]int
	// written are the nodes that stand in the file and can be referred to.
	written map[*Node]bool
	// quoted are names in quotes: there are few, and they come again with every tree.
	quoted map[string]string
}

// newSchema numbers all nodes below root in the order in which skops comes by them, and lists those that have arrays.
func newSchema(root *Node) (s *schema, arrays []*Node) {
	s = &schema{ids: map[*Node]int{}, written: map[*Node]bool{}, quoted: map[string]string{}}
	var number func(n *Node)
	number = func(n *Node) {
		if n == nil || s.ids[n] != 0 {
			return
		}
		s.ids[n] = len(s.ids) + 1
		if n.Array != nil {
			arrays = append(arrays, n)
		}
		number(n.KeyTypes)
		for _, item := range n.Items {
			number(item)
		}
		number(n.Shape)
		number(n.State)
		number(n.Args)
	}
	number(root)
	return s, arrays
}

// fileName is the name of an array in the archive.
func (s *schema) fileName(n *Node) string { return strconv.Itoa(s.ids[n]) + ".npy" }

// write writes schema.json.
func (s *schema) write(w io.Writer, root *Node) error {
	s.out = bufio.NewWriterSize(w, 1<<16)
	s.node(root, `,"protocol":`+strconv.Itoa(protocol)+`,"_skops_version":"`+skopsFormat+`"`)
	return s.out.Flush()
}

func (s *schema) text(parts ...string) {
	for _, part := range parts {
		_, _ = s.out.WriteString(part) // Flush gives the error
	}
}

// name quotes the name of a class, a module or an attribute.
func (s *schema) name(name string) string {
	quoted, ok := s.quoted[name]
	if !ok {
		quoted = quote(name)
		s.quoted[name] = quoted
	}
	return quoted
}

// node writes a node, with more keys at its end.
func (s *schema) node(n *Node, more string) {
	loader := n.Loader
	if s.written[n] {
		loader = CachedLoader
	}
	s.text(`{"__class__":`, s.name(n.Class), `,"__module__":`, s.name(n.Module), `,"__loader__":"`, string(loader), `"`)
	if loader != CachedLoader {
		s.content(n)
		s.written[n] = true
	}
	s.text(`,"__id__":`, strconv.Itoa(s.ids[n]), more, "}")
}

// content writes the parts of a node in the order in which skops looks at them, which is that in which it learns ids.
func (s *schema) content(n *Node) {
	switch n.Loader {
	case JSONLoader:
		s.text(`,"content":`, quote(n.JSON), `,"is_json":true`)
	case ListLoader, TupleLoader:
		s.items(n.Items)
	case DictLoader:
		s.text(`,"key_types":`)
		s.node(n.KeyTypes, "")
		s.text(`,"content":{`)
		for i, item := range n.Items {
			if i > 0 {
				s.text(",")
			}
			s.text(s.name(n.Keys[i]), ":")
			s.node(item, "")
		}
		s.text("}")
	case ObjectLoader, TreeLoader:
		if n.State != nil {
			s.text(`,"content":`)
			s.node(n.State, "")
		}
		if n.Args != nil {
			s.text(`,"__reduce__":{"args":`)
			s.node(n.Args, "")
			s.text("}")
		}
	case ArrayLoader:
		if n.Array != nil {
			s.text(`,"type":"numpy","file":"`, s.fileName(n), `"`)
			return
		}
		s.items(n.Items)
		s.text(`,"type":"json","shape":`)
		s.node(n.Shape, "")
	case TypeLoader, CachedLoader:
	}
}

func (s *schema) items(items []*Node) {
	s.text(`,"content":[`)
	for i, item := range items {
		if i > 0 {
			s.text(",")
		}
		s.node(item, "")
	}
	s.text("]")
}
