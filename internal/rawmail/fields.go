package rawmail

import (
	"bytes"
	"strings"
)

// Field is a header field as it stands.
type Field struct {
	Name string
	Raw  []byte // with its name and its line ends
}

// Fields are the fields of a header, in order.
type Fields []Field

// SplitFields cuts a header into its fields. What is no field is passed over. The
// fields share the header's memory.
func SplitFields(header []byte) Fields {
	var out Fields
	for len(header) > 0 {
		end := bytes.IndexByte(header, '\n') + 1
		if end == 0 {
			end = len(header)
		}
		for end < len(header) && (header[end] == ' ' || header[end] == '\t') {
			next := bytes.IndexByte(header[end:], '\n') + 1
			if next == 0 {
				next = len(header) - end
			}
			end += next
		}
		raw := header[:end]
		header = header[end:]
		if name, _, ok := bytes.Cut(raw, []byte(":")); ok && !bytes.ContainsAny(name, "\r\n") {
			out = append(out, Field{string(bytes.TrimRight(name, " \t")), raw})
		}
	}
	return out
}

// Value is the text of a field on one line, its bytes as they stand.
func (f Field) Value() string {
	_, v, _ := bytes.Cut(f.Raw, []byte(":"))
	if bytes.ContainsAny(v, "\r\n") {
		v = bytes.ReplaceAll(bytes.ReplaceAll(v, []byte("\r"), nil), []byte("\n"), nil)
	}
	return strings.TrimSpace(string(v))
}

// First is the value of the first field of that name, in any case; "" when there is
// none.
func (l Fields) First(name string) string {
	for _, f := range l {
		if strings.EqualFold(f.Name, name) {
			return f.Value()
		}
	}
	return ""
}
