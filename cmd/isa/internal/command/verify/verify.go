// Package verify is `isa verify`: both ends of the move, compared.
package verify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env    *cli.Env
	report workspace.Reporting
	sample string
	full   bool
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "verify [ADDRESS...]", Short: "Compare the old and the new mailboxes", Args: cobra.ArbitraryArgs,
		Long: "Log in to both ends and compare what was moved: that each message is there, with its size, date\n" +
			"and flags, and of a sample (or all) every byte. Nothing is changed at either end. In a mailbox that\n" +
			"is live, or closed by its cutover, what people moved or removed since is told apart from what is\n" +
			"missing, and is no fault.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), o, args)
		},
	}
	o.report.Register(cmd)
	o.report.RegisterParallel(cmd)
	cmd.Flags().StringVar(&o.sample, "sample", "5%", "the share of messages whose bytes are compared, such as `5%`; 0% for none")
	cmd.Flags().BoolVar(&o.full, "full", false, "compare the bytes of all messages")
	cmd.MarkFlagsMutuallyExclusive("sample", "full")
	return cmd
}

func (o *options) how() (content.Verification, error) {
	how := content.Verification{Seed: uint64(o.env.Now().UnixNano())} // another sample each time
	if o.full {
		how.Percent = 100
		return how, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(o.sample, "%"))
	if err != nil || n < 0 || n > 100 || !strings.HasSuffix(o.sample, "%") {
		return how, fmt.Errorf("--sample %q is no share; write it as 5%%, a whole number up to 100", o.sample)
	}
	how.Percent = n
	return how, nil
}

func run(ctx context.Context, o *options, names []string) error {
	if err := o.report.Check(names); err != nil {
		return err
	}
	how, err := o.how()
	if err != nil {
		return err
	}
	once, abort, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.Open(once, o.env, o.report.Selection)
	if err != nil {
		return err
	}
	v, err := w.Verify(workspace.Stops{Once: once, Abort: abort}, how, o.report.Parallel)
	if err != nil {
		return err
	}
	if err := o.report.Write(o.env, func() error { return o.text(v) }, func() error { return o.csv(v) }, func() any { return jsonOf(v) }); err != nil {
		return err
	}
	return o.conclude(v)
}

// conclude names what could not be compared and says how the command ends.
func (o *options) conclude(v workspace.Compared) error {
	for _, j := range v.Jobs {
		if j.Err != nil && diag.ClassOf(j.Err) != diag.Cancelled {
			fmt.Fprintf(o.env.Err, "Failed: %s  %s: %s\n", view.Line(j.Title), j.Name, view.Line(j.Err.Error()))
		}
	}
	for _, x := range v.Waiting {
		fmt.Fprintf(o.env.Err, "Pending: %s  %s: %s\n", view.Line(x.Title), x.Address, x.Why)
	}
	switch {
	case v.Interrupted:
		return &cli.Exit{Code: cli.CodeInterrupted, Err: errors.New("interrupted; nothing was changed")}
	case !v.Same() || len(v.Waiting) > 0:
		return workspace.Partly("the two ends are not the same, as told above; isa sync, then compare again")
	}
	return nil
}

// differences are the counts of what is not the same, in the order of their telling.
func differences(c content.Compared) []struct {
	Word  string
	Count int64
} {
	return []struct {
		Word  string
		Count int64
	}{{"missing", c.Missing}, {"size", c.Size}, {"bytes", c.Bytes}, {"date", c.Date}, {"flags", c.Flags}, {"pending", c.Pending},
		{"elsewhere", c.Elsewhere}, {"removed", c.Removed}, {"extra", c.Extra}}
}

func (o *options) text(v workspace.Compared) error {
	heading := []string{"", "moved", "there", "bytes compared", "missing", "other size", "other bytes", "other date", "other flags", "pending", "elsewhere", "removed", "extra"}
	row := func(title string, c content.Compared) []string {
		cells := []string{title, view.Number(int(c.Source.Items)), view.Number(int(c.Arrived.Items)), workspace.Items(c.Bodies)}
		for _, f := range differences(c) {
			cells = append(cells, workspace.Items(f.Count))
		}
		return cells
	}
	var rows [][]string
	for _, j := range v.Jobs {
		if j.Err != nil && j.Source.Items == 0 {
			rows = append(rows, []string{j.Title, "failed"})
			continue
		}
		cells := row(j.Title, j.Compared)
		if j.Unread {
			cells[2] = "not read"
		}
		rows = append(rows, cells)
		for _, f := range j.Folders {
			title := "  " + strings.Join(f.Path, "/")
			if target := strings.Join(f.Target, "/"); target != strings.Join(f.Path, "/") {
				title += " → " + target
			}
			rows = append(rows, row(title, f.Compared))
		}
		if j.Omitted > 0 {
			rows = append(rows, []string{fmt.Sprintf("  … and %s", view.Plural(j.Omitted, "folder"))})
		}
	}
	rows = append(rows, row("total", total(v)))
	if err := workspace.Print(o.env, view.Grid(heading, rows)...); err != nil {
		return err
	}
	for _, j := range v.Jobs {
		if err := o.strays(j); err != nil {
			return err
		}
		if err := o.runs(j); err != nil {
			return err
		}
	}
	return workspace.Print(o.env, fmt.Sprintf("%s Compared in %s.", verdict(v), view.Duration(v.End.Sub(v.Start))))
}

