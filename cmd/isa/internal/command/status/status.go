// Package status is `isa status`: how the mail of each mailbox has ended so far.
package status

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
)

type options struct {
	env      *cli.Env
	report   workspace.Reporting
	failures bool
	folders  bool
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "status [ADDRESS...]", Short: "Show how the mail of each mailbox has ended so far", Args: cobra.ArbitraryArgs,
		Long: "Show how the mail of each mailbox has ended so far, as the ledger has it: nobody is logged in\n" +
			"anywhere, and a pass may be under way. Every message has exactly one outcome; the exit code is\n" +
			"3 while some have none, or should be at the target and are not.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), o, args)
		},
	}
	o.report.Register(cmd)
	cmd.Flags().BoolVar(&o.failures, "failures", false, "list each message that is not in the new mailbox, and why")
	cmd.Flags().BoolVar(&o.folders, "folders", false, "each folder, as for a single mailbox")
	return cmd
}

func run(ctx context.Context, o *options, names []string) error {
	if err := o.report.Check(names); err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.Open(ctx, o.env, o.report.Selection)
	if err != nil {
		return err
	}
	if o.failures {
		return o.listFailures(ctx, w)
	}
	s, err := w.Status(ctx, o.folders)
	if err != nil {
		return err
	}
	if err := o.report.Write(o.env, func() error { return o.text(s) }, func() error { return o.csv(s) }, func() any { return jsonOf(s) }); err != nil {
		return err
	}
	return conclude(s)
}

// conclude is how the command ends: with a code that says whether all is settled.
func conclude(s *workspace.Status) error {
	open, trouble := 0, int64(0)
	for i := range s.Mailboxes {
		m := &s.Mailboxes[i]
		if !m.Forgotten && !m.Balanced() {
			open++
		}
		trouble += m.Trouble()
	}
	var parts []string
	if open > 0 {
		parts = append(parts, view.Plural(open, "mailbox")+" not settled")
	}
	if trouble > 0 {
		parts = append(parts, view.Plural(int(trouble), "message")+" not in the new mailbox; isa status --failures lists them")
	}
	if len(parts) == 0 {
		return nil
	}
	return workspace.Partly(strings.Join(parts, ", "))
}

func (o *options) text(s *workspace.Status) error {
	heading := []string{"", "items"}
	for _, outcome := range providers.Outcomes() {
		heading = append(heading, strings.ReplaceAll(string(outcome), "_", " "))
	}
	heading = append(heading, "size", "passed", "surveyed")
	var rows [][]string
	now := o.env.Now()
	row := func(title string, sums providers.Sums) []string {
		all := workspace.Sum(sums)
		cells := []string{title, view.Number(int(all.Items))}
		for _, outcome := range providers.Outcomes() {
			cells = append(cells, workspace.Items(sums[outcome].Items))
		}
		return append(cells, view.Bytes(all.Bytes))
	}
	waves := map[string]*workspace.WaveSums{}
	for i := range s.Waves {
		waves[s.Waves[i].Wave] = &s.Waves[i]
	}
	last := "\x00"
	var notes []string
	for i := range s.Mailboxes {
		m := &s.Mailboxes[i]
		group := m.Wave
		if m.Forgotten {
			group = "\x00forgotten"
		}
		if group != last {
			last = group
			if wave := waves[m.Wave]; m.Forgotten {
				rows = append(rows, []string{"no block declares these any more"})
			} else {
				rows = append(rows, row(waveTitle(wave), wave.Sums))
			}
		}
		if !m.Known {
			rows = append(rows, []string{"  " + titled(m), "", "", "", "", "", "", "", "", "", "", "", "never", "never"})
		} else {
			passed := workspace.Age(now, m.Passed)
			if !m.Closed.IsZero() {
				passed = "closed"
			}
			rows = append(rows, append(row("  "+titled(m), m.Sums), passed, workspace.Age(now, m.Surveyed)))
		}
		if m.Waiting != "" {
			notes = append(notes, fmt.Sprintf("%s  %s: %s", titled(m), m.Address, m.Waiting))
		}
		for _, f := range m.Folders {
			rows = append(rows, row("    "+folderTitle(f), f.Sums))
		}
	}
	rows = append(rows, row("total", s.Total))
	if err := workspace.Print(o.env, view.Grid(heading, rows)...); err != nil {
		return err
	}
	if err := o.pass(s); err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(o.env.Err, "Pending: "+view.Line(n))
	}
	return nil
}

func titled(m *workspace.Mailbox) string {
	if m.Title == "" {
		return m.Address
	}
	return m.Title
}

func waveTitle(w *workspace.WaveSums) string {
	name := w.Wave
	if name == "" {
		return "no wave, " + view.Plural(w.Mailboxes, "mailbox")
	}
	phase := w.Phase
	if phase == "" {
		phase = "not applied yet"
	}
	return fmt.Sprintf("%s (%s), %s", name, phase, view.Plural(w.Mailboxes, "mailbox"))
}

func folderTitle(f workspace.FolderSums) string {
	text := f.Folder
	if f.Target != "" && f.Target != f.Folder {
		text += " → " + f.Target
	}
	switch {
	case f.Unserved != "":
		text += " (" + f.Unserved + ")"
	case f.Gone:
		text += " (gone at the source)"
	}
	return text
}

func (o *options) csv(s *workspace.Status) error {
	heading := append([]string{"address", "name", "wave", "phase", "folder", "target"}, workspace.OutcomeHeadings()...)
	c, err := workspace.NewCSV(o.env.Out, append(heading, "surveyed", "passed", "closed", "pending_because", "pass", "pass_messages", "pass_bytes", "pass_expected", "messages_per_second", "bytes_per_second", "seconds_left")...)
	if err != nil {
		return err
	}
	for i := range s.Mailboxes {
		m := &s.Mailboxes[i]
		cells := append([]any{m.Address, m.Title, m.Wave, m.Phase, "", ""}, c.Outcomes(m.Sums)...)
		if err := c.Row(append(append(cells, m.Surveyed, m.Passed, m.Closed, m.Waiting), paceCells(s.Pass, m.Address)...)...); err != nil {
			return err
		}
		for _, f := range m.Folders {
			if err := c.Row(append(append([]any{m.Address, m.Title, m.Wave, m.Phase, f.Folder, f.Target}, c.Outcomes(f.Sums)...), make([]any, 11)...)...); err != nil {
				return err
			}
		}
	}
	return c.Close()
}
