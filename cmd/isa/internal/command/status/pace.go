package status

import (
	"fmt"
	"strconv"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
)

// pass writes how far the pass under way is, in total and for each mailbox that it is at,
// or when the last one ended.
func (o *options) pass(s *workspace.Status) error {
	p := s.Pass
	if p == nil {
		return nil
	}
	now := o.env.Now()
	switch {
	case p.Cut:
		return workspace.Print(o.env, "", fmt.Sprintf("No pass is under way; the last one was cut off, %s. By then: %s.", ago(now.Sub(p.Written)), p.Total.Text()))
	case !p.Under:
		return workspace.Print(o.env, "", fmt.Sprintf("No pass is under way; the last one ended %s, after %s: %s.", ago(now.Sub(p.End)), view.Duration(p.End.Sub(p.Start)), p.Total.Text()))
	}
	lines := []string{"", fmt.Sprintf("A pass is under way, begun %s: %s (%s of %s).", ago(now.Sub(p.Start)), p.Total.Text(),
		view.Number(p.Jobs), view.Plural(p.OfJobs, "mailbox"))}
	var rows [][]string
	for i := range s.Mailboxes {
		m := &s.Mailboxes[i]
		if one := p.Of(m.Address); one != nil && one.State != "ended" && one.State != "failed" {
			rows = append(rows, paceRow(titled(m), one))
		}
	}
	if len(rows) > 0 {
		lines = append(lines, view.Grid([]string{"now", "messages", "of", "size", "messages/s", "size/s", "left", ""}, rows)...)
	}
	return workspace.Print(o.env, lines...)
}

// ago is how long something is over, in words.
func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return view.Duration(d.Truncate(time.Second)) + " ago"
}

func paceRow(title string, p *workspace.Pace) []string {
	row := []string{"  " + title, view.Number(int(p.Items)), view.Number(int(p.Expected)), view.Bytes(p.Bytes), "", "", "", p.State}
	if p.Rate > 0 {
		row[4], row[5] = fmt.Sprintf("%.1f", p.Rate), view.Bytes(int64(p.ByteRate))
	}
	if left := p.Remaining(); left > 0 {
		row[6] = view.Duration(left)
	}
	return row
}

// paceCells are the cells of CSV about the pass; they are empty for a mailbox that had
// no turn in it.
func paceCells(p *workspace.PassProgress, address string) []any {
	one := p.Of(address)
	if one == nil {
		return make([]any, 7)
	}
	state := one.State
	if !p.Under {
		state = passState(p)
	}
	decimal := func(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
	return []any{state, one.Items, one.Bytes, one.Expected, decimal(one.Rate), decimal(one.ByteRate), decimal(one.Left)}
}
