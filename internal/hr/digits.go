package hr

import (
	"fmt"
	"strings"
)

// Digits returns a number of digits, such as an employee number, padded on the
// left with zeros to width (1 to 64). Full-width digits count as digits, and a ".0"
// that a spreadsheet has appended is dropped. Anything but digits, and numbers longer than width, are refused.
func Digits(text string, width int) (string, error) {
	if width < 1 || width > 64 {
		return "", fmt.Errorf("the width of digits is %d; 1 to 64 are accepted", width)
	}
	s := strings.TrimPrefix(tidy(text), "'")
	if whole, fraction, dotted := strings.Cut(s, "."); dotted && whole != "" && fraction != "" && strings.Trim(fraction, "0") == "" {
		s = whole
	}
	switch {
	case s == "":
		return "", fmt.Errorf("the number is empty; write up to %d digits", width)
	case !allDigits(s):
		return "", fmt.Errorf("%q is not a number of digits; write 0–9 only, up to %d of them", shorten(text), width)
	case len(s) > width:
		return "", fmt.Errorf("%q has %d digits; up to %d are accepted", shorten(text), len(s), width)
	}
	return strings.Repeat("0", width-len(s)) + s, nil
}
