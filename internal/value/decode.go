package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/addr"
)

// maxDepth bounds nesting of decoded values; the deepest real attribute is 4.
const maxDepth = 32

// maxShared bounds how many texts a Decoder keeps for sharing.
const maxShared = 4096

// Decoder reads values from JSON as the Marshal methods write it. Equal names,
// texts and references that one Decoder reads share their memory; a state of
// 10,000 people holds few different ones. The zero Decoder is ready for use; it is
// not safe for concurrent use.
type Decoder struct {
	names map[string]string
	texts map[string]Value
	refs  map[string]Value
}

// Decode reads one value from JSON as the Marshal methods write it. JSON null is
// a nil Value at the top and an error inside. Numbers must be whole.
func Decode(data []byte) (Value, error) {
	var d Decoder
	return d.Decode(data)
}

// Decode is as the function Decode.
func (d *Decoder) Decode(data []byte) (Value, error) {
	if !json.Valid(data) {
		var raw json.RawMessage
		if err := json.Unmarshal(data, &raw); err != nil {
			return nil, fmt.Errorf("value: %w", err)
		}
	}
	r := reader{Decoder: d, data: data}
	if r.peek() == 'n' {
		return nil, nil
	}
	return r.value(0)
}

// Object reads an object of attributes; JSON null is a nil Object.
func (d *Decoder) Object(data []byte) (Object, error) {
	v, err := d.Decode(data)
	if err != nil || v == nil {
		return nil, err
	}
	obj, ok := v.(Object)
	if !ok {
		return nil, fmt.Errorf("value: want an object, have %T", v)
	}
	return obj, nil
}

// reader reads valid JSON from its beginning.
type reader struct {
	*Decoder
	data []byte
	at   int
}

// errCut ends the reading of data that ends too early; valid JSON never does.
var errCut = errors.New("value: the data ends too early")

// peek returns the next byte that is no blank, 0 at the end.
func (r *reader) peek() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

func (r *reader) value(depth int) (Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("value: nested deeper than %d", maxDepth)
	}
	switch c := r.peek(); c {
	case '"':
		text, err := r.token()
		if err != nil {
			return nil, err
		}
		return r.text(text)
	case '{':
		return r.object(depth)
	case '[':
		r.at++
		return r.list(depth)
	case 't', 'f':
		r.word()
		return Bool(c == 't'), nil
	case 0:
		return nil, errCut
	}
	word := r.word()
	if word == "null" {
		return nil, errors.New("value: null has no place in a value")
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("value: %s is not a whole number of 64 bits", word)
	}
	return Int(n), nil
}

// word reads a number or a name up to what ends it.
func (r *reader) word() string {
	start := r.at
	for r.at < len(r.data) && !strings.ContainsRune(" \t\r\n,]}", rune(r.data[r.at])) {
		r.at++
	}
	return string(r.data[start:r.at])
}

// token reads a text with its quotes.
func (r *reader) token() ([]byte, error) {
	start := r.at
	for i := start + 1; i < len(r.data); i++ {
		switch r.data[i] {
		case '\\':
			i++
		case '"':
			r.at = i + 1
			return r.data[start:r.at], nil
		}
	}
	return nil, errCut
}

// unquoted returns what a token says; as it stands when nothing is escaped.
func unquoted(token []byte) ([]byte, error) {
	inner := token[1 : len(token)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner, nil
	}
	var text string
	if err := json.Unmarshal(token, &text); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	return []byte(text), nil
}

func (r *reader) text(token []byte) (Value, error) {
	b, err := unquoted(token)
	if err != nil {
		return nil, err
	}
	if v, ok := r.texts[string(b)]; ok {
		return v, nil
	}
	v := Value(String(b))
	if r.texts == nil {
		r.texts = map[string]Value{}
	}
	if len(r.texts) < maxShared {
		r.texts[string(v.(String))] = v
	}
	return v, nil
}

func (r *reader) name(token []byte) (string, error) {
	b, err := unquoted(token)
	if err != nil {
		return "", err
	}
	if name, ok := r.names[string(b)]; ok {
		return name, nil
	}
	name := string(b)
	if r.names == nil {
		r.names = map[string]string{}
	}
	if len(r.names) < maxShared {
		r.names[name] = name
	}
	return name, nil
}

