package files

import (
	"bytes"
	"net/mail"
	"strings"
	"time"
)

// Received is when a message was received, for INTERNALDATE: by its topmost Received
// field (RFC 5322, 3.6.7), else by its Date field, else otherwise. Dates that cannot
// be read, or lie before 1970 or after 2100, do not count. Seconds are whole.
func Received(header []byte, otherwise time.Time) time.Time {
	received, date := fields(header)
	if i := strings.LastIndexByte(received, ';'); i >= 0 {
		if at, ok := parse(received[i+1:]); ok {
			return at
		}
	}
	if at, ok := parse(date); ok {
		return at
	}
	return otherwise.Truncate(time.Second)
}

// fields are the first Received and the first Date field of a header.
func fields(header []byte) (received, date string) {
	current := (*string)(nil)
	for line := range bytes.Lines(header) {
		switch text := bytes.TrimRight(line, "\r\n"); {
		case len(text) == 0:
			return received, date
		case text[0] == ' ' || text[0] == '\t':
			if current != nil && len(*current) < 4096 {
				*current += string(text)
			}
		default:
			name, value, _ := bytes.Cut(text, []byte{':'})
			name = bytes.TrimRight(name, " \t")
			switch current = nil; {
			case received == "" && bytes.EqualFold(name, []byte("Received")):
				received, current = string(value), &received
			case date == "" && bytes.EqualFold(name, []byte("Date")):
				date, current = string(value), &date
			}
		}
	}
	return received, date
}

func parse(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 200 {
		return time.Time{}, false
	}
	at, err := mail.ParseDate(text)
	return at, err == nil && Plausible(at)
}

// Plausible tells dates that a message may have been received at.
func Plausible(at time.Time) bool { return at.Unix() > 0 && at.Year() <= 2100 }
