package skops

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Loader names the class of skops that builds an object from its node.
type Loader string

// The loaders that a pipeline of a scaler and a forest needs.
const (
	JSONLoader   Loader = "JsonNode"
	ListLoader   Loader = "ListNode"
	TupleLoader  Loader = "TupleNode"
	DictLoader   Loader = "DictNode"
	TypeLoader   Loader = "TypeNode"
	ObjectLoader Loader = "ObjectNode"
	TreeLoader   Loader = "TreeNode"
	ArrayLoader  Loader = "NdArrayNode"
	// CachedLoader marks a reference to a node that stands further up.
	CachedLoader Loader = "CachedNode"
)

// Node is one object of a schema. Nodes that are the same in memory are one object in Python too.
type Node struct {
	// Module and Class name the object's type; of a TypeLoader, they are the type.
	Module, Class string
	Loader        Loader
	// JSON is the value of a JSONLoader as text.
	JSON string
	// Items are the members of a list or tuple, the values of a dict, the elements of an array of objects.
	Items []*Node
	// Keys are those of a dict as text, one for each of Items; KeyTypes is the list of their types.
	Keys     []string
	KeyTypes *Node
	// State holds the attributes of an object or a tree; nil when it has none.
	State *Node
	// Args are the arguments that make a tree.
	Args *Node
	// Array is the content of an array in a file of its own; Shape, without it, that of an array of objects.
	Array *Array
	Shape *Node
}

const builtins = "builtins"

// Objects that Python has once only.
var (
	none       = value("null")
	yes        = value("true")
	no         = value("false")
	textType   = &Node{Module: builtins, Class: "str", Loader: TypeLoader}
	numberType = &Node{Module: builtins, Class: "int", Loader: TypeLoader}
)

// value is an object that JSON can write: None, a bool, a number, a string.
func value(text string) *Node {
	return &Node{Module: builtins, Class: "str", Loader: JSONLoader, JSON: text}
}

func truth(b bool) *Node {
	if b {
		return yes
	}
	return no
}

func integer[T int | int64 | uint32](n T) *Node { return value(strconv.FormatInt(int64(n), 10)) }

// float writes a number so that Python reads a float.
func float(f float64) *Node {
	switch {
	case math.IsNaN(f):
		return value("NaN")
	case math.IsInf(f, 0):
		return value(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+") + "inity")
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return value(text)
}

func text(s string) *Node { return value(quote(s)) }

// quote writes a string of JSON.
func quote(s string) string {
	data, _ := json.Marshal(s) //nolint:errchkjson // a string cannot fail: what is not UTF-8 is replaced
	return string(data)
}

func list(items ...*Node) *Node {
	return &Node{Module: builtins, Class: "list", Loader: ListLoader, Items: items}
}

func tuple(items ...*Node) *Node {
	return &Node{Module: builtins, Class: "tuple", Loader: TupleLoader, Items: items}
}

// field is one entry of a dict.
type field struct {
	key   string
	value *Node
}

// dict has keys of one type. keyTypes lists that type at least as often as there are fields, and can be shared.
func dict(keyTypes *Node, fields []field) *Node {
	n := &Node{Module: builtins, Class: "dict", Loader: DictLoader, KeyTypes: keyTypes}
	for _, f := range fields {
		n.Keys, n.Items = append(n.Keys, f.key), append(n.Items, f.value)
	}
	return n
}

// repeated is a list of the same object.
func repeated(item *Node, times int) *Node {
	items := make([]*Node, times)
	for i := range items {
		items[i] = item
	}
	return list(items...)
}

// maxAttributes is more attributes than any object here has.
const maxAttributes = 48

// attributeTypes are the types of the attributes' names, shared by all objects: skops pairs them with the names and lets
// the rest be.
var attributeTypes = repeated(textType, maxAttributes)

// object has the attributes of a class of scikit-learn, whose version it notes as scikit-learn does when it is copied.
func object(module, class string, fields ...field) *Node {
	return &Node{
		Module: module, Class: class, Loader: ObjectLoader,
		State: dict(attributeTypes, append(fields, field{"_sklearn_version", sklearnVersion})),
	}
}

// array is a numpy array with a file of its own.
func array(a *Array) *Node {
	return &Node{Module: "numpy", Class: "ndarray", Loader: ArrayLoader, Array: a}
}

// scalar is a single number of a type of numpy.
func scalar(class string, a *Array) *Node {
	return &Node{Module: "numpy", Class: class, Loader: ArrayLoader, Array: a}
}

// objects is a numpy array of Python strings, as pandas gives them to scikit-learn.
func objects(texts []string) *Node {
	n := &Node{Module: "numpy", Class: "ndarray", Loader: ArrayLoader, Shape: tuple(integer(len(texts)))}
	for _, s := range texts {
		n.Items = append(n.Items, text(s))
	}
	return n
}
