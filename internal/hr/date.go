// Package hr reads the values of Korean personnel tables as people write them:
// dates, phone numbers, names, employee numbers; and writes names in Latin letters. All functions are pure, and
// each gives its own result back unchanged. Errors say what is accepted; they
// repeat the input, cut to a few characters.
package hr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Years that Date accepts. Tables use others, 9999 above all, for "never".
const (
	firstYear = 1900
	lastYear  = 2199
)

// Serial numbers that Date takes for days: 1927 to 2099. Numbers of five digits
// outside are more likely something else.
const (
	firstSerial  = 10000
	lastSerial   = 73000
	offset1904   = 1462 // days between the two systems of Excel
	datesAllowed = "write it like 2024-03-02, 2024.3.2, '24.3.2, 20240302 or 2024년 3월 2일"
)

// Date reads a day and returns it as YYYY-MM-DD. It accepts 2024-03-02,
// 2024.03.02, "2024. 3. 2.", 2024/3/2, 20240302, "2024년 3월 2일", '24-3-2,
// 24.3.2, the serial numbers 10000 to 73000 of Excel's 1900 system, and behind a
// day its weekday "(토)" or a time, which is dropped.
//
// Years of two digits: 00–49 are 20xx, 50–99 are 19xx. Without an apostrophe,
// 03-02-24 and 3/2/24 are refused, because Excel writes months first that way.
// Years outside 1900–2199, 9999 among them, are refused.
func Date(text string) (string, error) { return date(text, 0) }

// DateSerial1904 is Date for tables whose serial numbers count from 1904-01-01:
// 8538 to 71538 are days.
func DateSerial1904(text string) (string, error) { return date(text, offset1904) }

func date(text string, offset float64) (string, error) {
	s := tidy(text)
	if s == "" {
		return "", fmt.Errorf("the date is empty; %s", datesAllowed)
	}
	if d, ok, err := compact(s, offset); ok {
		return d, err
	}
	s, err := withoutTime(s)
	if err != nil {
		return "", err
	}
	numbers, separators := pieces(withoutWeekday(s))
	if len(numbers) != 3 || !dateSeparators(separators) {
		return "", notDate(text)
	}
	year, err := fullYear(numbers[0], separators)
	if err != nil {
		return "", fmt.Errorf("%q %w", shorten(text), err)
	}
	if len(numbers[1]) > 2 || len(numbers[2]) > 2 {
		return "", notDate(text)
	}
	return day(text, year, numbers[1], numbers[2])
}

func notDate(text string) error {
	return fmt.Errorf("%q is not a date; %s", shorten(text), datesAllowed)
}

// compact reads 20240302 and serial numbers; ok tells that s is a bare number.
func compact(s string, offset float64) (d string, ok bool, err error) {
	if allDigits(s) && len(s) == 8 {
		year, err := strconv.Atoi(s[:4])
		if err != nil {
			return "", true, notDate(s)
		}
		d, err := day(s, year, s[4:6], s[6:])
		return d, true, err
	}
	whole, fraction, dotted := strings.Cut(s, ".")
	if !allDigits(whole) || dotted && !allDigits(fraction) {
		return "", false, nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if x += offset; err != nil || x < firstSerial || x >= lastSerial+1 {
		return "", true, fmt.Errorf("%q is not a date: as a serial number of Excel it lies outside %d–%d; %s",
			shorten(s), firstSerial-int(offset), lastSerial-int(offset), datesAllowed)
	}
	origin := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	return origin.AddDate(0, 0, int(math.Floor(x))).Format(time.DateOnly), true, nil
}

// withoutTime cuts a time of day off. A time with a zone may be another day in
// Korea, so it must be midnight.
func withoutTime(s string) (string, error) {
	colon := strings.IndexByte(s, ':')
	if colon < 0 {
		return s, nil
	}
	cut := strings.LastIndexAny(s[:colon], "T ")
	if cut <= 0 {
		return "", notDate(s)
	}
	clock, zoned := strings.CutSuffix(s[cut+1:], "Z")
	if i := strings.IndexAny(clock, "+-"); i >= 0 {
		if _, err := time.Parse("-07:00", clock[i:]); err != nil {
			return "", notDate(s)
		}
		clock, zoned = clock[:i], true
	}
	for _, layout := range []string{"15:04:05", "15:04"} { // Parse takes fractions of seconds too
		t, err := time.Parse(layout, clock)
		switch {
		case err != nil:
			continue
		case zoned && !t.Equal(t.Truncate(24*time.Hour)):
			return "", fmt.Errorf("%q has a time zone, so the day is not certain; %s", shorten(s), datesAllowed)
		}
		day := strings.TrimSpace(s[:cut])
		return strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(day, "오전"), "오후")), nil
	}
	return "", notDate(s)
}

