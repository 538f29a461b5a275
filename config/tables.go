package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/sheet"
)

// tables are the tables that were read, each once.
type tables struct {
	files   *files
	columns *columns
	note    func(note)
	byKey   map[string]*loaded
	env     map[string]string // environment variables that were read, for the digest
	diags   diag.List

	origins map[uintptr]origin // made at the first question
	indexed int                // tables in origins
}

// loaded is a table with its rows as values.
type loaded struct {
	key    string
	table  *sheet.Table
	failed diag.List
	rows   []cty.Value
	used   []int // columns in use
	list   cty.Value
}

// origin is where a row comes from.
type origin struct {
	table *loaded
	row   int
}

func newTables(f *files, note func(note)) *tables {
	return &tables{files: f, note: note, byKey: map[string]*loaded{}, env: map[string]string{}}
}

// use sets the columns that expressions name.
func (t *tables) use(c *columns) { t.columns = c }

func (t *tables) sorted() []*loaded {
	var out []*loaded
	for _, key := range slices.Sorted(maps.Keys(t.byKey)) {
		if l := t.byKey[key]; l.table != nil {
			out = append(out, l)
		}
	}
	return out
}

// tableKey names a table by its path and how it is read.
func tableKey(path string, o sheet.Options) string {
	return fmt.Sprintf("%s\x00%s\x00%d\x00%s\x00%s\x00%s", path, o.Sheet, o.HeaderRow, o.Range, o.Encoding, o.Delimiter)
}

// open reads a table, or returns it when it was read before. The second result
// holds errors; they are the same each time.
func (t *tables) open(path string, o sheet.Options) (*loaded, diag.List) {
	key := tableKey(path, o)
	if l, ok := t.byKey[key]; ok {
		return l, l.failed
	}
	l := &loaded{key: key}
	t.byKey[key] = l
	fsys, name, err := t.files.locate(path)
	if err != nil {
		l.failed = diag.List{{
			Code: "table.outside", Summary: "A table that cannot be reached", Detail: err.Error() + ".",
			Fix: "put the table into the directory of the configuration", Place: diag.Place{Cell: &diag.Cell{File: path}},
		}}
		return l, l.failed
	}
	if !t.columns.all(key) {
		o.Columns = slices.AppendSeq([]string{}, maps.Keys(t.columns.of(key)))
	}
	table, found := sheet.Open(fsys, name, o)
	for i := range found {
		if c := found[i].Cell; c != nil && c.File == name {
			c.File = path
		}
	}
	if found.HasErrors() || table == nil {
		l.failed = found
		return l, l.failed
	}
	table.File = path
	l.table = table
	t.diags = append(t.diags, found...)
	t.diags = append(t.diags, table.Warnings()...)
	t.load(l)
	return l, nil
}

// release forgets the rows; the tables themselves stay.
func (t *tables) release() {
	t.origins, t.indexed = nil, 0
	for _, l := range t.sorted() {
		l.rows, l.list = nil, cty.NilVal
	}
}

// revive makes the rows again.
func (t *tables) revive() {
	said := t.diags
	for _, l := range t.sorted() {
		l.used = nil
		t.load(l)
	}
	t.diags = said // the same was said before
}

// load makes the rows of a table: maps of those columns that some expression
// names. Cells with a fault are unknown, so that only their use is an error.
func (t *tables) load(l *loaded) {
	names := map[string]int{}
	for heading, uses := range t.columns.of(l.key) {
		col, ok := l.table.Column(heading)
		if ok {
			names[heading] = col
			t.personal(l, heading, uses)
			continue
		}
		if len(uses.ranges) > 0 && uses.exact {
			names[heading] = -1
			t.missing(l, heading, uses.ranges)
		}
	}
	if t.columns.all(l.key) {
		for _, heading := range l.table.Headings {
			if col, ok := l.table.Column(heading); ok && heading != "" {
				if _, named := names[heading]; !named {
					t.personal(l, heading, &columnUses{})
				}
				names[heading] = col
			}
		}
	}
	for _, heading := range slices.Sorted(maps.Keys(names)) {
		if col := names[heading]; col >= 0 && !slices.Contains(l.used, col) {
			l.used = append(l.used, col)
		}
	}
	l.rows = make([]cty.Value, l.table.Len())
	null := cty.NullVal(cty.String)
	texts := make([]sheet.Repeats[cty.Value], len(l.table.Headings))
	vals := make(map[string]cty.Value, len(names)) // MapVal takes a copy
	for row := range l.rows {
		for heading, col := range names {
			v := cty.UnknownVal(cty.String) // the column is missing, which was reported
			if col >= 0 {
				v = t.cell(l, row, col, null, &texts[col])
			}
			vals[heading] = v
		}
		if len(vals) == 0 {
			l.rows[row] = cty.MapValEmpty(cty.String)
			continue
		}
		l.rows[row] = cty.MapVal(vals)
	}
	l.list = cty.ListValEmpty(cty.Map(cty.String))
	if len(l.rows) > 0 {
		l.list = cty.ListVal(l.rows)
	}
}

