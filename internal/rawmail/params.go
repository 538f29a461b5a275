package rawmail

import (
	"mime"
	"strings"
)

// Param is a parameter of a Content-Type or Content-Disposition, as it stands:
// encoded words and RFC 2231's forms ("filename*0") are not resolved.
type Param struct{ Name, Value string }

// Params are the parameters of a field, in order.
type Params []Param

// maxParams is how many parameters of one field are understood.
const maxParams = 100

// Value is the value of a parameter, in any case, put together and decoded if it is
// written as RFC 2231 has it; "" when there is none.
func (l Params) Value(name string) string {
	for _, p := range l {
		if strings.EqualFold(p.Name, name) {
			return p.Value
		}
	}
	for _, p := range l {
		if plain, _, extended := strings.Cut(p.Name, "*"); extended && strings.EqualFold(plain, name) {
			return l.decoded()[strings.ToLower(name)]
		}
	}
	return ""
}

// decoded are the parameters by names in lower case, with RFC 2231's forms resolved
// where they can be.
func (l Params) decoded() map[string]string {
	if len(l) == 0 {
		return nil
	}
	var field strings.Builder
	field.WriteString("x")
	for _, p := range l {
		field.WriteString("; " + p.Name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.Value) + `"`)
	}
	if _, params, err := mime.ParseMediaType(field.String()); err == nil {
		return params
	}
	out := map[string]string{}
	for _, p := range l {
		if name := strings.ToLower(p.Name); out[name] == "" {
			out[name] = p.Value
		}
	}
	return out
}

// readParams reads "text/plain; charset=x": what stands before the parameters, and
// these. It takes what nobody should have written: values with blanks or bytes of
// any charset, quotes that do not end.
func readParams(value string) (string, Params) {
	first, rest, _ := strings.Cut(value, ";")
	var out Params
	for rest != "" && len(out) < maxParams {
		name, after, ok := strings.Cut(rest, "=")
		if semicolon := strings.IndexByte(name, ';'); semicolon >= 0 {
			rest = rest[semicolon+1:]
			continue
		}
		if !ok {
			break
		}
		var v string
		v, rest = paramValue(strings.TrimLeft(after, " \t"))
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, Param{name, v})
		}
	}
	return strings.TrimSpace(first), out
}

// paramValue reads one value and returns what stands behind its semicolon.
func paramValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return strings.TrimSpace(value), rest
	}
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	_, rest, _ = strings.Cut(s[min(i, len(s)):], ";")
	return b.String(), rest
}
