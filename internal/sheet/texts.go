package sheet

import "math"

// texts is a list of texts in little memory, for the shared strings of a workbook
// of which most belong to columns that nobody refers to.
type texts struct {
	data []byte
	ends []uint32 // of each text in data
}

func (t *texts) add(text string) error {
	if len(t.data)+len(text) > math.MaxUint32 || len(t.ends) >= maxCells {
		return errTooMany
	}
	t.data = append(t.data, text...)
	t.ends = append(t.ends, uint32(len(t.data)))
	return nil
}

func (t *texts) len() int { return len(t.ends) }

func (t *texts) at(i int) string {
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return string(t.data[start:t.ends[i]])
}

// putShared puts text i of a list; each is cleaned once. ids are those that texts of
// the list have in the grid, 0 for those not put yet.
func (g *grid) putShared(col int, ids []uint32, i int, from *texts) error {
	if ids[i] != 0 {
		return g.put(col, ids[i], nil)
	}
	text := clean(from.at(i))
	if f := inspect(text); f != nil {
		return g.put(col, faultText, f)
	}
	if text == "" {
		return nil
	}
	ids[i] = g.add(text)
	return g.put(col, ids[i], nil)
}
