package workspace

import (
	"errors"
	"fmt"
	"strings"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
)

// TellPass says what a pass did, names what went wrong on Err, and returns how the
// command ends. again is the command that goes on.
func (w *Workspace) TellPass(p Passed, again string) error {
	if _, err := fmt.Fprintln(w.env.Out, passText(p)); err != nil {
		return err
	}
	failing := 0
	for _, j := range p.Jobs {
		if w.tellJob(p, j) {
			failing++
		}
	}
	for _, x := range p.Waiting {
		fmt.Fprintf(w.env.Err, "Pending: %s  %s: %s\n", view.Line(x.Title), x.Address, view.Line(x.Why))
	}
	return passExit(p, failing, again)
}

// closedOnly reports whether all that is left behind is in mailboxes that are closed now:
// another pass does not try it.
func closedOnly(p Passed, failing int) bool {
	closed := 0
	for _, j := range p.Jobs {
		if j.Closed && j.Err == nil && len(j.Failures) == 0 && j.Balanced && len(leftBehind(j)) > 0 {
			closed++
		}
	}
	return closed > 0 && closed == failing && len(p.Waiting) == 0 && p.Done()
}

func passExit(p Passed, failing int, again string) error {
	open := failing > 0 || len(p.Waiting) > 0 || !p.Done()
	switch {
	case closedOnly(p, failing):
		return &cli.Exit{Code: cli.CodePartly, Err: errors.New("the cutover is over, and the messages above stay behind: take what is still needed over by hand, or clear the cause and reopen the wave as told above; another pass does not try them")}
	case p.Interrupted && !p.late:
		return &cli.Exit{Code: cli.CodeInterrupted, Err: fmt.Errorf("interrupted; what was on its way is settled: run %s again to go on", again)}
	case p.late && open:
		return &cli.Exit{Code: cli.CodePartly, Err: fmt.Errorf("the time is over; run %s again to go on", again)}
	case open:
		return &cli.Exit{Code: cli.CodePartly, Err: fmt.Errorf("finished in part, as told above; what is settled stays so: run %s again to go on", again)}
	}
	return nil
}

// passText is one sentence about a pass.
func passText(p Passed) string {
	if p.Complete+p.Failed == 0 && len(p.Moved) == 0 {
		return "No mailbox was passed over."
	}
	took := p.End.Sub(p.Start)
	parts := []string{}
	if text := OutcomesText(p.Moved); text != "" {
		parts = append(parts, text)
	}
	for _, n := range []struct {
		count int64
		word  string
	}{{p.Flags, "flag change"}, {p.Renamed, "renamed folder"}, {p.Reclaimed, "message found again"}, {p.Followed, "message filed elsewhere"}, {p.Brought, "message moved along"}} {
		if n.count == 1 {
			parts = append(parts, "1 "+n.word)
		} else if n.count > 1 {
			parts = append(parts, many(n.count, n.word))
		}
	}
	runs := 0
	for _, j := range p.Jobs {
		runs += j.Runs
	}
	if runs > 0 { // each mails the member at its begin and its end
		parts = append(parts, fmt.Sprintf("%s of the service with %s", view.Plural(runs, "run"), view.Plural(2*runs, "notice")))
	}
	text := orNothing(strings.Join(parts, ", "))
	out := fmt.Sprintf("%s passed over in %s: %s.", view.Plural(p.Complete+p.Failed, "mailbox"), view.Duration(took), text)
	if n := settled(p.Moved).Items; n > 0 && took.Seconds() > 0.05 {
		out = strings.TrimSuffix(out, ".") + fmt.Sprintf("; %s/s.", view.Number(int(float64(n)/took.Seconds())))
	}
	return out
}

// many writes a number of things whose plural is not at the end.
func many(n int64, word string) string {
	if rest, ok := strings.CutPrefix(word, "message "); ok {
		return view.Plural(int(n), "message") + " " + rest
	}
	return view.Plural(int(n), word)
}

// tellJob names what is not in order in a mailbox, and reports whether something is.
func (w *Workspace) tellJob(p Passed, j content.JobReport) bool {
	head := fmt.Sprintf("%s  %s", view.Line(j.Title), j.Name)
	for _, n := range j.Notes {
		about := head
		if len(n.Folder) > 0 {
			about += ", " + view.Line(strings.Join(n.Folder, "/"))
		}
		fmt.Fprintf(w.env.Err, "Note: %s: %s\n", about, view.Line(n.Text))
	}
	if j.Err != nil && !(p.Interrupted && diag.ClassOf(j.Err) == diag.Cancelled) {
		fmt.Fprintf(w.env.Err, "Failed: %s: %s\n", head, view.Line(j.Err.Error()))
		return true
	}
	if p.Interrupted && !j.Complete {
		return false // told once, for all
	}
	failing := len(j.Failures) > 0
	for _, f := range j.Failures {
		fmt.Fprintf(w.env.Err, "Failed: %s, folder %s: %s\n", head, view.Line(strings.Join(f.Folder, "/")), view.Line(f.Err.Error()))
	}
	if j.Omitted > 0 {
		fmt.Fprintf(w.env.Err, "  … and %s more of %s\n", view.Number(j.Omitted), j.Name)
	}
	if left := leftBehind(j); len(left) > 0 {
		failing = true
		fmt.Fprintf(w.env.Err, "Left: %s: %s; isa status --failures '%s' lists them%s\n", head, OutcomesText(left), j.Name, reopening(j))
	}
	if !failing && j.Complete && !j.Balanced {
		failing = true
		fmt.Fprintf(w.env.Err, "Left: %s: the sums do not balance (%s); another pass looks again\n", head, OutcomesText(j.Sums))
	}
	return failing
}

// reopening says what helps with a mailbox that was closed without some messages.
func reopening(j content.JobReport) string {
	if !j.Closed {
		return ""
	}
	text := "; the mailbox is closed now and later passes do not try them"
	var helps []string
	for _, h := range []struct {
		outcome providers.Outcome
		way     string
	}{
		{providers.Refused, "what the service refuses: lower max_size so that it stays behind by rule, with keep_large for a copy, or leave its folder out with exclude"},
		{providers.Quarantined, "what cannot be read: repair it at the old server, or leave its folder out with exclude"},
		{providers.Unproven, "what is unproven: look for it in the new mailbox"},
	} {
		if leftBehind(j)[h.outcome].Items > 0 {
			helps = append(helps, h.way)
		}
	}
	if len(helps) > 0 {
		text += "; " + strings.Join(helps, "; ")
	}
	if j.Wave != "" {
		text += "; to try again, write phase = \"presync\" in " + j.Wave + " and run isa apply --allow wave.reopen=1"
	}
	return text
}

// leftBehind are the items of a mailbox that should be at the target and are not: all
// that a later pass tries, or that the pass which closed the mailbox gave up; of a live
// mailbox those of this pass.
func leftBehind(j content.JobReport) providers.Sums {
	from := j.Sums
	switch {
	case j.Closed && !j.Begun:
		return nil // closed by an earlier pass, which told
	case j.Phase == content.Live:
		from = j.Moved
	}
	out := providers.Sums{}
	for _, o := range bad() {
		if n := from[o]; n.Items > 0 {
			out[o] = n
		}
	}
	return out
}
