package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/works/calibrate"
)

// findOut is `isa doctor --calibrate`.
func findOut(ctx context.Context, o *options) (err error) {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	once, abort, stop := o.env.Until(ctx, func(n int) {
		if n == 1 {
			o.env.Tell("Stopping: what was made is removed. Ctrl-C again stops that too.")
			return
		}
		o.env.Tell("Stopping now. The next isa doctor --calibrate removes what was made.")
	})
	defer stop()
	w, err := workspace.Open(once, o.env, o.selection)
	if err != nil {
		return err
	}
	session, err := w.Lock(once, "doctor --calibrate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if err := w.SameTenant(session.State()); err != nil {
		return err
	}
	c, err := w.Calibrate()
	if err != nil {
		return err
	}
	if err := o.clear(once, abort, c); err != nil {
		return err
	}
	if err := c.Look(once); err != nil {
		return err
	}
	agreed, err := o.agree(once, c.Where())
	if err != nil {
		return err
	}
	var end outcome
	if agreed {
		end.probes, end.after = c.Try(once, abort)
	}
	end.agreed, end.stopped = agreed, once.Err() != nil
	return o.findings(c, end)
}

// outcome is how a run of the probes ended.
type outcome struct {
	agreed, stopped bool
	probes          error // why not all were made
	after           error // what could not be removed or recorded
}

// clear removes what an earlier run that was cut off left behind.
func (o *options) clear(once, abort context.Context, c *workspace.Calibrating) error {
	n, err := c.Leftovers()
	if err != nil || n == 0 {
		return err
	}
	o.env.Tell(fmt.Sprintf("An earlier run was cut off; %s that it made or was about to make is removed first.", view.Plural(n, "object")))
	if err := c.Clear(abort); err != nil {
		return err
	}
	return once.Err()
}

// agree shows what is made for the probes, and where, and asks; only "yes" is taken.
func (o *options) agree(ctx context.Context, where string) (bool, error) {
	fmt.Fprint(o.env.Err, `Some facts can only be found with objects that are there for it. isa would make, in
`+view.Line(where)+`,
  10 org units below one that stands behind all others, hidden from the org chart
  up to 5 members without invitation, with passwords that nobody knows; each takes a licence meanwhile
  2 hidden groups without messages and mail, and an entry in the list of user types or job grades
all called `+calibrate.Prefix+`…, and remove them again within about two minutes. The members are deleted for good at once;
where the service does not do that, they stay in its deletion period of 7 days and hold their addresses.
Nothing that is there already is changed.
`)
	if o.yes {
		return true, nil
	}
	if !o.env.InTerminal {
		fmt.Fprintln(o.env.Err, "There is no terminal to ask on; give --yes to agree.")
		return false, nil
	}
	return o.env.Person().Agrees(ctx, "\nMake them? Only yes is taken as an answer: ")
}

// findings writes what was found out and says how the command ends.
func (o *options) findings(c *workspace.Calibrating, end outcome) error {
	write := func(c *workspace.Calibrating) error { return o.findingsText(c, end.stopped || end.probes != nil) }
	if o.format == "json" {
		write = func(c *workspace.Calibrating) error { return workspace.WriteJSON(o.env, findingsOf(c)) }
	}
	if err := write(c); err != nil {
		return errors.Join(end.probes, end.after, err)
	}
	for _, name := range c.Strays() {
		fmt.Fprintf(o.env.Err, "Warning: %s looks like an earlier probe's; no record here says so, and it was left alone. Remove it in the admin console, unless another run is under way.\n", view.Line(name))
	}
	n, err := c.Leftovers()
	end.after = errors.Join(end.after, err)
	return end.says(err != nil || n > 0, c.Kept())
}

// says is the command's error. left: something is, or may be, left of what was made;
// kept: what was found is in the calibration.
func (end outcome) says(left, kept bool) error {
	switch failed := errors.Join(end.probes, end.after); {
	case end.stopped:
		text := "interrupted; all that was made is removed"
		if left {
			text = "interrupted; not all that was made is removed: run isa doctor --calibrate again"
		}
		if kept {
			text += "; what was found until then is recorded"
		}
		return &cli.Exit{Code: cli.CodeInterrupted, Err: errors.Join(errors.New(text), end.after)}
	case failed != nil:
		return failed
	case !end.agreed:
		return workspace.Partly("not agreed; nothing was made, and what reading alone tells is recorded")
	}
	return nil
}

// state is how a fact stands to what the reference infers.
func state(r workspace.Calibrated) string {
	switch {
	case r.Value == "":
		return "open"
	case r.Inferred == "":
		return "measured"
	case r.Value == r.Inferred:
		return "as_inferred"
	}
	return "otherwise"
}

// findingsText writes what was found out, and where nothing was the reason, unless the
// run was cut short.
func (o *options) findingsText(c *workspace.Calibrating, short bool) error {
	n := map[string]int{}
	word := map[string]string{"open": "not found  ", "as_inferred": "as inferred", "otherwise": "otherwise  ", "measured": "measured   "}
	for _, r := range c.Results() {
		s := state(r)
		n[s]++
		if short && s == "open" {
			continue
		}
		line := word[s] + "  " + r.Name
		if r.Value != "" {
			line += ": " + r.Value
		}
		if s == "otherwise" {
			line += " (the reference infers " + r.Inferred + ")"
		}
		if err := workspace.Print(o.env, line, "             "+view.Line(r.How+r.Why)); err != nil {
			return err
		}
	}
	where := calibration.File + " holds what was found."
	if !c.Kept() {
		where = "Nothing of it was written into " + calibration.File + "."
	}
	return workspace.Print(o.env, "", fmt.Sprintf("%d as inferred, %d otherwise, %d measured, %d not found. %s",
		n["as_inferred"], n["otherwise"], n["measured"], n["open"], where))
}

// findingsDocument is what --calibrate --format json writes (docs/formats.md).
type findingsDocument struct {
	FormatVersion string    `json:"format_version"`
	Facts         []finding `json:"facts"`
	Strays        []string  `json:"strays"`
}

type finding struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Value    string `json:"value,omitempty"`
	Inferred string `json:"inferred,omitempty"`
	How      string `json:"how,omitempty"`
	Why      string `json:"why,omitempty"`
}

func findingsOf(c *workspace.Calibrating) findingsDocument {
	d := findingsDocument{FormatVersion: workspace.ReportVersion, Facts: []finding{}, Strays: append([]string{}, c.Strays()...)}
	for _, r := range c.Results() {
		d.Facts = append(d.Facts, finding{Name: r.Name, State: state(r), Value: r.Value, Inferred: r.Inferred, How: r.How, Why: r.Why})
	}
	return d
}
