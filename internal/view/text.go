package view

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// ellipsis marks where text was cut.
const ellipsis = "…"

// cells measures text as terminals do: Hangul is two columns wide, characters of
// ambiguous width are one whatever the locale says, so that output does not
// depend on the environment.
func cells() *runewidth.Condition {
	return &runewidth.Condition{EastAsianWidth: false, StrictEmojiNeutral: true}
}

// Width returns the number of terminal columns that text takes.
func Width(text string) int { return cells().StringWidth(text) }

// Pad returns text filled with spaces to at least width columns.
func Pad(text string, width int) string {
	if missing := width - Width(text); missing > 0 {
		return text + strings.Repeat(" ", missing)
	}
	return text
}

// Cut returns text shortened to at most width columns, ending in "…" when
// something was left out.
func Cut(text string, width int) string {
	if width <= 0 {
		return ""
	}
	return cells().Truncate(text, width, ellipsis)
}

// Line returns text as one line that is safe to show: line breaks and tabs are
// spaces, characters that steer a terminal or the direction of writing are U+FFFD.
func Line(text string) string {
	if isPlain(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case steers(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// lines returns text as lines that are safe to show.
func lines(text string) []string {
	parts := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, p := range parts {
		parts[i] = Line(p)
	}
	return parts
}

func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// steers reports whether r acts on a terminal instead of being seen: control and
// format characters, separators of lines. The joiners of Indic scripts and emoji
// are harmless.
func steers(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// wrap breaks text at spaces into lines of at most width columns. A word that is
// wider stays whole: addresses and paths are never cut.
func wrap(text string, width int) []string {
	var out []string
	for _, line := range lines(text) {
		current := indentOf(line)
		empty := true
		for _, word := range phrases(line) {
			switch {
			case empty:
				current += word
			case Width(current)+1+Width(word) <= width:
				current += " " + word
			default:
				out = append(out, current)
				current = indentOf(line) + word
			}
			empty = false
		}
		out = append(out, strings.TrimRight(current, " "))
	}
	return out
}

// Wrap breaks text at spaces into safe lines of at most width columns; what is
// wider than that without a space stays whole.
func Wrap(text string, width int) []string { return wrap(text, width) }

// phrases splits a line into words; a flag stays with its value, so that a command
// can be copied from one line.
func phrases(line string) []string {
	var out []string
	for _, word := range strings.Fields(line) {
		if last := len(out) - 1; last >= 0 && strings.HasPrefix(out[last], "--") && !strings.Contains(out[last], " ") {
			out[last] += " " + word
			continue
		}
		out = append(out, word)
	}
	return out
}

func indentOf(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " "))]
}
