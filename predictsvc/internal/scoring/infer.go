package scoring

import (
	"strconv"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
)

// InferRequest is what a request of the Open Inference Protocol (v2) asks beside the rows that it holds.
type InferRequest struct {
	// ID is the client's id of the request, to be given back; "" for none.
	ID string
	// Outputs are the names of the outputs that the client wants, in its order; nil for all.
	Outputs []string
}

// Datatype is the name that the Open Inference Protocol has for the type of a column.
func Datatype(kind mlmodel.Kind) string {
	switch kind {
	case mlmodel.Float:
		return "FP32"
	case mlmodel.Long:
		return "INT64"
	case mlmodel.Integer:
		return "INT32"
	case mlmodel.Boolean:
		return "BOOL"
	case mlmodel.String:
		return textDatatype
	default:
		return "FP64"
	}
}

// textDatatype is that of the columns of texts, and of no others.
const textDatatype = "BYTES"

// datatypes are those of the protocol, and what their values are in JSON.
var datatypes = map[string]func(kind) bool{
	"BOOL": func(k kind) bool { return k == truth },
	"INT8": isInteger, "INT16": isInteger, "INT32": isInteger, "INT64": isInteger,
	"UINT8": isInteger, "UINT16": isInteger, "UINT32": isInteger, "UINT64": isInteger,
	"FP16": isNumberOrNone, "FP32": isNumberOrNone, "FP64": isNumberOrNone,
	textDatatype: func(k kind) bool { return k == text },
}

func isInteger(k kind) bool { return k == integer }

func isNumberOrNone(k kind) bool { return k == integer || k == decimal || k == constant || k == null }

// ParseInfer reads a body of the Open Inference Protocol: either one tensor [n, k] of any name, with a row of the model's k columns each, or
// a tensor [n] or [n, 1] for each column, by its name. Its data may be flat or nested. Parameters, such as content_type, change nothing.
func (in *Input) ParseInfer(t *Table, body []byte, limits Limits) (*InferRequest, *Error) {
	t.reset(limits)
	if err := t.doc.read(body); err != nil {
		err.Message = strings.Replace(err.Message, shape, "expected a JSON object with inputs", 1)
		return nil, err
	}
	d := &t.doc
	if d.nodes[0].kind != object {
		return nil, malformed("expected a JSON object with inputs, got %s; %s", d.what(0), in.inferHint())
	}
	inputs, ok := d.member(0, "inputs")
	if !ok || d.nodes[inputs].kind != list || d.nodes[inputs].size == 0 {
		return nil, malformed(`"inputs": expected an array of tensors; %s`, in.inferHint())
	}
	request, err := d.inferRequest()
	if err != nil {
		return nil, err
	}
	if err := in.tensors(t, inputs); err != nil {
		return nil, err
	}
	return request, t.complete(in)
}

// inferHint is a request that this model takes.
func (in *Input) inferHint() string {
	const form = `send {"inputs": [{"name": "input", "datatype": "FP64", "shape": [n, `
	width := strconv.Itoa(len(in.Columns))
	if in.Tensor {
		return form + width + `], "data": […]}]}`
	}
	return form + width + `], "data": […]}]} or a tensor [n] for each of the columns ` + in.String()
}

// inferRequest reads what stands beside the tensors.
func (d *document) inferRequest() (*InferRequest, *Error) {
	request := &InferRequest{}
	if id, ok := d.member(0, "id"); ok && d.nodes[id].kind != null {
		if d.nodes[id].kind != text {
			return nil, malformed(`"id": expected a text, got %s`, d.what(id))
		}
		request.ID = string(d.textOf(id))
	}
	outputs, ok := d.member(0, "outputs")
	if !ok || d.nodes[outputs].kind == null {
		return request, nil
	}
	if d.nodes[outputs].kind != list {
		return nil, malformed(`"outputs": expected an array of objects with names, got %s`, d.what(outputs))
	}
	for i, output := range d.items(outputs) {
		name, err := d.textMember(output, "outputs", i, "name")
		if err != nil {
			return nil, err
		}
		request.Outputs = append(request.Outputs, name)
	}
	return request, nil
}

// textMember reads a text of an object that is item i of an array.
func (d *document) textMember(at uint32, array string, i int, name string) (string, *Error) {
	if d.nodes[at].kind != object {
		return "", malformed("%s[%d]: expected an object, got %s", array, i, d.what(at))
	}
	value, ok := d.member(at, name)
	if !ok || d.nodes[value].kind != text {
		return "", malformed("%s[%d].%s: expected a text", array, i, name)
	}
	return string(d.textOf(value)), nil
}

// inferTensor is a tensor of a request.
type inferTensor struct {
	name, datatype string
	rows, width    int
	flat           bool // has one dimension
	data           uint32
}

