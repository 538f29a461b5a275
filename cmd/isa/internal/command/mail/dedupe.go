package mail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/dedupe"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env    *cli.Env
	report workspace.Reporting
	moveTo string
	yes    bool
	to     []string // moveTo, read
}

func newDedupe(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "dedupe [ADDRESS...]", Short: "Find messages that new mailboxes hold more than once", Args: cobra.ArbitraryArgs,
		Long: "Log in to the new mailboxes with the members' app passwords and find messages that earlier\n" +
			"migrations brought more than once: in the same folder, the same in every byte, and with the same\n" +
			"Message-ID or date of receipt. With --move-to, all of them but the first are moved into that folder,\n" +
			"after showing what and asking. Nothing is deleted. What two folders hold is told and never moved.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), o, args)
		},
	}
	o.report.Register(cmd)
	o.report.RegisterParallel(cmd)
	cmd.Flags().StringVar(&o.moveTo, "move-to", "", "move the copies into this `folder` of their mailbox, such as 중복")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "move without asking")
	return cmd
}

func (o *options) check(names []string) (err error) {
	if err := o.report.Check(names); err != nil {
		return err
	}
	switch {
	case o.moveTo == "" && o.yes:
		return errors.New("--yes agrees to a move: say where with --move-to")
	case o.moveTo == "":
		return nil
	case !o.yes && o.report.Format != "text":
		return fmt.Errorf("--format %s asks nobody: look at the report without --move-to, then add --yes", o.report.Format)
	}
	o.to, err = workspace.CopiesFolder(o.moveTo)
	return err
}

func run(ctx context.Context, o *options, names []string) error {
	if err := o.check(names); err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.Open(ctx, o.env, o.report.Selection)
	if err != nil {
		return err
	}
	d, err := w.Dedupe(ctx, workspace.Deduping{To: o.to, Agreed: o.yes, Parallel: o.report.Parallel})
	if err != nil {
		return err
	}
	if err := o.write(d); err != nil {
		return err
	}
	if o.to == nil || o.yes || d.Interrupted || d.Total().Copies == 0 {
		return o.conclude(d)
	}
	o.tell(d)
	if err := o.agree(ctx); err != nil {
		return err
	}
	moved, err := w.Dedupe(ctx, workspace.Deduping{To: o.to, Shown: d, Agreed: true, Parallel: o.report.Parallel})
	if err != nil {
		return err
	}
	if err := o.write(moved); err != nil {
		return err
	}
	return o.conclude(moved)
}

// agree asks; only "yes" is taken.
func (o *options) agree(ctx context.Context) error {
	agreed, err := o.env.Person().Agrees(ctx, fmt.Sprintf("\nMove these copies to %s of their mailbox? Each is looked at again first.\nOnly yes is taken as an answer: ", view.Line(strings.Join(o.to, "/"))))
	if err == nil && !agreed {
		err = &cli.Exit{Code: cli.CodeFailed, Err: errors.New("not agreed; nothing was moved")}
	}
	return err
}

// tell names what could not be searched, and reports whether there was anything.
func (o *options) tell(d *workspace.Deduped) (some bool) {
	for _, m := range d.Mailboxes {
		if m.Err != nil && diag.ClassOf(m.Err) != diag.Cancelled {
			some = true
			fmt.Fprintf(o.env.Err, "Failed: %s  %s: %s\n", view.Line(m.Title), m.Address, view.Line(m.Err.Error()))
		}
		for _, f := range m.Folders {
			if f.Err != nil {
				some = true
				fmt.Fprintf(o.env.Err, "Failed: %s  %s, folder %s: %s\n", view.Line(m.Title), m.Address, view.Line(strings.Join(f.Path, "/")), view.Line(f.Err.Error()))
			}
		}
	}
	for _, x := range d.Waiting {
		some = true
		fmt.Fprintf(o.env.Err, "Pending: %s  %s: %s\n", view.Line(x.Title), x.Address, view.Line(x.Why))
	}
	return some
}

// conclude names what could not be searched and says how the command ends.
func (o *options) conclude(d *workspace.Deduped) error {
	some := o.tell(d)
	switch {
	case d.Interrupted:
		return &cli.Exit{Code: cli.CodeInterrupted, Err: errors.New("interrupted; what was moved is in the folder of copies, nothing is lost: run the command again to go on")}
	case some:
		return workspace.Partly("not all mailboxes could be searched, as told above; run the command again")
	}
	if all := d.Total(); o.to != nil && all.Moved < all.Copies {
		return workspace.Partly(fmt.Sprintf("%s left where they are, since the message that stays was no longer beside them; run the command again", view.Plural(int(all.Copies-all.Moved), "copy")))
	}
	return nil
}

func (o *options) write(d *workspace.Deduped) error {
	return o.report.Write(o.env, func() error { return o.text(d) }, func() error { return o.csv(d) }, func() any { return jsonOf(d, o.to) })
}

// interesting are the folders that hold more than one of something.
func interesting(m workspace.DedupedMailbox) (out []dedupe.Folder) {
	for _, f := range m.Folders {
		if f.Copies+f.Elsewhere+f.Alike+f.Unread > 0 || f.Err != nil {
			out = append(out, f)
		}
	}
	return out
}

