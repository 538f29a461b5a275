package sheet

import (
	"strconv"
	"strings"
)

// builtInFormat returns the code of a number format that files refer to by
// number only (ECMA-376 part 1, 18.8.30, with the Korean ones). Codes of dates
// tell only that they are dates.
func builtInFormat(id int) string {
	switch id {
	case 1:
		return "0"
	case 2:
		return "0.00"
	case 3, 37, 38, 41:
		return "#,##0"
	case 4, 39, 40, 43:
		return "#,##0.00"
	case 5, 6, 42:
		return `"₩"#,##0`
	case 7, 8, 44:
		return `"₩"#,##0.00`
	case 9:
		return "0%"
	case 10:
		return "0.00%"
	case 11, 48:
		return "0.00E+00"
	case 12:
		return "# ?/?"
	case 13:
		return "# ??/??"
	case 14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58:
		return "yyyy-mm-dd"
	case 18, 19, 20, 21, 32, 33, 45, 46, 47:
		return "h:mm:ss"
	case 22, 34, 35, 55, 56:
		return "yyyy-mm-dd h:mm"
	case 49:
		return "@"
	}
	return ""
}

func parseFormat(code string) *numberFormat {
	parts := splitSections(code)
	f := &numberFormat{}
	bare := strings.TrimSpace(parts[0])
	if len(parts) == 1 && (bare == "" || bare == "@" || strings.EqualFold(bare, "General")) {
		f.general = true
		return f
	}
	f.date, f.time = dateParts(parts[0])
	if len(parts) == 1 && strings.Trim(bare, "0") == "" && len(bare) <= 15 {
		f.zeros = len(bare)
	}
	for i, p := range parts {
		if i == 3 || i == len(parts)-1 && strings.Contains(literal(p), "\x00") {
			f.text = textSection(p)
			continue
		}
		f.sections = append(f.sections, condition(p))
	}
	if len(f.sections) == 0 {
		f.general = true
	}
	return f
}

// splitSections splits a code at the semicolons that are not quoted.
func splitSections(code string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(code); i++ {
		if end := quotedEnd(code, i); end > i {
			i = end
		} else if code[i] == ';' {
			parts, start = append(parts, code[start:i]), i+1
		}
	}
	return append(parts, code[start:])
}

// quotedEnd returns the index of the last byte of the quoted piece, the escape
// or the bracket that begins at i, or i when none begins there.
func quotedEnd(code string, i int) int {
	var end byte
	switch code[i] {
	case '"':
		end = '"'
	case '[':
		end = ']'
	case '\\', '_', '*':
		n := 1
		for i+1+n < len(code) && code[i+1+n]&0xC0 == 0x80 {
			n++ // the bytes of one character
		}
		return min(i+n, len(code)-1)
	default:
		return i
	}
	if n := strings.IndexByte(code[i+1:], end); n >= 0 {
		return i + 1 + n
	}
	return len(code) - 1
}

// dateParts tells whether a section shows a day, a time of day, or neither. A
// "m" is a month unless hours or seconds are shown.
func dateParts(section string) (date, clock bool) {
	month, digits := false, false
	section = strings.ToLower(section)
	for _, general := range []string{"general", "am/pm", "a/p"} {
		section = strings.ReplaceAll(section, general, "")
	}
	for i := 0; i < len(section); i++ {
		if end := quotedEnd(section, i); end > i {
			if inner := strings.Trim(section[i:end+1], "[]"); section[i] == '[' && inner != "" && strings.Trim(inner, inner[:1]) == "" && strings.Contains("hms", inner[:1]) {
				clock = true
			}
			i = end
			continue
		}
		switch section[i] {
		case 'y', 'd':
			date = true
		case 'm':
			month = true
		case 'h', 's':
			clock = true
		case '#', '?', '0':
			digits = true
		}
	}
	if digits && !clock {
		return false, false
	}
	return date || month && !clock, clock
}

// condition takes a condition such as [<=9999999] out of a section.
func condition(section string) formatSection {
	for i := 0; i < len(section); i++ {
		end := quotedEnd(section, i)
		if section[i] == '[' && end > i+1 && strings.IndexByte("<>=", section[i+1]) >= 0 {
			inner := section[i+1 : end]
			digits := strings.TrimLeft(inner, "<>=")
			if arg, err := strconv.ParseFloat(strings.TrimSpace(digits), 64); err == nil {
				return formatSection{code: section[:i] + section[end+1:], op: inner[:len(inner)-len(digits)], arg: arg}
			}
		}
		i = end
	}
	return formatSection{code: section}
}

// literal returns what a section shows, with \x00 for the text of the cell.
func literal(section string) string {
	var b strings.Builder
	for i := 0; i < len(section); i++ {
		end := quotedEnd(section, i)
		switch c := section[i]; {
		case c == '"':
			b.WriteString(strings.Trim(section[i:end+1], `"`))
		case c == '\\':
			b.WriteString(section[i+1 : end+1])
		case c == '_':
			b.WriteByte(' ')
		case c == '[' || c == '*':
		case c == '@':
			b.WriteByte(0)
		default:
			b.WriteByte(c)
		}
		i = end
	}
	return b.String()
}

// textSection returns what a section for texts shows, with \x00 for the text,
// or "" when it adds nothing to it.
func textSection(section string) string {
	before, after, ok := strings.Cut(strings.TrimSpace(literal(section)), "\x00")
	if !ok || before == "" && after == "" || strings.Contains(after, "\x00") {
		return ""
	}
	return before + "\x00" + after
}
