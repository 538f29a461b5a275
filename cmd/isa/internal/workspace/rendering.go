package workspace

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/privacy"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

// The formats of plans.
const (
	formatText     = "text"
	formatJSON     = "json"
	formatMarkdown = "markdown"
	formatHTML     = "html"
)

// leastBytes is the least that --max-bytes takes: headings and counts have to fit.
const leastBytes = 4096

// Rendering is how a plan is to be shown, as the flags say.
type Rendering struct {
	format   string
	privacy  string // "" as the format wants
	maxBytes int    // 0: as the format wants
}

// Register adds the flags.
func (r *Rendering) Register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.format, "format", formatText, "text, json, markdown or html")
	cmd.Flags().StringVar(&r.privacy, "privacy", "", "ids, names or full: what is shown of people (default ids in markdown, names in html, else full)")
	cmd.Flags().IntVar(&r.maxBytes, "max-bytes", 0, fmt.Sprintf("cut markdown at this `size` (default %d); what is removed is never cut", view.MarkdownBytes))
}

// Check refuses flags that are not known or do not go together.
func (r *Rendering) Check() error {
	formats := []string{formatText, formatJSON, formatMarkdown, formatHTML}
	if err := CheckFormat(r.format, formats...); err != nil {
		return err
	}
	switch {
	case r.maxBytes != 0 && r.format != formatMarkdown:
		return fmt.Errorf("--max-bytes cuts markdown only; --format is %s", r.format)
	case r.maxBytes != 0 && r.maxBytes < leastBytes:
		return fmt.Errorf("--max-bytes %d is too little for a plan; give at least %d", r.maxBytes, leastBytes)
	}
	_, err := r.level()
	return err
}

// level is how much of people is shown.
func (r *Rendering) level() (privacy.Level, error) {
	if r.privacy != "" {
		return privacy.Parse(r.privacy)
	}
	switch r.format {
	case formatMarkdown:
		return privacy.IDs, nil
	case formatHTML:
		return privacy.Names, nil
	}
	return privacy.Full, nil
}

// OwnsOut reports whether everything is told in the one document on Out, errors of
// the configuration too.
func (r *Rendering) OwnsOut() bool { return r.format != formatText }

// Show writes a plan on Out; as text its errors on Err. sources are the texts of the
// configuration's files.
func (r *Rendering) Show(env *cli.Env, p *planner.Plan, sources map[string][]byte) error {
	level, err := r.level()
	if err != nil {
		return err
	}
	p = privacy.Plan(p, blocks(), level)
	switch r.format {
	case formatJSON:
		return writeJSON(env, p, level)
	case formatMarkdown:
		return r.markdown(env, p)
	case formatHTML:
		return view.HTML(env.Out, p)
	}
	if level != privacy.Full {
		sources = nil // they are quoted below errors
	}
	return ShowPlan(env, p, sources)
}

func (r *Rendering) markdown(env *cli.Env, p *planner.Plan) error {
	limit := r.maxBytes
	if limit == 0 {
		limit = view.MarkdownBytes
	}
	var b bytes.Buffer
	whole, err := view.Markdown(&b, p, limit)
	if err != nil {
		return err
	}
	if b.Len() > limit {
		env.Tell(fmt.Sprintf("The plan takes %s bytes of markdown, more than %s: what is removed is never cut. Where a comment takes less, link to --format html instead.", view.Number(b.Len()), view.Number(limit)))
	} else if !whole {
		env.Tell(fmt.Sprintf("The markdown was cut at %s bytes; --format html has everything.", view.Number(limit)))
	}
	_, err = env.Out.Write(b.Bytes())
	return err
}

// ShowPlan writes a plan as text with all that is in it on Out, and its errors on Err.
func ShowPlan(env *cli.Env, p *planner.Plan, sources map[string][]byte) error {
	if err := view.Plan(env.Out, p, env.OutStyle()); err != nil {
		return err
	}
	var errs diag.List
	for _, d := range p.Diagnostics {
		if d.Severity == diag.Error {
			errs = append(errs, d)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(env.Out); err != nil {
		return err
	}
	return view.Diagnostics(env.Err, errs, sources, env.ErrStyle())
}

// Shown is diagnostics as they may be shown at a level.
func Shown(list diag.List, level privacy.Level) diag.List {
	return privacy.Diagnostics(list, blocks(), level)
}
