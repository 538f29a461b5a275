package sheet

import (
	"fmt"
	"strconv"
	"strings"
)

// area is a rectangle of cells, counted from 1, both ends included.
type area struct{ top, left, bottom, right int }

func everything() area { return area{top: 1, left: 1, bottom: maxRows, right: maxColumns} }

func (a area) has(row, col int) bool {
	return row >= a.top && row <= a.bottom && col >= a.left && col <= a.right
}

// parseArea reads B3:K400, $B$3:$K$400, B:K, 3:400, B3:K and B3.
func parseArea(text string) (area, error) {
	from, to, isPair := strings.Cut(strings.ReplaceAll(strings.ToUpper(text), "$", ""), ":")
	c1, r1, err := splitRef(from)
	if err != nil {
		return area{}, err
	}
	if !isPair {
		if c1 == 0 || r1 == 0 {
			return area{}, fmt.Errorf("%q is not an area of cells", text)
		}
		return area{r1, c1, r1, c1}, nil
	}
	c2, r2, err := splitRef(to)
	if err != nil {
		return area{}, err
	}
	a := area{max(r1, 1), max(c1, 1), r2, c2}
	if a.bottom == 0 {
		a.bottom = maxRows
	}
	if a.right == 0 {
		a.right = maxColumns
	}
	if a.bottom < a.top || a.right < a.left {
		return area{}, fmt.Errorf("%q ends before it begins", text)
	}
	return a, nil
}

// splitRef reads a reference in capitals; a part that is missing is 0.
func splitRef(ref string) (col, row int, err error) {
	i := 0
	for i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && col <= maxColumns {
		col = col*26 + int(ref[i]-'A') + 1
		i++
	}
	digits := ref[i:]
	if digits != "" {
		row, err = strconv.Atoi(digits)
	}
	if err != nil || ref == "" || col > maxColumns || row > maxRows || digits != "" && (row < 1 || digits[0] == '+') {
		return 0, 0, fmt.Errorf("%q is not a cell", ref)
	}
	return col, row, nil
}

// cellRef writes "F17". Both count from 1.
func cellRef(row, col int) string {
	var letters [4]byte
	i := len(letters)
	for ; col > 0; col = (col - 1) / 26 {
		i--
		letters[i] = byte('A' + (col-1)%26)
	}
	return string(letters[i:]) + strconv.Itoa(row)
}
