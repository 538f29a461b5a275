package sandbox

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// maxPage is the largest and the default count of a list: reference 00 §7.
const maxPage = 100

type metaData struct {
	NextCursor string `json:"nextCursor,omitempty"`
}

// cursorHead makes cursors begin with characters that a query must encode.
var cursorHead = [3]byte{0xfb, 0xff, 0xbf} // "+/+/"

// sealCursor hides where a list goes on. It contains +, / and =.
func sealCursor(list, last string) string {
	text := list + "\x00" + last + "\x00"
	for len(text)%3 == 0 {
		text += "\x00"
	}
	return base64.StdEncoding.EncodeToString(append(cursorHead[:], text...))
}

func openCursor(list, cursor string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil || !strings.HasPrefix(string(data), string(cursorHead[:])) {
		return "", invalid("cursor is not one that this list gave")
	}
	have, rest, ok := strings.Cut(string(data[3:]), "\x00")
	if !ok || have != list {
		return "", invalid("cursor is not one that this list gave")
	}
	return strings.TrimRight(rest, "\x00"), nil
}

// page reads count and cursor of a list. list names the list with all that shapes it.
type page struct {
	list  string
	count int
	after string // "" at the start
}

func (c *call) page(list string) (page, error) {
	p := page{list: list, count: maxPage}
	if s := c.query.Get("count"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxPage {
			return p, invalid("count must be from 1 to %d", maxPage)
		}
		p.count = n
	}
	if s := c.query.Get("cursor"); s != "" {
		after, err := openCursor(list, s)
		if err != nil {
			return p, err
		}
		p.after = after
	}
	return p, nil
}

// bySequence walks a list in the order of creation.
func bySequence[T any](c *call, p page, seqs sequence, render func(id string) (T, bool)) ([]T, metaData, error) {
	start := 0
	if p.after != "" {
		n, err := strconv.ParseUint(p.after, 10, 64)
		if err != nil {
			return nil, metaData{}, invalid("cursor is not one that this list gave")
		}
		start = seqs.find(n + 1)
	}
	out := make([]T, 0, min(p.count, len(seqs)-start))
	for i := start; i < len(seqs); i++ {
		if len(out) == p.count {
			return out, metaData{sealCursor(p.list, strconv.FormatUint(seqs[i-1], 10))}, nil
		}
		if row, ok := render(c.bySeq[seqs[i]]); ok {
			out = append(out, row)
		}
	}
	return out, metaData{}, nil
}

// byKeys walks a list that is sorted by texts; keys and ids go together.
func byKeys[T any](p page, keys, ids []string, render func(id string) (T, bool)) ([]T, metaData) {
	out := make([]T, 0, min(p.count, len(ids)))
	start := 0
	if p.after != "" {
		start = searchAfter(keys, p.after)
	}
	for i := start; i < len(ids); i++ {
		if len(out) == p.count {
			return out, metaData{sealCursor(p.list, keys[i-1])}
		}
		if row, ok := render(ids[i]); ok {
			out = append(out, row)
		}
	}
	return out, metaData{}
}

func searchAfter(keys []string, after string) int {
	lo, hi := 0, len(keys)
	for lo < hi {
		mid := (lo + hi) / 2
		if keys[mid] > after {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// sortKey makes a creation number comparable as text.
func sortKey(seq uint64) string { return fmt.Sprintf("%016x", seq) }
