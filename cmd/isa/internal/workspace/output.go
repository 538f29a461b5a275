package workspace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/privacy"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state/backend/local"
)

// CheckFormat refuses a --format that is none of those known; without any, these are
// text and json.
func CheckFormat(format string, known ...string) error {
	if len(known) == 0 {
		known = []string{formatText, formatJSON}
	}
	if slices.Contains(known, format) {
		return nil
	}
	last := len(known) - 1
	return fmt.Errorf("--format %q is not known; use %s or %s", format, strings.Join(known[:last], ", "), known[last])
}

// document is what --format json writes (docs/formats.md).
type document struct {
	*planner.Plan
	Errored bool          `json:"errored"`
	Privacy privacy.Level `json:"privacy,omitempty"` // "": nothing is hidden
}

// writeJSON writes a plan without the digests of rows, which only the state needs: who
// knows somebody could look whether a row about them is there.
func writeJSON(env *cli.Env, p *planner.Plan, level privacy.Level) error {
	out := *p
	out.Tables = slices.Clone(p.Tables)
	for i := range out.Tables {
		out.Tables[i].Digest = ""
	}
	if level == privacy.Full {
		level = ""
	}
	enc := json.NewEncoder(env.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(document{&out, p.Diagnostics.HasErrors(), level})
}

// Invalid is the plan that cannot be made from a configuration with errors: nothing
// but these.
func Invalid(env *cli.Env, list diag.List) *planner.Plan {
	return &planner.Plan{
		FormatVersion: planner.FormatVersion, Tool: Version, Created: env.Now(), Changes: []planner.Change{}, Drift: []planner.Drift{},
		Content: []planner.Content{}, Headroom: []planner.GuardUse{}, Diagnostics: list,
		Cost: planner.Cost{Requests: map[string]int{}},
	}
}

// Refusal is how a command ends that made a plan with errors; nil when it has
// none. Guards alone have an exit code of their own.
func Refusal(p *planner.Plan) error {
	if !p.Diagnostics.HasErrors() {
		return nil
	}
	code := cli.CodeFailed
	if planner.Guarded(p.Diagnostics) {
		code = cli.CodeRefused
	}
	return &cli.Exit{Code: code, Err: errors.New(view.DiagnosticCount(p.Diagnostics) + "; nothing was changed")}
}

// ReadPlan reads a saved plan.
func ReadPlan(env *cli.Env, path string) (plan *planner.Plan, err error) {
	f, err := os.Open(env.Path(path))
	if err != nil {
		return nil, fmt.Errorf("saved plan: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("saved plan: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("saved plan %s is not a file", path)
	}
	plan, err = planner.Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plan, nil
}

// planMode is the mode of saved plans: they hold personal data.
const planMode = 0o600

// encoded is a plan as it is saved.
func encoded(p *planner.Plan) ([]byte, error) {
	var b bytes.Buffer
	if err := planner.Write(&b, p); err != nil {
		return nil, fmt.Errorf("saving the plan: %w", err)
	}
	return b.Bytes(), nil
}

// CheckOut refuses to save a plan over a file that is none.
func CheckOut(env *cli.Env, path string) error {
	return env.Replaceable(path, "--out", "a plan of isa", planner.IsSaved)
}

// CheckOut refuses to save a plan where the state is, or will be.
func (w *Workspace) CheckOut(path string) error {
	out, err := filepath.Abs(w.env.Path(path))
	if err != nil {
		return err
	}
	for _, file := range append(local.Files(w.statePath), w.LedgerPath(), w.LedgerPath()+".lock", w.progressPath()) {
		if own, err := filepath.Abs(file); err == nil && own == out {
			return fmt.Errorf("--out %s is a file of the state; name another one", path)
		}
	}
	return nil
}

// SavePlan writes a plan to a file that only its owner may read, and over nothing
// but a plan.
func SavePlan(env *cli.Env, p *planner.Plan, path string) error {
	if err := CheckOut(env, path); err != nil {
		return err
	}
	data, err := encoded(p)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(env.Path(path), planMode, data); err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	return nil
}
