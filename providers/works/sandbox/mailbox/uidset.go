package mailbox

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// parseUIDs reads a set as the index holds it: "1:3,7".
func parseUIDs(s string) (imap.UIDSet, error) {
	var set imap.UIDSet
	for _, part := range strings.Split(s, ",") {
		from, to, isRange := strings.Cut(part, ":")
		if !isRange {
			to = from
		}
		a, err := strconv.ParseUint(from, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("set of UIDs %q: %w", s, err)
		}
		b, err := strconv.ParseUint(to, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("set of UIDs %q: %w", s, err)
		}
		set = append(set, imap.UIDRange{Start: imap.UID(a), Stop: imap.UID(b)})
	}
	return set, nil
}

// addUID appends a UID that is higher than all of the set.
func addUID(set imap.UIDSet, uid uint32) imap.UIDSet {
	if n := len(set); n > 0 && uint32(set[n-1].Stop)+1 == uid {
		set[n-1].Stop = imap.UID(uid)
		return set
	}
	return append(set, imap.UIDRange{Start: imap.UID(uid), Stop: imap.UID(uid)})
}