func (o *options) text(d *workspace.Deduped) error {
	heading := []string{"", "messages", "more than once", "copies", "their size", "moved", "elsewhere", "alike", "unread"}
	row := func(title string, f dedupe.Folder) []string {
		size := ""
		if f.Copies > 0 {
			size = view.Bytes(f.Bytes)
		}
		return []string{title, view.Number(int(f.Messages)), workspace.Items(f.Sets), workspace.Items(f.Copies), size,
			workspace.Items(f.Moved), workspace.Items(f.Elsewhere), workspace.Items(f.Alike), workspace.Items(f.Unread)}
	}
	var rows [][]string
	for _, m := range d.Mailboxes {
		if m.Err != nil && m.Total().Messages == 0 {
			rows = append(rows, []string{m.Title, "failed"})
			continue
		}
		rows = append(rows, row(m.Title, m.Total()))
		for _, f := range interesting(m) {
			rows = append(rows, row("  "+strings.Join(f.Path, "/"), f))
		}
	}
	all := d.Total()
	rows = append(rows, row("total", all))
	return workspace.Print(o.env, append(view.Grid(heading, rows), "", o.verdict(d, all))...)
}

func (o *options) verdict(d *workspace.Deduped, all dedupe.Folder) string {
	searched := !slices.ContainsFunc(d.Mailboxes, func(m workspace.DedupedMailbox) bool {
		return m.Err != nil || slices.ContainsFunc(m.Folders, func(f dedupe.Folder) bool { return f.Err != nil })
	})
	switch {
	case all.Copies == 0 && !searched:
		return "What could be searched holds no message more than once."
	case all.Copies == 0:
		return "No folder holds a message more than once."
	case all.Moved > 0:
		return fmt.Sprintf("%s moved to %s; the first of each stayed where it was.", view.Plural(int(all.Moved), "copy"), view.Line(strings.Join(o.to, "/")))
	case o.to == nil:
		return fmt.Sprintf("%s could be moved with --move-to FOLDER; nothing was changed.", view.Plural(int(all.Copies), "copy"))
	}
	return fmt.Sprintf("%s found; nothing was changed.", view.Plural(int(all.Copies), "copy"))
}

func (o *options) csv(d *workspace.Deduped) error {
	c, err := workspace.NewCSV(o.env.Out, "address", "name", "folder", "messages", "sets", "copies", "bytes", "moved", "elsewhere", "alike", "unread", "error")
	if err != nil {
		return err
	}
	row := func(m workspace.DedupedMailbox, folder string, f dedupe.Folder, err error) error {
		cells := []any{m.Address, m.Title, folder, f.Messages, f.Sets, f.Copies, f.Bytes, f.Moved, f.Elsewhere, f.Alike, f.Unread, ""}
		if err != nil {
			cells[len(cells)-1] = err
		}
		return c.Row(cells...)
	}
	for _, m := range d.Mailboxes {
		if err := row(m, "", m.Total(), m.Err); err != nil {
			return err
		}
		for _, f := range m.Folders {
			if err := row(m, strings.Join(f.Path, "/"), f, f.Err); err != nil {
				return err
			}
		}
	}
	return c.Close()
}

// document is what --format json writes (docs/formats.md).
type document struct {
	FormatVersion string    `json:"format_version"`
	MoveTo        string    `json:"move_to,omitempty"`
	Mailboxes     []mailbox `json:"mailboxes"`
	Total         counts    `json:"total"`
}

type mailbox struct {
	Address string   `json:"address"`
	Title   string   `json:"title,omitempty"`
	Total   counts   `json:"total"`
	Folders []folder `json:"folders,omitempty"`
	Error   string   `json:"error,omitempty"`
	Waits   string   `json:"waits,omitempty"`
}

type folder struct {
	Folder string `json:"folder"`
	counts
	Error string `json:"error,omitempty"`
}

type counts struct {
	Messages  int64 `json:"messages"`
	Sets      int64 `json:"sets"`
	Copies    int64 `json:"copies"`
	Bytes     int64 `json:"bytes"`
	Moved     int64 `json:"moved"`
	Elsewhere int64 `json:"elsewhere"`
	Alike     int64 `json:"alike"`
	Unread    int64 `json:"unread"`
}

func countsOf(f dedupe.Folder) counts {
	return counts{f.Messages, f.Sets, f.Copies, f.Bytes, f.Moved, f.Elsewhere, f.Alike, f.Unread}
}

func jsonOf(d *workspace.Deduped, to []string) document {
	doc := document{FormatVersion: workspace.ReportVersion, MoveTo: strings.Join(to, "/"), Mailboxes: []mailbox{}, Total: countsOf(d.Total())}
	for _, m := range d.Mailboxes {
		box := mailbox{Address: m.Address, Title: m.Title, Total: countsOf(m.Total()), Error: text(m.Err)}
		for _, f := range m.Folders {
			box.Folders = append(box.Folders, folder{strings.Join(f.Path, "/"), countsOf(f), text(f.Err)})
		}
		doc.Mailboxes = append(doc.Mailboxes, box)
	}
	for _, x := range d.Waiting {
		doc.Mailboxes = append(doc.Mailboxes, mailbox{Address: x.Address.String(), Title: x.Title, Waits: x.Why})
	}
	return doc
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
