package imapwire

import (
	"fmt"
	"time"
)

const dateLayout = "_2-Jan-2006 15:04:05 -0700"

// parseDate reads an INTERNALDATE. The zone is kept.
func parseDate(text []byte) (time.Time, error) {
	s := string(text)
	if len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	at, err := time.Parse("2-Jan-2006 15:04:05 -0700", s)
	if err != nil {
		return time.Time{}, malformed(fmt.Sprintf("%q as a date", text))
	}
	return at, nil
}

// formatDate writes an INTERNALDATE for APPEND; "" for a time that it cannot hold.
func formatDate(at time.Time) string {
	if at.IsZero() || at.Year() < 1 || at.Year() > 9999 {
		return ""
	}
	return at.Format(dateLayout)
}
