package sheet

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// numbers writes the numbers of a workbook as Excel shows them, with three
// exceptions: dates are YYYY-MM-DD, whole numbers are never cut to 1.01E+10,
// and a number that its format hides is shown.
type numbers struct {
	codes   []string // format code by cell style
	date904 bool
	formats []*numberFormat
	memo    map[shownKey]string
	scratch *excelize.File // applies formats, one cell a section
	cells   map[string]string
}

type shownKey struct {
	code string
	x    float64
}

const maxMemo = 1 << 16

// numberFormat is a format code taken apart.
type numberFormat struct {
	general  bool
	zeros    int // number of digits of a code such as 000000, else 0
	date     bool
	time     bool
	sections []formatSection
	text     string // what the section for texts shows, \x00 for the text; empty if it adds nothing
}

type formatSection struct {
	code string // without its condition
	op   string // "", "<", "<=", ">", ">=", "=", "<>"
	arg  float64
}

func newNumbers(codes []string, date904 bool) *numbers {
	return &numbers{codes: codes, date904: date904, formats: make([]*numberFormat, len(codes)),
		memo: map[shownKey]string{}, cells: map[string]string{}}
}

// close frees what the formats needed.
func (n *numbers) close() error {
	if n.scratch == nil {
		return nil
	}
	return n.scratch.Close()
}

func (n *numbers) format(style int) *numberFormat {
	if style < 0 || style >= len(n.codes) {
		return &numberFormat{general: true}
	}
	if n.formats[style] == nil {
		n.formats[style] = parseFormat(n.codes[style])
	}
	return n.formats[style]
}

// number returns the text of a number as stored in a cell of a style.
func (n *numbers) number(style int, raw string) (string, *fault) {
	f := n.format(style)
	if f.general && plainInteger(raw) {
		return raw, nil
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(raw), 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return "", &fault{CodeNumber, fmt.Sprintf("The cell holds %q as a number.", clipped(raw)), "Enter the value again."}
	}
	return n.value(f, x)
}

// value returns the text of a number that is finite.
func (n *numbers) value(f *numberFormat, x float64) (string, *fault) {
	if f.date || f.time {
		return serialText(x, f, n.date904)
	}
	if math.Abs(x) >= 1e15 {
		return "", &fault{CodePrecision, "The number has more than 15 digits; Excel has made zeros of the rest.",
			"Format the column as text and enter the value again."}
	}
	if f.general {
		return generalText(x), nil
	}
	if f.zeros > 0 && x >= 0 && x == math.Trunc(x) {
		return fmt.Sprintf("%0*d", f.zeros, int64(x)), nil
	}
	return n.shown(f, x)
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// plainInteger tells that raw is written as a General cell shows it.
func plainInteger(raw string) bool {
	if raw == "" || len(raw) > 15 || raw[0] == '0' && len(raw) > 1 {
		return false
	}
	for i := range len(raw) {
		if raw[i] < '0' || raw[i] > '9' {
			return false
		}
	}
	return true
}

// generalText writes a number with up to 15 digits and without exponent.
func generalText(x float64) string {
	if x == math.Trunc(x) {
		return strconv.FormatFloat(x+0, 'f', 0, 64)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil || math.Abs(x) < 1e-9 {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// shown applies a format.
func (n *numbers) shown(f *numberFormat, x float64) (string, *fault) {
	code := f.choose(x)
	upper := strings.ToUpper(code)
	if strings.Contains(upper, "E+") || strings.Contains(upper, "E-") || code == "" {
		return generalText(x), nil
	}
	key := shownKey{code, x}
	if text, ok := n.memo[key]; ok {
		return text, nil
	}
	text, err := n.apply(code, x)
	if err != nil || clean(text) == "" {
		text = generalText(x)
	}
	if len(n.memo) < maxMemo {
		n.memo[key] = text
	}
	return text, nil
}

// choose returns the section for x. Sections without conditions are left to the
// library, which knows the signs.
func (f *numberFormat) choose(x float64) string {
	conditional := false
	for _, s := range f.sections {
		conditional = conditional || s.op != ""
	}
	if !conditional {
		codes := make([]string, len(f.sections))
		for i, s := range f.sections {
			codes[i] = s.code
		}
		return strings.Join(codes, ";")
	}
	for _, s := range f.sections {
		if s.holds(x) {
			return s.code
		}
	}
	return ""
}

func (s formatSection) holds(x float64) bool {
	switch s.op {
	case "<":
		return x < s.arg
	case "<=":
		return x <= s.arg
	case ">":
		return x > s.arg
	case ">=":
		return x >= s.arg
	case "=":
		return x == s.arg
	case "<>":
		return x != s.arg
	}
	return true
}

// apply lets the spreadsheet library format a number.
func (n *numbers) apply(code string, x float64) (string, error) {
	const sheet = "Sheet1"
	if n.scratch == nil {
		n.scratch = excelize.NewFile()
	}
	if i := strings.Index(strings.ToLower(code), "general"); i >= 0 {
		digits := "0.###############"
		if x == math.Trunc(x) {
			digits = "0"
		}
		code = code[:i] + digits + code[i+len("general"):]
	}
	cell, ok := n.cells[code]
	if !ok {
		style, err := n.scratch.NewStyle(&excelize.Style{CustomNumFmt: &code})
		if err != nil {
			return "", err
		}
		cell = cellRef(len(n.cells)+1, 1)
		if err := n.scratch.SetCellStyle(sheet, cell, cell, style); err != nil {
			return "", err
		}
		n.cells[code] = cell
	}
	if err := n.scratch.SetCellFloat(sheet, cell, x, -1, 64); err != nil {
		return "", err
	}
	return n.scratch.GetCellValue(sheet, cell)
}

// string returns a text as a cell of a style shows it: some formats add to it.
func (n *numbers) string(style int, text string) string {
	f := n.format(style)
	if f.text == "" || text == "" {
		return text
	}
	if shown := strings.Replace(f.text, "\x00", text, 1); clean(shown) != "" {
		return shown
	}
	return text
}

// serialText writes the number of a day.
func serialText(x float64, f *numberFormat, date904 bool) (string, *fault) {
	days := math.Floor(x)
	seconds := int(math.Round((x - days) * 86400))
	if seconds == 86400 {
		days, seconds = days+1, 0
	}
	clock := fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if days == 0 && !date904 && f.time && (!f.date || seconds > 0) {
		return clock, nil
	}
	day, ok := serialDay(days, date904)
	if !ok {
		return "", &fault{CodeDate, fmt.Sprintf("The cell is formatted as a date but holds the number %s.", generalText(x)),
			"Empty the cell or correct the formula behind it."}
	}
	if seconds != 0 {
		return day + "T" + clock, nil
	}
	return day, nil
}

// serialDay returns the day of a serial number. Day 60 of the 1900 system is
// 29 February 1900, which never was.
func serialDay(days float64, date904 bool) (string, bool) {
	const last = 2958465 // 9999-12-31
	origin := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date904:
		if days < 0 || days > last-1462 {
			return "", false
		}
		origin = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days < 1 || days == 60 || days > last:
		return "", false
	case days < 60:
		origin = origin.AddDate(0, 0, 1)
	}
	return origin.AddDate(0, 0, int(days)).Format(time.DateOnly), true
}
