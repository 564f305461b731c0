package prefectclient

import "strings"

// fillTemplate puts fields into a run name's template: {x} for the field x.
func fillTemplate(template string, fields parameterMap) string {
	var b strings.Builder
	for {
		start := strings.IndexByte(template, '{')
		if start < 0 {
			b.WriteString(template)
			return b.String()
		}
		length := strings.IndexByte(template[start:], '}')
		if length < 0 {
			b.WriteString(template)
			return b.String()
		}
		b.WriteString(template[:start])
		name := template[start+1 : start+length]
		if value, ok := fields[name]; ok {
			b.WriteString(strings.Trim(string(value), `"`))
		} else {
			b.WriteString(template[start : start+length+1])
		}
		template = template[start+length+1:]
	}
}
