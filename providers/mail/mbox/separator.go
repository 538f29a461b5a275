package mbox

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/providers/mail/files"
)

// longestFrom is how long a line that begins a message, with the beginning of the line
// after it, may be.
const longestFrom = 2048

// begins tells whether text begins with the line that a message begins with. blank says
// that an empty line, or nothing, stands before it.
func begins(text []byte, blank bool) bool {
	if !bytes.HasPrefix(text, []byte("From ")) {
		return false
	}
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		end = len(text)
		if end >= longestFrom {
			return false
		}
	}
	line, next := text[:end], text[min(end+1, len(text)):]
	_, dated := fromDate(string(line))
	switch {
	case dated:
		return blank || isField(next)
	case !blank:
		return false
	}
	words := bytes.Fields(line[len("From "):])
	bare := len(words) == 0 || len(words) == 1 && (bytes.ContainsRune(words[0], '@') || string(words[0]) == "-" || string(words[0]) == "MAILER-DAEMON")
	return bare && isField(next)
}

// isField tells whether text begins with a header field (RFC 5322, 2.2).
func isField(text []byte) bool {
	for i, c := range text {
		switch {
		case c == ':':
			return i > 0
		case c <= ' ' || c >= 0x7f || i > 200:
			return false
		}
	}
	return false
}

// fromDate is the date at the end of a From line, as asctime writes it, with or without
// seconds, and with a zone before or after the year or without: then it is UTC
// (RFC 4155, appendix A).
func fromDate(line string) (time.Time, bool) {
	if len(line) > longestFrom {
		return time.Time{}, false
	}
	words := strings.Fields(line)
	for i := 1; i+3 < len(words); i++ {
		if at, ok := asctime(words[i:]); ok {
			return at, true
		}
	}
	return time.Time{}, false
}

// asctime reads "Fri Mar 1 09:00:00 [zone] 2019 [zone]" at the beginning of words.
func asctime(words []string) (time.Time, bool) {
	if len(words) < 5 || !weekday(words[0]) {
		return time.Time{}, false
	}
	layout, clock := "Jan 2 15:04:05 2006", words[3]
	if strings.Count(clock, ":") == 1 {
		layout = "Jan 2 15:04 2006"
	}
	year, zone := words[4], ""
	if len(words) > 5 {
		zone = words[5]
	}
	if _, err := strconv.Atoi(year); (err != nil || len(year) != 4) && len(words) > 5 {
		year, zone = words[5], words[4]
	}
	at, err := time.ParseInLocation(layout, words[1]+" "+words[2]+" "+clock+" "+year, location(zone))
	return at, err == nil && files.Plausible(at)
}

func weekday(word string) bool {
	return len(word) == 3 && strings.Contains("Mon Tue Wed Thu Fri Sat Sun", word)
}

// location is a zone as "+0900" or as one of the names that say one thing only.
func location(zone string) *time.Location {
	if at, err := time.Parse("-0700", zone); err == nil {
		_, seconds := at.Zone()
		return time.FixedZone("", seconds)
	}
	switch zone {
	case "KST", "JST":
		return time.FixedZone("", 9*3600)
	}
	return time.UTC
}

// isBlank tells an empty line.
func isBlank(line []byte) bool { return string(line) == "\n" || string(line) == "\r\n" }

// unquoted is a line of ">" and "From " without its first ">", and any other line.
func unquoted(line []byte) []byte {
	if len(line) > 0 && line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
		return line[1:]
	}
	return line
}
