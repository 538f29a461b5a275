package secret

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing/fstest"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/sheet"
)

// table is a table of secrets by key, read at first use.
type table struct {
	once sync.Once
	rows map[string]string
	twin map[string]string // keys that stand twice: both cells
	err  error
}

// row finds the secret of a key in a table.
func (r *Resolver) row(path, key string) (string, error) {
	r.mu.Lock()
	t := r.tables[path]
	if t == nil {
		t = &table{}
		r.tables[path] = t
	}
	r.mu.Unlock()
	t.once.Do(func() { t.load(r, path) })
	if t.err != nil {
		return "", t.err
	}
	if cells, twice := t.twin[key]; twice {
		return "", problem("the key stands twice: "+cells, "keep one of the rows")
	}
	text, ok := t.rows[key]
	if !ok {
		return "", problem("the table has no row with this key in its first column", "add the row")
	}
	return text, nil
}

// load reads the table from memory, so that nothing decrypted touches a disk.
func (t *table) load(r *Resolver, path string) {
	content, err := r.read(path, maxTable)
	if err != nil {
		t.err = err
		return
	}
	name := filepath.Base(filepath.FromSlash(path))
	if encrypted(name) {
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	read, diags := sheet.Open(fstest.MapFS{name: {Data: content}}, name, sheet.Options{})
	for _, d := range diags {
		if d.Severity == diag.Error {
			// Its detail may quote cells.
			t.err = problem("the table cannot be read: "+d.Summary, "check it in a spreadsheet program; it needs a row of headings, keys in the first column and secrets in the second")
			return
		}
	}
	t.index(read)
}

func (t *table) index(from *sheet.Table) {
	if len(from.Headings) < 2 {
		t.err = problem("the table has fewer than two columns", "put keys in the first column and secrets in the second")
		return
	}
	t.rows, t.twin = make(map[string]string, from.Len()), map[string]string{}
	first := map[string]int{}
	for row := range from.Len() {
		if t.faulty(from, row) {
			return
		}
		key, null := from.Text(row, 0)
		if null {
			continue
		}
		if at, twice := first[key]; twice {
			t.twin[key] = from.Cell(at, 0).Ref + ", " + from.Cell(row, 0).Ref
			continue
		}
		first[key] = row
		t.rows[key], _ = from.Text(row, 1)
	}
}

func (t *table) faulty(from *sheet.Table, row int) bool {
	for col := range 2 {
		if d, bad := from.Fault(row, col); bad {
			t.err = problem(fmt.Sprintf("cell %s cannot be read: %s", from.Cell(row, col).Ref, d.Summary), "correct the cell")
			return true
		}
	}
	return false
}
