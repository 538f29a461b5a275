package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Plural writes "1 error", "1,204 errors". Words that end in s, x or y follow the
// usual rules of English.
func Plural(n int, word string) string { return Number(n) + " " + pluralWord(n, word) }

func pluralWord(n int, word string) string {
	if n == 1 {
		return word
	}
	switch {
	case strings.HasSuffix(word, "y") && !strings.HasSuffix(word, "ay") && !strings.HasSuffix(word, "ey"):
		return strings.TrimSuffix(word, "y") + "ies"
	case strings.HasSuffix(word, "s"), strings.HasSuffix(word, "x"), strings.HasSuffix(word, "ch"):
		return word + "es"
	}
	return word + "s"
}

// Number writes whole numbers with commas: 182,340.
func Number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, groups...), ",")
}

// Duration writes a time for people: "0.4 s", "12 s", "6 min 30 s", "5 h 40 min".
func Duration(d time.Duration) string {
	seconds := d.Seconds()
	switch {
	case seconds < 0.05:
		return "0 s"
	case seconds < 9.95:
		return strings.TrimSuffix(strconv.FormatFloat(seconds, 'f', 1, 64), ".0") + " s"
	}
	whole := int(math.Round(seconds))
	switch {
	case whole < 60:
		return fmt.Sprintf("%d s", whole)
	case whole < 3600:
		return two(whole/60, "min", whole%60, "s")
	}
	minutes := int(math.Round(seconds / 60))
	return two(minutes/60, "h", minutes%60, "min")
}

func two(big int, bigUnit string, small int, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%s %s", Number(big), bigUnit)
	}
	return fmt.Sprintf("%s %s %d %s", Number(big), bigUnit, small, smallUnit)
}

// Bytes writes a size: "41.2 GB" (powers of 1000).
func Bytes(n int64) string {
	size, unit := float64(n), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB", "PB"} {
		if size < 1000 {
			break
		}
		size, unit = size/1000, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}

// KindWord writes the name of a block type or attribute in words: "org unit", "job
// grade". Names with capitals, such as the language en_US, stay as they are.
func KindWord(kind string) string {
	if strings.ToLower(kind) != kind {
		return Line(kind)
	}
	return Line(strings.ReplaceAll(kind, "_", " "))
}

// KindsWord writes the plural of a block type in words, with a capital.
func KindsWord(kind string) string {
	w := pluralWord(2, KindWord(kind))
	if w == "" {
		return w
	}
	return strings.ToUpper(w[:1]) + w[1:]
}
