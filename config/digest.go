package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// digestBytes is how much of a digest is kept, of a row's key and of the row.
const digestBytes = 6

// digest is what a later plan compares the rows of a table with: for each row a digest
// of its key and one of its cells in use. The key is the leftmost column in use in which
// no two rows are alike and no cell is empty; without one, the row is its own key.
func (l *loaded) digest() (key, rows string) {
	if len(l.used) == 0 || l.table.Len() == 0 {
		return "", ""
	}
	columns := l.used // by heading: where a column stands does not count for the cells
	keyed := -1
	for _, col := range slices.Sorted(slices.Values(columns)) {
		if l.identifies(col) {
			keyed, key = col, l.table.Headings[col]
			break
		}
	}
	out := make([]byte, 0, l.table.Len()*2*digestBytes)
	for row := range l.table.Len() {
		whole := l.hash(row, columns)
		own := whole
		if keyed >= 0 {
			own = l.hash(row, []int{keyed})
		}
		out = append(append(out, own[:digestBytes]...), whole[:digestBytes]...)
	}
	return key, base64.RawStdEncoding.EncodeToString(out)
}

// identifies reports whether a column tells the rows apart.
func (l *loaded) identifies(col int) bool {
	seen := make(map[string]bool, l.table.Len())
	for row := range l.table.Len() {
		text, empty := l.table.Text(row, col)
		if empty || seen[text] {
			return false
		}
		seen[text] = true
	}
	return true
}

func (l *loaded) hash(row int, columns []int) [sha256.Size]byte {
	var b []byte
	for _, col := range columns {
		text, _ := l.table.Text(row, col)
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return sha256.Sum256(b)
}