func (t *tables) cell(l *loaded, row, col int, null cty.Value, texts *sheet.Repeats[cty.Value]) cty.Value {
	if _, bad := l.table.Fault(row, col); bad {
		return cty.UnknownVal(cty.String)
	}
	text, empty := l.table.Text(row, col)
	if empty {
		return null
	}
	return texts.Of(text, func(text string) (cty.Value, string) { return cty.StringVal(text), text })
}

func (t *tables) missing(l *loaded, heading string, at []hcl.Range) {
	for _, r := range at {
		d := l.table.Missing(heading)
		d.Code, d.Summary = "reference.column", "A column that the table does not have"
		place := rangeOf(r)
		d.Range = &place
		t.diags = append(t.diags, d)
	}
}

// personal warns about a column of resident registration numbers.
func (t *tables) personal(l *loaded, heading string, uses *columnUses) {
	plain := strings.ReplaceAll(heading, " ", "")
	if !strings.Contains(plain, "주민등록번호") && !strings.Contains(plain, "주민번호") {
		return
	}
	var place *diag.Range
	if len(uses.ranges) > 0 {
		r := rangeOf(uses.ranges[0])
		place = &r
	}
	cell := diag.Cell{File: l.table.File, Sheet: l.table.Sheet, Heading: heading}
	t.diags = append(t.diags, diag.Diagnostic{
		Severity: diag.Warning, Code: "value.resident_number", Summary: "Resident registration numbers are read",
		Detail: fmt.Sprintf("The column %s of %s is used here; the law restricts its use, and no service needs it.", heading, l.table.File),
		Fix:    "use another column, and remove this one from the file", Place: diag.Place{Range: place, Cell: &cell},
	})
}

// report lists the tables that were read.
func (t *tables) report() []Table {
	var out []Table
	for _, l := range t.sorted() {
		r := Table{File: l.table.File, Sheet: l.table.Sheet, Encoding: l.table.Encoding, Rows: l.table.Len(), Filled: map[string]int{}}
		for _, col := range l.used {
			r.Filled[l.table.Headings[col]] = l.table.Filled(col)
		}
		r.Key, r.Digest = l.digest()
		out = append(out, r)
	}
	return out
}

// origin finds the row of a table that a value is. A row keeps its identity, the
// map inside the value, wherever it is passed on unchanged, so rows need no mark
// of their own. What has no such identity is no row.
func (t *tables) origin(v cty.Value) (origin, bool) {
	if v == cty.NilVal || v.IsMarked() || !v.Type().IsMapType() || v.Type().ElementType() != cty.String {
		return origin{}, false
	}
	if t.indexed != len(t.byKey) {
		t.origins = map[uintptr]origin{}
		for _, l := range t.sorted() {
			for i, row := range l.rows {
				if id, ok := identity(row); ok {
					t.origins[id] = origin{l, i}
				}
			}
		}
		t.indexed = len(t.byKey)
	}
	id, ok := identity(v)
	if !ok {
		return origin{}, false
	}
	o, ok := t.origins[id]
	return o, ok
}

// identity returns the identity of the map inside a value. Should the library
// keep its values in another way, rows lose their origin and errors their cells.
func identity(v cty.Value) (uintptr, bool) {
	inner := reflect.ValueOf(v).FieldByName("v")
	if !inner.IsValid() || inner.Kind() != reflect.Interface || inner.IsNil() {
		return 0, false
	}
	if m := inner.Elem(); m.Kind() == reflect.Map && m.Len() > 0 {
		return m.Pointer(), true
	}
	return 0, false
}

// cell returns the place of one column of a row.
func (o origin) cell(heading string) (diag.Cell, bool) {
	col, ok := o.table.table.Column(heading)
	if !ok {
		return diag.Cell{}, false
	}
	return o.table.table.Cell(o.row, col), true
}

// fault returns what is wrong with one column of a row.
func (o origin) fault(heading string) (diag.Diagnostic, bool) {
	col, ok := o.table.table.Column(heading)
	if !ok {
		return diag.Diagnostic{}, false
	}
	return o.table.table.Fault(o.row, col)
}
