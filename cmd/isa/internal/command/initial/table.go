package initial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/sheet"
)

// role is what a table is about.
type role int

const (
	other  role = iota
	people      // a row a person
	units       // a row an org unit
	posts       // a row a post of a person (겸직)
)

// table is a table that was found, and which of its columns hold what.
type table struct {
	path    string // relative to the configuration, with slashes
	options sheet.Options
	*sheet.Table
	fields  map[field]string // heading by field
	unclear []string         // headings of columns of yes and no that hold something else
}

func (t *table) role() role {
	has := func(f field) bool { return t.fields[f] != "" }
	person := has(fullName) || has(lastName)
	switch {
	case person && (has(number) || has(login) || has(workMail)):
		return people
	case !person && has(number) && (has(unitCode) || has(unitName)):
		return posts
	case !person && !has(number) && has(unitCode) && has(unitName):
		return units
	}
	return other
}

const (
	titleRows  = 6      // that may stand above the headings
	peekRows   = "1:24" // of a table that are looked at for headings
	peekColumn = 256    // how far to the right
)

// openTable reads a table, when it is one of people, units or posts; else its headings
// only. They are in the row that has most of the words known. The error is that of the
// first row.
func openTable(ctx context.Context, fsys fs.FS, name, worksheet string) (*table, error) {
	fsys = until{ctx, fsys}
	seen, row, err := headingRow(fsys, name, worksheet)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if seen == nil {
		return nil, err
	}
	t := &table{path: name, options: sheet.Options{Sheet: worksheet}, Table: seen, fields: recognise(seen.Headings)}
	if row > 1 {
		t.options.HeaderRow = row
	}
	if t.role() == other {
		return t, nil
	}
	o := t.options
	o.Columns = slices.Collect(maps.Values(t.fields))
	read, list := sheet.Open(fsys, name, o)
	if err := cmp.Or(ctx.Err(), list.Err()); err != nil {
		return nil, err
	}
	t.Table = read
	t.leaveOutUnclear()
	return t, nil
}

// headingRow finds the headings of a table, and in which row they are. What it returns
// has the first rows only.
func headingRow(fsys fs.FS, name, worksheet string) (found *sheet.Table, row int, first error) {
	peek := func(row int) (*sheet.Table, error) {
		t, list := sheet.Open(fsys, name, sheet.Options{Sheet: worksheet, Range: peekRows, HeaderRow: row})
		return t, list.Err()
	}
	for row := 1; row <= titleRows+1; row++ {
		t, err := peek(row)
		if t == nil {
			first = cmp.Or(first, err)
			continue
		}
		best := bestRow(t, row)
		if best != row {
			if better, _ := peek(best); better != nil && len(recognise(better.Headings)) > len(recognise(t.Headings)) {
				return better, best, nil
			}
		}
		return t, row, nil
	}
	return nil, 0, first
}

// bestRow is the row that has most of the words known, among that of the headings and
// those below it.
func bestRow(t *sheet.Table, headings int) int {
	best, most := headings, len(recognise(t.Headings))
	for i := range t.Len() {
		number := t.Row(i)
		if number > titleRows+1 {
			break
		}
		var texts []string
		for col := range peekColumn {
			text, _ := t.Text(i, col)
			texts = append(texts, text)
		}
		if n := len(recognise(texts)); n > most {
			best, most = number, n
		}
	}
	return best
}

// expression is how the configuration reads the table.
func (t *table) expression() string {
	var args []string
	if t.options.Sheet != "" {
		args = append(args, "sheet = "+quote(t.options.Sheet))
	}
	if t.options.HeaderRow > 1 {
		args = append(args, fmt.Sprintf("header_row = %d", t.options.HeaderRow))
	}
	if len(args) == 0 {
		return "sheet(" + quote(t.path) + ")"
	}
	return "sheet(" + quote(t.path) + ", { " + strings.Join(args, ", ") + " })"
}

// values are the different texts of a field, sorted, and how many cells are empty.
func (t *table) values(f field) (texts []string, empty int) {
	seen := map[string]bool{}
	col, ok := t.Column(t.fields[f])
	for row := range t.Len() {
		text, null := "", true
		if ok {
			text, null = t.Text(row, col)
		}
		if null {
			empty++
			continue
		}
		seen[text] = true
	}
	return slices.Sorted(maps.Keys(seen)), empty
}

// repeated reports whether a text of the field is in two rows.
func (t *table) repeated(f field) bool {
	texts, empty := t.values(f)
	return len(texts) < t.Len()-empty
}

// look reads the tables in a directory and in the directories right in it. passed tells
// which are not used, and why.
func look(ctx context.Context, dir string) (found []*table, passed []string, err error) {
	fsys := os.DirFS(dir)
	var names []string
	for _, pattern := range []string{"*", "*/*"} {
		matches, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, nil, err
		}
		names = append(names, matches...)
	}
	for _, name := range names {
		if strings.HasPrefix(name, ".") || strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(path.Base(name), "~$") || !isTable(name) {
			continue
		}
		t, err := openTable(ctx, fsys, name, "")
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		switch {
		case err == nil && t.role() != other:
			found = append(found, t)
		case strings.EqualFold(path.Ext(name), ".txt"): // most are no tables
		case err != nil:
			passed = append(passed, fmt.Sprintf("%s cannot be read: %v", name, err))
		default:
			passed = append(passed, fmt.Sprintf("%s is not used: it has no columns of people, org units or posts that are recognised (%s)%s", name, strings.Join(t.Headings, ", "), otherSheet(t)))
		}
	}
	return found, passed, nil
}

// otherSheet is the way out when only the first worksheet of a workbook was looked at.
func otherSheet(t *table) string {
	if t.Sheet == "" {
		return ""
	}
	return "; if another worksheet than " + t.Sheet + " has them, name it with --table and --sheet"
}

func isTable(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".txt":
		return true
	}
	return false
}

// of are the tables with a role.
func of(tables []*table, r role) []*table {
	return slices.DeleteFunc(slices.Clone(tables), func(t *table) bool { return t.role() != r })
}

// named reads the table that a flag names, which must be one with that role.
func named(ctx context.Context, dir, flag, file, worksheet string, want role) (*table, error) {
	name := filepath.ToSlash(filepath.Clean(file))
	if filepath.IsAbs(file) {
		within, err := inside(dir, file)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", flag, file, err)
		}
		name = within
	}
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%s %s is outside of %s; copy it into it: a configuration reads its own directory only", flag, file, dir)
	}
	t, err := openTable(ctx, os.DirFS(dir), name, worksheet)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, file, err)
	}
	if t.role() != want {
		return nil, fmt.Errorf("%s %s: %s; its headings are: %s", flag, file, lacking(want), strings.Join(t.Headings, ", "))
	}
	return t, nil
}

func inside(dir, file string) (string, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	within, err := filepath.Rel(root, file)
	if err != nil || strings.HasPrefix(within, "..") {
		return "", errors.New("it is outside of the configuration's directory; copy it into it")
	}
	return filepath.ToSlash(within), nil
}

// lacking says what a table of a role has.
func lacking(want role) string {
	switch want {
	case units:
		return "no column for the code and the name of a unit (조직코드 and 조직명) was recognised, or it has people"
	case posts:
		return "no column for the employee number and the unit (사번 and 부서코드) was recognised, or it has names"
	}
	return "no column for the name (성명) and for the employee number, login or mail address (사번, 아이디, 회사메일) was recognised"
}
