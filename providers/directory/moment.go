package directory

import (
	"strings"
	"time"
	_ "time/tzdata" // times mean the same on machines without a time zone database

	"github.com/isaworks/isa/internal/hr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// Moments are written as a day, a time of a day in the member's time zone, or a time
// with its offset. What is compared is the instant.

// wireTime is a date-time of the service (reference/api/00, section 6): no fractions.
const wireTime = "2006-01-02T15:04:05Z07:00"

// zoneOf is the time zone in which a member's times are written. That of the company,
// which the service takes for members without one, its API does not tell.
func zoneOf(attrs value.Object) *time.Location {
	if name := value.Text(attrs["time_zone"]); name != "" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return schema.Zone()
}

// moment reads a time. A day alone is its beginning, or with end its last second.
func moment(text string, zone *time.Location, end bool) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t.Truncate(time.Second), true
		}
	}
	if strings.Contains(text, ":") { // hr.Date drops times
		return time.Time{}, false
	}
	day, err := hr.Date(text)
	if err != nil {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return time.Time{}, false
	}
	if end {
		return t.AddDate(0, 0, 1).Add(-time.Second), true
	}
	return t, true
}

// momentText is the rule of times.
func momentText(text string) string {
	if _, ok := moment(text, time.UTC, false); !ok {
		return `is neither a day ("2026-12-01") nor a time ("2026-12-01 09:00", "2026-12-01T09:00:00+09:00")`
	}
	return ""
}

// instant is the form in which times are compared.
func instant(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.UTC().Format(wireTime)
}