// list reads elements up to the closing bracket.
func (r *reader) list(depth int) (List, error) {
	list := List{}
	for {
		switch r.peek() {
		case ']':
			r.at++
			return list, nil
		case ',':
			r.at++
			continue
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

// object reads an object; one that has a name that begins with a dollar sign is
// read once more as what it stands for.
func (r *reader) object(depth int) (Value, error) {
	start := r.at
	r.at++
	obj := make(Object, r.count())
	for {
		switch r.peek() {
		case '}':
			r.at++
			return obj, nil
		case ',', ':':
			r.at++
			continue
		case '"':
		default:
			return nil, errCut
		}
		token, err := r.token()
		if err != nil {
			return nil, err
		}
		name, err := r.name(token)
		if err != nil {
			return nil, err
		}
		if special(name) {
			r.at = start
			return r.special(depth)
		}
		if r.peek() == ':' {
			r.at++
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		obj[name] = v
	}
}

// count counts the names of the object whose brace was just read, so that its map
// is made in the right size.
func (r *reader) count() int {
	n, depth := 0, 0
	for i := r.at; i < len(r.data); i++ {
		switch r.data[i] {
		case '"':
			for i++; i < len(r.data) && r.data[i] != '"'; i++ {
				if r.data[i] == '\\' {
					i++
				}
			}
		case ':':
			if depth == 0 {
				n++
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return n
			}
		}
	}
	return n
}

func special(name string) bool {
	switch name {
	case "$ref", "$secret", "$clear", "$add", "$remove":
		return true
	}
	return false
}

// special reads an object that stands for a reference, a secret, an emptied
// attribute or an edit.
func (r *reader) special(depth int) (Value, error) {
	start := r.at
	if v, ok := r.plainRef(); ok {
		return v, nil
	}
	r.at = start
	parts := map[string]json.RawMessage{}
	dec := json.NewDecoder(bytes.NewReader(r.data[start:]))
	if err := dec.Decode(&parts); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	r.at = start + int(dec.InputOffset())
	text := func(name string) string {
		var s string
		if err := json.Unmarshal(parts[name], &s); err != nil {
			return "" // refused by the caller as malformed
		}
		return s
	}
	given := func(name string) bool { return parts[name] != nil && string(parts[name]) != "null" }
	switch {
	case given("$ref"):
		a, err := addr.Parse(text("$ref"))
		if err != nil || text("attr") == "" || len(parts) != 2 {
			return nil, fmt.Errorf("value: malformed $ref %s", r.data[start:r.at])
		}
		return Ref{Addr: a, Attr: text("attr")}, nil
	case given("$secret"):
		if text("$secret") == "" || len(parts) != 1 {
			return nil, errors.New("value: malformed $secret")
		}
		return Secret(text("$secret")), nil
	case given("$clear"):
		if string(parts["$clear"]) != "true" || len(parts) != 1 {
			return nil, fmt.Errorf("value: malformed $clear %s", r.data[start:r.at])
		}
		return Clear{}, nil
	case given("$add") && given("$remove") && len(parts) == 2:
		return r.edit(parts["$add"], parts["$remove"], depth)
	}
	return nil, fmt.Errorf("value: malformed %s", r.data[start:r.at])
}

func (r *reader) edit(add, remove json.RawMessage, depth int) (Value, error) {
	var lists [2]List
	for i, data := range [][]byte{add, remove} {
		part := reader{Decoder: r.Decoder, data: data}
		if part.peek() != '[' {
			return nil, errors.New("value: malformed $add/$remove")
		}
		v, err := part.value(depth + 1)
		if err != nil {
			return nil, err
		}
		lists[i], _ = v.(List)
	}
	return Edit{Add: lists[0], Remove: lists[1]}, nil
}

// plainRef reads {"$ref": "address", "attr": "id"} as isa writes it.
func (r *reader) plainRef() (Value, bool) {
	var tokens [4][]byte
	r.at++
	for i, after := range []byte{':', ',', ':', '}'} {
		if r.peek() != '"' {
			return nil, false
		}
		token, err := r.token()
		if err != nil || bytes.IndexByte(token, '\\') >= 0 && i != 1 || r.peek() != after {
			return nil, false
		}
		tokens[i] = token
		r.at++
	}
	if string(tokens[0]) != `"$ref"` || string(tokens[2]) != `"attr"` || string(tokens[3]) != `"id"` {
		return nil, false
	}
	if v, ok := r.refs[string(tokens[1])]; ok {
		return v, true
	}
	text, err := unquoted(tokens[1])
	if err != nil {
		return nil, false
	}
	a, err := addr.Parse(string(text))
	if err != nil {
		return nil, false
	}
	v := Value(ID(a))
	if r.refs == nil {
		r.refs = map[string]Value{}
	}
	if len(r.refs) < maxShared {
		r.refs[string(tokens[1])] = v
	}
	return v, true
}
