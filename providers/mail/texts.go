package mail

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // hours mean the same on machines without a time zone database
	"unicode"

	"github.com/isaworks/isa/internal/hr"
	"github.com/isaworks/isa/internal/value"
)

// Korea is the time zone in which days and moments of a configuration are meant.
// It is that of Japan too, and has no summer time.
func Korea() *time.Location { return time.FixedZone("KST", 9*60*60) }

// A rule says what is wrong with a text, "" when nothing is.
type rule func(text string) string

// texts makes an Attr.Check of a rule, for a text or each text of a list.
func texts(check rule) func(value.Value) string {
	return func(v value.Value) string {
		switch v := v.(type) {
		case value.String:
			return check(string(v))
		case value.List:
			for _, e := range v {
				if fault := check(value.Text(e)); fault != "" {
					return fault
				}
			}
		}
		return ""
	}
}

// whole makes an Attr.Check of the limits of a number.
func whole(least, most int64) func(value.Value) string {
	return func(v value.Value) string {
		if n, ok := v.(value.Int); ok && (int64(n) < least || int64(n) > most) {
			return fmt.Sprintf("%d is not between %d and %d", n, least, most)
		}
		return ""
	}
}

// loopback tells a host that leads to this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func hostText(text string) string {
	if _, err := netip.ParseAddr(text); err == nil {
		return ""
	}
	if len(text) > 253 || strings.ContainsFunc(text, unicode.IsSpace) || strings.ContainsAny(text, ":/@\\") {
		return fmt.Sprintf("%q is no host name; write it without protocol, port and user", text)
	}
	for _, label := range strings.Split(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.ContainsFunc(label, func(r rune) bool { return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return fmt.Sprintf("%q is no host name", text)
		}
	}
	return ""
}

func userText(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "a login name has no control characters"
	}
	return ""
}

func pathText(text string) string {
	if text == "" || strings.ContainsFunc(text, unicode.IsControl) {
		return "a path is not empty and has no control characters"
	}
	return ""
}

func dateText(text string) string {
	if _, err := parseDay(text); err != nil {
		return err.Error()
	}
	return ""
}

// parseDay reads a day and returns its begin in Korea; zero for "".
func parseDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	d, err := hr.Date(text)
	if err != nil {
		return time.Time{}, err
	}
	return time.ParseInLocation(time.DateOnly, d, Korea())
}

func day(t time.Time) string { return t.In(Korea()).Format(time.DateOnly) }

func momentText(text string) string {
	if _, err := parseMoment(text); err != nil {
		return err.Error()
	}
	return ""
}

// parseMoment reads a day, a day with a time of day (both in Korea), or a moment
// with its zone (RFC 3339); zero for "".
func parseMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(form, text, Korea()); err == nil {
			return t, nil
		}
	}
	if t, err := parseDay(text); err == nil && !strings.Contains(text, ":") {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is no moment; write 2026-03-02, 2026-03-02 18:00 or 2026-03-02T18:00:00+09:00", text)
}

func sizeText(text string) string {
	if _, err := parseSize(text); err != nil {
		return err.Error()
	}
	return ""
}

var sizeForm = regexp.MustCompile(`^([0-9]{1,12})(\.[0-9]{1,3})? ?([KMGkmg]?)(i?[Bb])?$`)

// parseSize reads a number of bytes: "40MB", "1.5 GB", "512KB", "1000". Units are
// powers of 1024, as mail services count. 0 for "".
func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	m := sizeForm.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no size; write one such as 40MB or 512KB", text)
	}
	n, err := strconv.ParseFloat(m[1]+m[2], 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no size; write one such as 40MB or 512KB", text)
	}
	switch strings.ToUpper(m[3]) {
	case "K":
		n *= 1 << 10
	case "M":
		n *= 1 << 20
	case "G":
		n *= 1 << 30
	}
	if n < 1 || n > 1<<50 {
		return 0, fmt.Errorf("%q is not a size between one byte and a million GB", text)
	}
	return int64(n), nil
}

// Hours are the hours of the day in which a server is used. The zero Hours are
// all of them.
type Hours struct {
	// From and To are times of day since midnight; To before From is on the next day.
	From, To time.Duration
	Zone     *time.Location
}

// Always tells that there is no limit.
func (h Hours) Always() bool { return h.Zone == nil || h.From == h.To }

func hoursText(text string) string {
	if _, _, err := parseHours(text); err != nil {
		return err.Error()
	}
	return ""
}

func parseHours(text string) (from, to time.Duration, err error) {
	first, second, ok := strings.Cut(strings.NewReplacer(" ", "", "–", "-", "~", "-").Replace(text), "-")
	from, err1 := parseTime(first)
	to, err2 := parseTime(second)
	if !ok || err1 != nil || err2 != nil || from == to || from == 24*time.Hour {
		return 0, 0, fmt.Errorf("%q are no hours of the day; write them like 22:00-07:00", text)
	}
	return from, to, nil
}

func parseTime(text string) (time.Duration, error) {
	if text == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", text)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

func zoneText(text string) string {
	if _, err := time.LoadLocation(text); err != nil || strings.EqualFold(text, "local") {
		return fmt.Sprintf(`%q is no time zone; write one such as "Asia/Seoul"`, text)
	}
	return ""
}