// tensors reads the rows.
func (in *Input) tensors(t *Table, inputs uint32) *Error {
	d := &t.doc
	seen := make([]bool, len(in.Columns))
	for i, item := range d.items(inputs) {
		tensor, err := d.inferTensor(item, i)
		if err != nil {
			return err
		}
		column, named := in.index[tensor.name]
		switch {
		case !named && d.nodes[inputs].size == 1:
			return in.inferMatrix(t, tensor)
		case !named:
			return unfit("inputs[%d]: %q is not one of the model's columns; %s", i, Excerpt([]byte(tensor.name)), in.inferHint())
		case seen[column]:
			return unfit("column %q is there twice", tensor.name)
		case tensor.width != 1:
			return unfit("column %q: expected shape [n] or [n, 1]; %s", tensor.name, in.inferHint())
		case i > 0 && tensor.rows != t.Rows:
			return unfit("column %q has %d values, and those before it have %d", tensor.name, tensor.rows, t.Rows)
		}
		if i == 0 {
			if err := t.grow(tensor.rows, len(in.Columns)); err != nil {
				return err
			}
		}
		seen[column] = true
		if err := in.fill(t, tensor, column); err != nil {
			return err
		}
	}
	return in.lacking(seen)
}

func (in *Input) inferMatrix(t *Table, tensor *inferTensor) *Error {
	if tensor.flat && len(in.Columns) > 1 || tensor.width != len(in.Columns) {
		return unfit("tensor %q: expected shape [n, %d]; %s", Excerpt([]byte(tensor.name)), len(in.Columns), in.inferHint())
	}
	if err := t.grow(tensor.rows, len(in.Columns)); err != nil {
		return err
	}
	return in.fill(t, tensor, 0)
}

// inferTensor reads a tensor, and makes sure that it has as many values as its shape says.
func (d *document) inferTensor(at uint32, i int) (*inferTensor, *Error) {
	tensor := &inferTensor{}
	var err *Error
	if tensor.name, err = d.textMember(at, "inputs", i, "name"); err != nil {
		return nil, err
	}
	if tensor.datatype, err = d.textMember(at, "inputs", i, "datatype"); err != nil {
		return nil, err
	}
	if _, known := datatypes[tensor.datatype]; !known {
		return nil, malformed("inputs[%d].datatype: %q is none of the protocol's", i, Excerpt([]byte(tensor.datatype)))
	}
	if err := d.inferShape(at, i, tensor); err != nil {
		return nil, err
	}
	data, ok := d.member(at, "data")
	if !ok || d.nodes[data].kind != list {
		return nil, malformed("inputs[%d].data: expected an array; binary data is not read", i)
	}
	tensor.data = data
	if n := d.leaves(data); n != tensor.rows*tensor.width {
		return nil, malformed("inputs[%d]: the shape stands for %d values, and data has %d", i, tensor.rows*tensor.width, n)
	}
	return tensor, nil
}

// inferShape reads a shape of one or two dimensions.
func (d *document) inferShape(at uint32, i int, tensor *inferTensor) *Error {
	shape, ok := d.member(at, "shape")
	if !ok || d.nodes[shape].kind != list || d.nodes[shape].size == 0 || d.nodes[shape].size > 2 {
		return malformed("inputs[%d].shape: expected an array of one or two numbers", i)
	}
	tensor.width, tensor.flat = 1, d.nodes[shape].size == 1
	for j, item := range d.items(shape) {
		const most = 1 << 31
		if d.nodes[item].kind != integer {
			return malformed("inputs[%d].shape: expected numbers of values, got %s", i, d.what(item))
		}
		n, err := strconv.ParseInt(string(d.bytes(item)), 10, 64)
		if err != nil || n < 0 || n >= most {
			return malformed("inputs[%d].shape: expected numbers of values, got %s", i, d.what(item))
		}
		if j == 0 {
			tensor.rows = int(n)
		} else {
			tensor.width = int(n)
		}
	}
	return nil
}

// leaves is the number of values in an array of arrays.
func (d *document) leaves(at uint32) int {
	n := 0
	for i := at; i < d.next(at); i++ {
		if d.nodes[i].kind != list {
			n++
		}
	}
	return n
}

// fill puts the values of a tensor into the columns from one on.
func (in *Input) fill(t *Table, tensor *inferTensor, column int) *Error {
	d := &t.doc
	allowed := datatypes[tensor.datatype]
	n := 0
	for i := tensor.data; i < d.next(tensor.data); i++ {
		if d.nodes[i].kind == list {
			continue
		}
		row, c := n/tensor.width, column+n%tensor.width
		n++
		if (tensor.datatype == textDatatype) != (in.Columns[c].Kind == mlmodel.String) || !allowed(d.nodes[i].kind) {
			return malformed("row %d: column %q: expected %s, got %s in a tensor of datatype %s", row, in.Columns[c].Name, in.Columns[c].Kind, d.what(i), tensor.datatype)
		}
		v, err := t.cast(&in.Columns[c], i)
		if err != nil {
			return inRow(row, err)
		}
		t.Values[row*len(in.Columns)+c] = v
	}
	return nil
}