func verdict(v workspace.Compared) string {
	all, unread := total(v), 0
	for _, j := range v.Jobs {
		if j.Unread {
			unread++
		}
	}
	switch {
	case !v.Same():
		return "Both ends are not the same."
	case all.Elsewhere+all.Removed > 0:
		return "Everything arrived. What is elsewhere or removed was moved or removed by who works in the new mailbox."
	}
	switch unread {
	case 0:
		return "Both ends are the same."
	case len(v.Jobs):
		return "All was fetched, as the service has counted it; the new mailboxes cannot be read by this route."
	}
	return fmt.Sprintf("Both ends are the same, as far as they can be read: %s cannot.", view.Plural(unread, "new mailbox"))
}

// runs lists what the service has fetched of a mailbox that cannot be read.
func (o *options) runs(j content.VerifiedJob) error {
	if !j.Unread {
		return nil
	}
	lines := []string{"", j.Title + "  " + j.Name + ": the new mailbox cannot be read by this route; runs of the service:"}
	for _, b := range j.Runs[max(0, len(j.Runs)-shown):] {
		text := fmt.Sprintf("  %s: %s offered", b.Started.Local().Format("2006-01-02 15:04"), view.Number(int(b.Items)))
		if b.Note != "" {
			text += "; " + b.Note
		}
		lines = append(lines, text)
	}
	for i, l := range lines {
		lines[i] = view.Line(l)
	}
	return workspace.Print(o.env, lines...)
}

// shown is how many messages of a mailbox are listed in text.
const shown = 10

// strays lists messages that are not where they were put.
func (o *options) strays(j content.VerifiedJob) error {
	if len(j.Strays) == 0 {
		return nil
	}
	lines := []string{"", j.Title + "  " + j.Name}
	for _, s := range j.Strays[:min(len(j.Strays), shown)] {
		lines = append(lines, fmt.Sprintf("  %s, %s in %s: %s", s.Date.Format("2006-01-02 15:04"), view.Bytes(max(s.Size, 0)), strings.Join(s.Folder, "/"), fateText(s)))
	}
	if more := j.Missing + j.Elsewhere + j.Removed - shown; more > 0 {
		lines = append(lines, fmt.Sprintf("  … and %s more", view.Number(int(more))))
	}
	for i, l := range lines {
		lines[i] = view.Line(l)
	}
	return workspace.Print(o.env, lines...)
}

func fateText(s content.Stray) string {
	delivered := strings.Join(s.Delivered, "/")
	switch s.Fate {
	case content.Elsewhere:
		return fmt.Sprintf("delivered to %s, moved to %s since", delivered, strings.Join(s.Found, "/"))
	case content.Removed:
		return fmt.Sprintf("delivered to %s, no longer there", delivered)
	}
	return "missing from " + delivered
}

func total(v workspace.Compared) content.Compared {
	var all content.Compared
	for _, j := range v.Jobs {
		all.Add(j.Compared)
	}
	return all
}

func (o *options) csv(v workspace.Compared) error {
	heading := []string{"address", "name", "wave", "folder", "target", "moved", "bytes_moved", "there", "bytes_compared"}
	for _, f := range differences(content.Compared{}) {
		heading = append(heading, "other_"+f.Word)
	}
	for i, name := range heading {
		switch name {
		case "other_missing", "other_pending", "other_elsewhere", "other_removed", "other_extra":
			heading[i] = strings.TrimPrefix(name, "other_")
		}
	}
	c, err := workspace.NewCSV(o.env.Out, append(heading, "error")...)
	if err != nil {
		return err
	}
	cells := func(head []any, n content.Compared, err error) []any {
		head = append(head, n.Source.Items, n.Source.Bytes, n.Arrived.Items, n.Bodies)
		for _, f := range differences(n) {
			head = append(head, f.Count)
		}
		if err != nil {
			return append(head, err)
		}
		return append(head, "")
	}
	for _, j := range v.Jobs {
		if err := c.Row(cells([]any{j.Name, j.Title, j.Wave, "", ""}, j.Compared, j.Err)...); err != nil {
			return err
		}
		for _, f := range j.Folders {
			if err := c.Row(cells([]any{j.Name, j.Title, j.Wave, strings.Join(f.Path, "/"), strings.Join(f.Target, "/")}, f.Compared, nil)...); err != nil {
				return err
			}
		}
	}
	return c.Close()
}
