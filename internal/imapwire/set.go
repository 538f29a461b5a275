package imapwire

import (
	"strconv"
	"strings"
)

// Range is UIDs From to To, both included. To is 0 for "up to the last": such a
// range also yields the last message of a folder when its UID is below From.
type Range struct{ From, To uint32 }

// Set is a set of UIDs as a command names it.
type Set []Range

// SetOf makes the set of ascending UIDs, joining neighbours.
func SetOf(uids []uint32) Set {
	var s Set
	for _, uid := range uids {
		if n := len(s); n > 0 && s[n-1].To+1 == uid {
			s[n-1].To = uid
			continue
		}
		s = append(s, Range{uid, uid})
	}
	return s
}

// String writes the set as RFC 3501's sequence-set: 1:3,7,9:*.
func (s Set) String() string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(uint64(r.From), 10))
		switch r.To {
		case r.From:
		case 0:
			b.WriteString(":*")
		default:
			b.WriteByte(':')
			b.WriteString(strconv.FormatUint(uint64(r.To), 10))
		}
	}
	return b.String()
}

// parseUIDs reads a set that a server sent as the numbers of limit messages, in the
// order written; nil when they are not exactly as many.
func parseUIDs(text string, limit int) []uint32 {
	uids := make([]uint32, 0, limit)
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, ":")
		if !isRange {
			high = low
		}
		from, err := strconv.ParseUint(low, 10, 32)
		to, err2 := strconv.ParseUint(high, 10, 32)
		if err != nil || err2 != nil || from == 0 || to == 0 {
			return nil
		}
		if from > to {
			from, to = to, from
		}
		if to-from >= uint64(limit-len(uids)) {
			return nil
		}
		for uid := from; uid <= to; uid++ {
			uids = append(uids, uint32(uid))
		}
	}
	if len(uids) != limit {
		return nil
	}
	return uids
}
