// Package chatlink is `isa chat-link`: the links by which people outside the tenant find
// members, read and replaced.
package chatlink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	reset     bool
	format    string
	yes       bool
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "chat-link [ADDRESS...]", Short: "Show the links by which people outside find members, and reset them",
		Long: "Shows the external chat link of the members at the given addresses (one without a key: all of its\n" +
			"block), or of all whom external_chat_works or external_chat_line permits to chat with people outside.\n" +
			"With --reset each link is replaced by another one: the old one is dead at once and for good. isa asks\n" +
			"first. It needs the scope user.",
		Example: "  isa chat-link\n  isa chat-link 'member.staff[\"1042\"]' --reset",
		RunE:    func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), o, args) },
	}
	o.selection.RegisterInputs(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.reset, "reset", false, "replace the links of the given addresses")
	f.StringVar(&o.format, "format", "text", "`text` or json")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	return cmd
}

func run(ctx context.Context, o *options, texts []string) error {
	addresses, err := o.check(texts)
	if err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	links, err := w.Links(ctx, addresses)
	if err != nil {
		return err
	}
	if err := o.agree(ctx, links); err != nil {
		return err
	}
	if err := w.ReadLinks(ctx, links, o.reset); err != nil {
		return err
	}
	return o.show(links)
}

// check refuses what cannot be meant, before anything is asked of the tenant.
func (o *options) check(texts []string) ([]addr.Address, error) {
	if err := workspace.CheckFormat(o.format); err != nil {
		return nil, err
	}
	switch {
	case o.reset && len(texts) == 0:
		return nil, errors.New("--reset needs the addresses whose links are replaced")
	case o.reset && !o.yes && !o.env.InTerminal:
		return nil, errors.New("there is no terminal to ask on; give --yes to reset without being asked")
	}
	var out []addr.Address
	for _, text := range texts {
		a, err := addr.Parse(text)
		if err != nil {
			return nil, fmt.Errorf(`%w; write it as 'member.staff["1042"]', in single quotes`, err)
		}
		out = append(out, a)
	}
	return out, nil
}

// shown is how many are named before the question.
const shown = 20

func (o *options) agree(ctx context.Context, links []workspace.Link) error {
	if !o.reset || o.yes {
		return nil
	}
	for _, l := range links[:min(len(links), shown)] {
		fmt.Fprintf(o.env.Err, "  %s  %s\n", l.Address, view.Line(l.Title))
	}
	if n := len(links) - shown; n > 0 {
		fmt.Fprintf(o.env.Err, "  and %d more\n", n)
	}
	agreed, err := o.env.Person().Agrees(ctx, fmt.Sprintf("\nReset %s, so that the present ones are dead? Only yes is taken as an answer: ", view.Plural(len(links), "link")))
	if err == nil && !agreed {
		err = &cli.Exit{Code: cli.CodeFailed, Err: errors.New("nothing was reset")}
	}
	return err
}

// row is what --format json writes of one (docs/formats.md).
type row struct {
	Address addr.Address `json:"address"`
	Title   string       `json:"title,omitempty"`
	Link    string       `json:"link,omitempty"`
	Error   string       `json:"error,omitempty"`
}

func (o *options) show(links []workspace.Link) error {
	failed := 0
	rows := make([]row, len(links))
	for i, l := range links {
		rows[i] = row{Address: l.Address, Title: l.Title, Link: l.URL}
		if l.Err != nil {
			failed++
			rows[i].Error = l.Err.Error()
		}
	}
	if err := o.write(rows); err != nil {
		return err
	}
	if failed > 0 {
		return &cli.Exit{Code: cli.CodePartly, Err: fmt.Errorf("%s of %d could not be had", view.Plural(failed, "link"), len(links))}
	}
	return nil
}

func (o *options) write(rows []row) error {
	if o.format == "json" {
		enc := json.NewEncoder(o.env.Out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			FormatVersion string `json:"format_version"`
			Links         []row  `json:"links"`
		}{planner.FormatVersion, rows})
	}
	if len(rows) == 0 {
		o.env.Tell("Nobody is permitted to chat with people outside.")
	}
	for _, r := range rows {
		text := r.Link
		switch {
		case r.Error != "":
			text = "failed: " + r.Error
		case text == "":
			text = "none: no permission to chat with people outside"
		}
		if _, err := fmt.Fprintf(o.env.Out, "%s  %s  %s\n", r.Address, view.Line(r.Title), view.Line(text)); err != nil {
			return err
		}
	}
	return nil
}
