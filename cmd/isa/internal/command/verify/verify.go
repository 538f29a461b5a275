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
	env       *cli.Env
	selection workspace.Selection
	format    string
	sample    string
	full      bool
	parallel  int
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "verify [ADDRESS...]", Short: "Compare the old and the new mailboxes", Args: cobra.ArbitraryArgs,
		Long: "Log in to both ends and compare what was moved: that each message is there, with its size, date\n" +
			"and flags, and of a sample (or all) every byte. Nothing is changed at either end.",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.selection.Content = args
			return run(cmd.Context(), o)
		},
	}
	o.selection.RegisterContent(cmd)
	cmd.Flags().StringVar(&o.sample, "sample", "5%", "the share of messages whose bytes are compared, such as `5%`; 0% for none")
	cmd.Flags().BoolVar(&o.full, "full", false, "compare the bytes of all messages")
	cmd.Flags().StringVar(&o.format, "format", "text", "text, csv or json")
	cmd.Flags().IntVar(&o.parallel, "parallel", 0, "mailboxes at once; 8 when not given")
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

func run(ctx context.Context, o *options) error {
	if err := workspace.CheckReportFormat(o.format); err != nil {
		return err
	}
	how, err := o.how()
	if err != nil {
		return err
	}
	if o.parallel < 0 {
		return errors.New("--parallel is not below zero")
	}
	once, abort, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.Open(once, o.env, o.selection)
	if err != nil {
		return err
	}
	v, err := w.Verify(workspace.Stops{Once: once, Abort: abort}, how, o.parallel)
	if err != nil {
		return err
	}
	switch o.format {
	case "json":
		err = workspace.WriteJSON(o.env, jsonOf(v))
	case "csv":
		err = o.csv(v)
	default:
		err = o.text(v)
	}
	if err != nil {
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

// faults are the counts of what is not the same, in the order of their telling.
func faults(c content.Compared) []struct {
	Word  string
	Count int64
} {
	return []struct {
		Word  string
		Count int64
	}{{"missing", c.Missing}, {"size", c.Size}, {"bytes", c.Bytes}, {"date", c.Date}, {"flags", c.Flags}, {"pending", c.Pending}, {"extra", c.Extra}}
}

func (o *options) text(v workspace.Compared) error {
	heading := []string{"", "moved", "there", "bytes compared", "missing", "other size", "other bytes", "other date", "other flags", "pending", "extra"}
	row := func(title string, c content.Compared) []string {
		cells := []string{title, view.Number(int(c.Source.Items)), view.Number(int(c.Arrived.Items)), workspace.Items(c.Bodies)}
		for _, f := range faults(c) {
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
		rows = append(rows, row(j.Title, j.Compared))
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
	text := "Both ends are the same."
	if !v.Same() {
		text = "Both ends are not the same."
	}
	return workspace.Print(o.env, fmt.Sprintf("%s Compared in %s.", text, view.Duration(v.End.Sub(v.Start))))
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
	for _, f := range faults(content.Compared{}) {
		heading = append(heading, "other_"+f.Word)
	}
	for i, name := range heading {
		switch name {
		case "other_missing", "other_pending", "other_extra":
			heading[i] = strings.TrimPrefix(name, "other_")
		}
	}
	c, err := workspace.NewCSV(o.env.Out, append(heading, "error")...)
	if err != nil {
		return err
	}
	cells := func(head []any, n content.Compared, err error) []any {
		head = append(head, n.Source.Items, n.Source.Bytes, n.Arrived.Items, n.Bodies)
		for _, f := range faults(n) {
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
