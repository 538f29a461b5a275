// Package survey is `isa survey`: what the old mailboxes hold.
package survey

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
)

type options struct {
	env     *cli.Env
	report  workspace.Reporting
	folders bool
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "survey [ADDRESS...]", Short: "Count what the old mailboxes hold", Args: cobra.ArbitraryArgs,
		Long: "Log in to the old mailboxes and count what they hold and what would move. The counts are kept in\n" +
			"the ledger, where isa plan finds them. Nothing is moved; the new mailboxes are not logged in to.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), o, args)
		},
	}
	o.report.Register(cmd)
	o.report.RegisterParallel(cmd)
	o.report.Selection.RegisterLost(cmd)
	cmd.Flags().BoolVar(&o.folders, "folders", false, "each folder and where it goes, as for a single mailbox")
	return cmd
}

func run(ctx context.Context, o *options, names []string) error {
	if err := o.report.Check(names); err != nil {
		return err
	}
	once, abort, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.Open(once, o.env, o.report.Selection)
	if err != nil {
		return err
	}
	s, err := w.Survey(workspace.Stops{Once: once, Abort: abort}, o.report.Parallel, o.folders)
	if err != nil {
		return err
	}
	if err := o.report.Write(o.env, func() error { return o.text(s) }, func() error { return o.csv(s) }, func() any { return jsonOf(s) }); err != nil {
		return err
	}
	return o.conclude(s)
}

// conclude names what went wrong and says how the command ends.
func (o *options) conclude(s *workspace.Surveyed) error {
	failed := 0
	for _, b := range s.Mailboxes {
		head := fmt.Sprintf("%s  %s", view.Line(b.Title), b.Name)
		if b.Err != nil && diag.ClassOf(b.Err) != diag.Cancelled {
			failed++
			fmt.Fprintf(o.env.Err, "Failed: %s: %s\n", head, view.Line(b.Err.Error()))
		}
		for _, f := range b.Failures {
			failed++
			fmt.Fprintf(o.env.Err, "Failed: %s, folder %s: %s\n", head, view.Line(strings.Join(f.Folder, "/")), view.Line(f.Err.Error()))
		}
		for _, u := range b.Unused {
			fmt.Fprintf(o.env.Err, "Warning: %s: %s names no folder\n", head, view.Line(u))
		}
	}
	switch {
	case s.Interrupted:
		return &cli.Exit{Code: cli.CodeInterrupted, Err: errors.New("interrupted; what was counted is kept")}
	case failed > 0:
		return workspace.Partly("not everything could be counted, as told above; what was counted is kept")
	}
	return nil
}

func (o *options) text(s *workspace.Surveyed) error {
	heading := []string{"", "folders", "messages", "to move", "size", "excluded", "too large"}
	row := func(title string, folders int, found providers.Sums) []string {
		moving := found[providers.OnTheWay]
		return []string{title, workspace.Items(int64(folders)), view.Number(int(workspace.Sum(found).Items)), view.Number(int(moving.Items)), view.Bytes(moving.Bytes),
			workspace.Items(found[providers.Excluded].Items), workspace.Items(found[providers.TooLarge].Items)}
	}
	var rows [][]string
	folders := 0
	for _, b := range s.Mailboxes {
		if !b.Begun {
			rows = append(rows, []string{b.Title, "", "", "failed"})
			continue
		}
		rows = append(rows, row(b.Title, b.Folders, b.Found))
		folders += b.Folders
	}
	rows = append(rows, row("total", folders, s.Found))
	if err := workspace.Print(o.env, view.Grid(heading, rows)...); err != nil {
		return err
	}
	for _, b := range s.Mailboxes {
		if err := o.details(b); err != nil {
			return err
		}
	}
	return nil
}

// details tells of one mailbox where folders go, what cannot move, what is too large.
func (o *options) details(b workspace.SurveyedMailbox) error {
	var lines []string
	if len(b.Places) > 0 {
		rows := [][]string{}
		for _, p := range b.Places {
			rows = append(rows, []string{"  " + p.Folder, count(p.Items), size(p.Bytes), placeText(p)})
		}
		lines = append(lines, view.Table(append([][]string{{"  folder", "messages", "size", "goes to"}}, rows...))...)
	} else if b.Renamed > 0 {
		lines = append(lines, fmt.Sprintf("  %s another name; isa survey --folders shows them", pluralGet(b.Renamed)))
	}
	for _, u := range b.Unserved {
		lines = append(lines, fmt.Sprintf("  nobody can move %s: %s", strings.Join(u.Folder, "/"), u.Text))
	}
	for _, l := range b.Large {
		lines = append(lines, fmt.Sprintf("  too large: %s in %s, %s", view.Bytes(l.Size), strings.Join(l.Folder, "/"), l.Date.Format("2006-01-02")))
	}
	if b.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("  … and %s more", view.Number(b.Omitted)))
	}
	if len(lines) == 0 {
		return nil
	}
	if err := workspace.Print(o.env, "", view.Line(b.Title)+"  "+b.Name); err != nil {
		return err
	}
	for _, l := range lines {
		if err := workspace.Print(o.env, view.Line(l)); err != nil {
			return err
		}
	}
	return nil
}

func pluralGet(n int) string {
	if n == 1 {
		return "1 folder gets"
	}
	return view.Plural(n, "folder") + " get"
}

func placeText(p workspace.Place) string {
	switch {
	case p.Excluded != "":
		return "stays: " + p.Excluded
	case p.Note != "":
		return p.Target + " (" + p.Note + ")"
	}
	return p.Target
}

func count(n int64) string {
	if n < 0 {
		return "?"
	}
	return view.Number(int(n))
}

func size(n int64) string {
	if n < 0 {
		return ""
	}
	return view.Bytes(n)
}

func (o *options) csv(s *workspace.Surveyed) error {
	c, err := workspace.NewCSV(o.env.Out, "address", "name", "wave", "folder", "target", "messages", "bytes", "to_move", "bytes_to_move", "excluded", "too_large", "note", "error")
	if err != nil {
		return err
	}
	for _, b := range s.Mailboxes {
		all, moving := workspace.Sum(b.Found), b.Found[providers.OnTheWay]
		if err := c.Row(b.Name, b.Title, b.Wave, "", "", all.Items, all.Bytes, moving.Items, moving.Bytes,
			b.Found[providers.Excluded].Items, b.Found[providers.TooLarge].Items, "", errorOf(b.JobReport)); err != nil {
			return err
		}
		for _, p := range b.Places {
			note := p.Note
			if p.Excluded != "" {
				note = p.Excluded
			}
			if err := c.Row(b.Name, b.Title, b.Wave, p.Folder, p.Target, p.Items, p.Bytes, "", "", "", "", note, ""); err != nil {
				return err
			}
		}
	}
	return c.Close()
}

func errorOf(j content.JobReport) string {
	if j.Err != nil {
		return j.Err.Error()
	}
	return ""
}