// withoutWeekday cuts (토) or (토요일) off.
func withoutWeekday(s string) string {
	i := strings.LastIndexByte(s, '(')
	if i < 0 || !strings.HasSuffix(s, ")") {
		return s
	}
	name := strings.TrimSuffix(strings.TrimSpace(s[i+1:len(s)-1]), "요일")
	if r := []rune(name); len(r) != 1 || !strings.ContainsRune("일월화수목금토", r[0]) {
		return s
	}
	return strings.TrimSpace(s[:i])
}

// pieces parts runs of digits from what stands before, between and behind them,
// without spaces.
func pieces(s string) (numbers, separators []string) {
	start, digits := 0, false
	for i := 0; i <= len(s); i++ {
		isDigit := i < len(s) && s[i] >= '0' && s[i] <= '9'
		if i < len(s) && isDigit == digits {
			continue
		}
		if digits {
			numbers = append(numbers, s[start:i])
		} else {
			separators = append(separators, strings.TrimSpace(s[start:i]))
		}
		start, digits = i, isDigit
	}
	if len(separators) == len(numbers) {
		separators = append(separators, "")
	}
	return numbers, separators
}

// dateSeparators checks what stands before, between (2) and behind the numbers.
func dateSeparators(s []string) bool {
	if len(s) != 4 || s[0] != "" && s[0] != "'" {
		return false
	}
	switch s[1] {
	case ".":
		return s[2] == "." && (s[3] == "" || s[3] == ".")
	case "-", "/":
		return s[2] == s[1] && s[3] == ""
	case "년":
		return s[2] == "월" && (s[3] == "일" || s[3] == "")
	}
	return false
}

func fullYear(digits string, separators []string) (int, error) {
	year, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("has no year; %s", datesAllowed)
	}
	switch len(digits) {
	case 4:
		return year, nil
	case 2:
		if year <= 12 && separators[0] == "" && (separators[1] == "-" || separators[1] == "/") {
			return 0, fmt.Errorf("may begin with the year or with the month; write the year with four digits")
		}
		if year < 50 {
			return 2000 + year, nil
		}
		return 1900 + year, nil
	case 1:
		return 0, fmt.Errorf("does not begin with the year; %s", datesAllowed)
	}
	return 0, fmt.Errorf("has a year of %d digits; %s", len(digits), datesAllowed)
}

func day(text string, year int, month, dayOfMonth string) (string, error) {
	if year < firstYear || year > lastYear {
		return "", fmt.Errorf("%q has the year %d; years %d to %d are accepted, leave the cell empty for no date",
			shorten(text), year, firstYear, lastYear)
	}
	m, err1 := strconv.Atoi(month)
	d, err2 := strconv.Atoi(dayOfMonth)
	t := time.Date(year, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if err1 != nil || err2 != nil || t.Year() != year || int(t.Month()) != m || t.Day() != d {
		return "", fmt.Errorf("%q is not a day of the calendar; %s", shorten(text), datesAllowed)
	}
	return t.Format(time.DateOnly), nil
}

// tidy returns text in NFC without spaces at its ends, with plain hyphens,
// apostrophes, spaces and digits instead of their full-width and other forms, and
// without characters of no width.
func tidy(text string) string {
	text = norm.NFC.String(text)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch r {
		case '‐', '‑', '‒', '–', '—', '−', '－':
			return '-'
		case '‘', '’', '`', '´':
			return '\''
		case '．':
			return '.'
		case '／':
			return '/'
		}
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		switch {
		case unicode.IsSpace(r):
			return ' '
		case blank(r):
			return -1
		}
		return r
	}, text))
}

func blank(r rune) bool {
	switch r {
	case '\u200B', '\u200C', '\u200D', '\u2060', '\uFEFF':
		return true
	}
	return unicode.IsSpace(r)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// shorten keeps errors short.
func shorten(s string) string {
	if r := []rune(s); len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return s
}
