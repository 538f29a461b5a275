package workspace

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
)

// ReportVersion is the version of the JSON of survey, status and verify
// (docs/formats.md).
const ReportVersion = "1"

// SumsJSON is how items have ended, as JSON reports have it: all outcomes by name.
type SumsJSON map[providers.Outcome]SumJSON

// SumJSON is a number of items and their bytes.
type SumJSON struct {
	Items int64 `json:"items"`
	Bytes int64 `json:"bytes"`
}

// JSONSums writes all nine outcomes, those without items too.
func JSONSums(s providers.Sums) SumsJSON {
	out := SumsJSON{}
	for _, o := range providers.Outcomes() {
		out[o] = SumJSON(s[o])
	}
	return out
}

// Sum adds all outcomes up.
func Sum(s providers.Sums) (n providers.Sum) {
	for _, one := range s {
		n.Items += one.Items
		n.Bytes += one.Bytes
	}
	return n
}

// WriteJSON writes a report on Out.
func WriteJSON(env *cli.Env, report any) error {
	enc := json.NewEncoder(env.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

// CSV writes rows for spreadsheets: UTF-8 with a mark, so that Excel reads Korean, and
// no text from outside that a spreadsheet would take for a formula.
type CSV struct{ w *csv.Writer }

// NewCSV begins with a heading.
func NewCSV(w io.Writer, heading ...string) (*CSV, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := &CSV{csv.NewWriter(w)}
	return c, c.w.Write(heading)
}

// Row writes one row of texts, numbers, times and errors.
func (c *CSV) Row(cells ...any) error {
	row := make([]string, len(cells))
	for i, cell := range cells {
		switch v := cell.(type) {
		case string:
			row[i] = harmless(v)
		case int64:
			row[i] = strconv.FormatInt(v, 10)
		case int:
			row[i] = strconv.Itoa(v)
		case bool:
			row[i] = strconv.FormatBool(v)
		case time.Time:
			if !v.IsZero() {
				row[i] = v.Format(time.RFC3339)
			}
		case error:
			row[i] = harmless(v.Error())
		case nil:
		default:
			row[i] = harmless(fmt.Sprint(v))
		}
	}
	return c.w.Write(row)
}

// Outcomes are the cells of all outcomes: items, then bytes of all.
func (c *CSV) Outcomes(s providers.Sums) []any {
	var out []any
	for _, o := range providers.Outcomes() {
		out = append(out, s[o].Items)
	}
	return append(out, Sum(s).Bytes)
}

// OutcomeHeadings are the headings of CSV.Outcomes.
func OutcomeHeadings() []string {
	var out []string
	for _, o := range providers.Outcomes() {
		out = append(out, string(o))
	}
	return append(out, "bytes")
}

// Close writes what is outstanding.
func (c *CSV) Close() error {
	c.w.Flush()
	return c.w.Error()
}

// harmless is a text that no spreadsheet takes for a formula, in one line.
func harmless(text string) string {
	text = view.Line(text)
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Print writes lines on Out.
func Print(env *cli.Env, lines ...string) error {
	for _, l := range lines {
		if _, err := fmt.Fprintln(env.Out, l); err != nil {
			return err
		}
	}
	return nil
}

// Items writes a number of items for a table; "" for none.
func Items(n int64) string {
	if n == 0 {
		return ""
	}
	return view.Number(int(n))
}

// Age writes how long ago something was, "never" for the zero time.
func Age(now, then time.Time) string {
	if then.IsZero() {
		return "never"
	}
	switch d := now.Sub(then); {
	case d < time.Minute:
		return "now"
	case d < 48*time.Hour:
		return view.Duration(d.Truncate(time.Minute)) + " ago"
	default:
		return view.Plural(int(d/(24*time.Hour)), "day") + " ago"
	}
}

// Partly ends a report about mail that is not settled.
func Partly(text string) error { return &cli.Exit{Code: cli.CodePartly, Err: errors.New(text)} }
