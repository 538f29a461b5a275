package value

import (
	"strconv"
	"strings"
)

// Path leads from an object to a value inside it, e.g. belongs_to[0].org_unit.
// Paths are never changed once made.
type Path []Elem

// Elem is one step of a Path: a name, or an index when Name is empty.
type Elem struct {
	Name  string
	Index int
}

// Of makes a path of names.
func Of(names ...string) Path {
	p := make(Path, len(names))
	for i, n := range names {
		p[i] = Elem{Name: n}
	}
	return p
}

// Name returns p extended by a name.
func (p Path) Name(name string) Path { return append(p[:len(p):len(p)], Elem{Name: name}) }

// Index returns p extended by an index.
func (p Path) Index(i int) Path { return append(p[:len(p):len(p)], Elem{Index: i}) }

// String writes belongs_to[0].org_unit.
func (p Path) String() string {
	var b strings.Builder
	for i, e := range p {
		switch {
		case e.Name == "":
			b.WriteString("[" + strconv.Itoa(e.Index) + "]")
		case i > 0:
			b.WriteString("." + e.Name)
		default:
			b.WriteString(e.Name)
		}
	}
	return b.String()
}

// Get returns the value at p in v, or nil.
func (p Path) Get(v Value) Value {
	for _, e := range p {
		switch w := v.(type) {
		case Object:
			v = w[e.Name]
		case List:
			if e.Name != "" || e.Index < 0 || e.Index >= len(w) {
				return nil
			}
			v = w[e.Index]
		default:
			return nil
		}
	}
	return v
}
