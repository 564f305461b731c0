package scoring

import "mlopsgo/mlflowclient/mlmodel"

// checkParams checks the parameters of a request, 0 for none, as MLflow does: against those that the signature declares. Without
// declared parameters anything is passed over, and so are names that are not declared. No model that is served here has a use for them.
func (in *Input) checkParams(d *document, at uint32) *Error {
	if in.params == nil || at == 0 || d.nodes[at].kind == null {
		return nil
	}
	if d.nodes[at].kind != object {
		return invalid(`"params": expected an object, got %s`, d.what(at))
	}
	for i := range in.params {
		p := &in.params[i]
		value, ok := d.member(at, p.Name)
		if ok && !takes(p, d, value) {
			return invalid(`"params": %q: expected %s, got %s`, p.Name, paramText(p), d.what(value))
		}
	}
	return nil
}

func paramText(p *mlmodel.Param) string {
	if p.Vector {
		return "an array of " + string(p.Type.Kind)
	}
	return string(p.Type.Kind)
}

// takes tells whether a parameter can have a value. Null is taken for any single value.
func takes(p *mlmodel.Param, d *document, value uint32) bool {
	if !p.Vector {
		return takesOne(p.Type.Kind, d, value)
	}
	if d.nodes[value].kind != list {
		return false
	}
	for _, item := range d.items(value) {
		if !takesOne(p.Type.Kind, d, item) {
			return false
		}
	}
	return true
}

func takesOne(kind mlmodel.Kind, d *document, value uint32) bool {
	is := d.nodes[value].kind
	if is == null {
		return true
	}
	switch kind {
	case mlmodel.Boolean:
		return is == truth
	case mlmodel.Integer, mlmodel.Long:
		return is == integer
	case mlmodel.Float, mlmodel.Double:
		return is == integer || is == decimal || is == constant
	case mlmodel.String, mlmodel.Datetime:
		return is == text
	case mlmodel.Object:
		return is == object
	default: // binary, which JSON cannot hold
		return false
	}
}
