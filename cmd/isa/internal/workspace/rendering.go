package workspace

import (
	"bytes"
	"context"
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

const privacyUsage = "ids, names or full: what is shown of people (default "

// Register adds the flags.
func (r *Rendering) Register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.format, "format", formatText, "text, json, markdown or html")
	cmd.Flags().StringVar(&r.privacy, "privacy", "", privacyUsage+"ids in markdown, names in html, else full)")
	cmd.Flags().IntVar(&r.maxBytes, "max-bytes", 0, fmt.Sprintf("cut markdown at this `size` (default %d); what is removed is never cut", view.MarkdownBytes))
}

// RegisterPrivacy adds the flag of what always writes text.
func (r *Rendering) RegisterPrivacy(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.privacy, "privacy", "", privacyUsage+"full)")
}

// Check refuses flags that are not known or do not go together.
func (r *Rendering) Check() error {
	if r.format == "" {
		r.format = formatText
	}
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

// Open is Open that tells the errors of the configuration in the format, and with what is
// shown of people, that was asked for.
func (r *Rendering) Open(ctx context.Context, env *cli.Env, s Selection) (*Workspace, error) {
	level, err := r.level()
	if err != nil {
		return nil, err
	}
	if !r.OwnsOut() && level == privacy.Full {
		return Open(ctx, env, s)
	}
	w, _, list, err := Load(ctx, env, s)
	if err != nil || w != nil {
		return w, err
	}
	if err := r.Show(env, Invalid(env, list), nil); err != nil {
		return nil, err
	}
	return nil, Wrong(list)
}

// Hide takes what is hidden of people in a plan out of everything that env writes from now
// on: what is told while the plan is carried out.
func (r *Rendering) Hide(env *cli.Env, p *planner.Plan) error {
	level, err := r.level()
	if err != nil {
		return err
	}
	scrub := privacy.Scrubber(p, blocks(), level)
	if scrub == nil {
		return nil
	}
	env.Out, env.Err = privacy.Writer(env.Out, scrub), privacy.Writer(env.Err, scrub)
	return nil
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
