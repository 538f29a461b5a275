package hr

import (
	"fmt"
	"strings"
)

const phonesAllowed = "write it like 010-1234-5678, 02-123-4567, 1588-1234, +82 10-1234-5678, +1 650-253-0000, or an extension of 2 to 5 digits"

// Phone reads a phone number and returns it in the Korean way of writing:
// 010-1234-5678, 02-123-4567, 0505-123-4567, 1588-1234. It takes dots, spaces
// and parentheses for hyphens, +82 and 82 for the leading zero, and puts a zero
// back that a spreadsheet has cut off (1012345678). Numbers of other countries
// must begin with + or 00; they keep their form. 2 to 5 digits that do not begin
// with 0 are an extension and stay as they are: 010 is a number cut short. Numbers
// of 6 to 8 digits lack their area code and are refused, unless they are of the kind
// 1588-1234.
func Phone(text string) (string, error) {
	s := tidy(text)
	if s == "" {
		return "", fmt.Errorf("the phone number is empty; %s", phonesAllowed)
	}
	digits, foreign, ok := phoneDigits(s)
	if !ok {
		return "", notPhone(text)
	}
	if foreign {
		if len(digits) < 7 || len(digits) > 15 { // ITU-T E.164
			return "", notPhone(text)
		}
		return foreignForm(s), nil
	}
	if len(digits) <= 5 {
		if len(digits) < 2 || digits[0] == '0' {
			return "", tooShort(text)
		}
		return digits, nil
	}
	national, ok := withZero(digits)
	if !ok {
		return "", notPhone(text)
	}
	return hyphenate(national), nil
}

// PhoneNormal returns the form in which phone numbers are compared: digits only,
// Korean numbers with their leading zero, foreign ones with "+". Text that is no
// phone number loses its spaces only.
func PhoneNormal(text string) string {
	s := strings.TrimLeft(tidy(text), "' ")
	digits, foreign, ok := phoneDigits(s)
	switch {
	case !ok:
		// What stood apart may now be one character, or begin with an apostrophe.
		bare := tidy(strings.Join(strings.FieldsFunc(s, blank), ""))
		if bare == text {
			return bare
		}
		return PhoneNormal(bare)
	case foreign:
		return "+" + digits
	}
	if len(digits) > 5 {
		if national, ok := withZero(digits); ok {
			return national
		}
	}
	return digits
}

func notPhone(text string) error {
	return fmt.Errorf("%q is not a phone number; %s", shorten(text), phonesAllowed)
}

func tooShort(text string) error {
	return fmt.Errorf("%q is too short for a phone number; %s", shorten(text), phonesAllowed)
}

// phoneDigits returns the digits of s: of a Korean number without country code,
// of a foreign one with it.
func phoneDigits(s string) (digits string, foreign, ok bool) {
	s, international := strings.CutPrefix(unquoted(s), "+")
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune(" -.()", r):
			return "", false, false
		}
	}
	digits = b.String()
	if rest, ok := strings.CutPrefix(digits, "00"); ok && !international && len(rest) >= 7 {
		digits, international = rest, true
	}
	national, korean := strings.CutPrefix(digits, "82")
	switch {
	case digits == "":
		return "", false, false
	case international && !korean:
		return digits, true, digits[0] != '0' // no country code begins with 0
	case korean && international:
		national = addZero(national)
		return national, false, len(national) > 5 && plausible(national)
	case korean && len(national) >= 9 && plausible(national):
		return addZero(national), false, true
	}
	return digits, false, true
}

// unquoted takes off what Excel adds: the apostrophe of a text, the ".0" of a number.
func unquoted(s string) string {
	s = strings.TrimLeft(s, "' ")
	if whole, isNumber := strings.CutSuffix(s, ".0"); isNumber && allDigits(whole) {
		return whole
	}
	return s
}

// plausible tells that digits are a whole Korean number with or without its zero.
func plausible(digits string) bool {
	_, ok := withZero(digits)
	return ok
}

func addZero(national string) string {
	if strings.HasPrefix(national, "0") || len(national) <= 5 || representative(national) {
		return national
	}
	return "0" + national
}

// representative recognises nation-wide numbers such as 1588-1234.
func representative(digits string) bool {
	return len(digits) == 8 && digits[0] == '1' && strings.IndexByte("568", digits[1]) >= 0
}

// withZero checks a Korean number and puts a lost zero back.
func withZero(digits string) (string, bool) {
	if representative(digits) {
		return digits, true
	}
	if digits[0] != '0' {
		if len(digits) < 9 { // 2123-4567 may be local
			return "", false
		}
		digits = "0" + digits
	}
	area := areaLength(digits)
	rest := len(digits) - area
	switch {
	case area == 0, rest != 7 && rest != 8:
		return "", false
	case strings.HasPrefix(digits, "010") && rest != 8:
		return "", false
	}
	return digits, true
}

// areaLength returns the length of the leading code of a number with its zero:
// Seoul, mobile, area, 0N0 services, and the 4-digit personal numbers.
func areaLength(digits string) int {
	switch {
	case strings.HasPrefix(digits, "02"):
		return 2
	case len(digits) < 4:
		return 0
	case strings.HasPrefix(digits, "050"), strings.HasPrefix(digits, "030"):
		return 4
	}
	switch digits[:3] {
	case "010", "011", "016", "017", "018", "019",
		"031", "032", "033", "041", "042", "043", "044", "051", "052", "053", "054", "055", "061", "062", "063", "064",
		"060", "070", "080":
		return 3
	}
	return 0
}

func hyphenate(digits string) string {
	if representative(digits) {
		return digits[:4] + "-" + digits[4:]
	}
	area, last := areaLength(digits), len(digits)-4
	return digits[:area] + "-" + digits[area:last] + "-" + digits[last:]
}

// foreignForm keeps the way a foreign number is written.
func foreignForm(s string) string {
	s = unquoted(s)
	if !strings.HasPrefix(s, "+") {
		s = "+" + strings.TrimLeft(strings.Replace(strings.Replace(s, "0", "", 1), "0", "", 1), " -.)")
	}
	return strings.Join(strings.FieldsFunc(s, blank), " ")
}
