package workspace

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
)

// Selection is what plan and apply share: the part of the configuration that is
// planned, and values for it.
type Selection struct {
	Vars    []string // name=value
	AsOf    string   // YYYY-MM-DD
	Targets []string // addresses
	Exclude []string
	Allow   []string  // CODE=COUNT
	Waves   []string  // of content: names or addresses
	Content []string  // addresses that commands about content name
	Import  *Imported // by isa import; nil: nothing
	Deep    bool      // read what no list gives, however many calls that takes
	State   bool      // Workspace.State is going to be asked for: read it beside the configuration

	streams, phases map[addr.Address]bool // of a saved plan; nil: none
}

// Imported is the object that isa import takes over.
type Imported struct {
	To addr.Address
	ID string
}

// RegisterInputs adds the flags that say how the configuration is read.
func (s *Selection) RegisterInputs(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.Vars, "var", nil, "value of a variable, as `name=value`; may be repeated")
	cmd.Flags().StringVar(&s.AsOf, "as-of", "", "the `date` (YYYY-MM-DD) that as_of() gives, to plan appointments ahead")
}

// Register adds all flags of the selection.
func (s *Selection) Register(cmd *cobra.Command) {
	s.RegisterInputs(cmd)
	cmd.Flags().StringArrayVar(&s.Targets, "target", nil, "plan only this `address` and what it needs; may be repeated")
	cmd.Flags().StringArrayVar(&s.Exclude, "exclude", nil, "leave this `address` out; may be repeated")
	cmd.Flags().BoolVar(&s.Deep, "deep", false, "read what no list gives, however many calls that takes")
	s.RegisterAllow(cmd)
}

// RegisterAllow adds the flag that lifts guards.
func (s *Selection) RegisterAllow(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.Allow, "allow", nil, "lift one guard for this plan, for at most that many, as `CODE=COUNT`; may be repeated")
}

// selected is a Selection that was read.
type selected struct {
	vars             map[string]string
	targets, exclude []addr.Address
	allow            map[string]int
	imports          []schema.Import
	waves            []string
	content          []addr.Address
	streams, phases  map[addr.Address]bool
	deep             bool
}

func (s Selection) read() (selected, error) {
	var out selected
	var err error
	if out.vars, err = s.readVars(); err != nil {
		return out, err
	}
	if s.AsOf != "" {
		if _, err := time.Parse(time.DateOnly, s.AsOf); err != nil {
			return out, fmt.Errorf("--as-of %q is not a date; write it as 2026-03-01", s.AsOf)
		}
	}
	if out.targets, err = addresses("--target", s.Targets); err != nil {
		return out, err
	}
	if out.exclude, err = addresses("--exclude", s.Exclude); err != nil {
		return out, err
	}
	if out.content, err = addresses("mail", s.Content); err != nil {
		return out, err
	}
	if s.Import != nil {
		out.imports = []schema.Import{{To: s.Import.To, ID: s.Import.ID, ByHand: true}}
		out.targets = []addr.Address{s.Import.To}
	}
	out.waves, out.streams, out.phases, out.deep = s.Waves, s.streams, s.phases, s.Deep
	out.allow, err = s.readAllow()
	return out, err
}

// flags are those that a plan of a part, or with values, was made with. The values are not
// told: a variable may be personal.
func (s selected) flags() []string {
	var out []string
	for _, f := range []struct {
		name  string
		given int
	}{{"--target", len(s.targets)}, {"--exclude", len(s.exclude)}, {"--wave", len(s.waves)}, {"--var", len(s.vars)}} {
		if f.given > 0 {
			out = append(out, f.name)
		}
	}
	return out
}

func (s Selection) readVars() (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range s.Vars {
		name, text, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--var %q has no value; write it as --var name=value", name)
		}
		if _, twice := vars[name]; twice {
			return nil, fmt.Errorf("--var %s is given twice; give it once", name)
		}
		vars[name] = text
	}
	return vars, nil
}

func addresses(flag string, texts []string) ([]addr.Address, error) {
	var out []addr.Address
	for _, t := range texts {
		a, err := addr.Parse(t)
		if err != nil {
			return nil, fmt.Errorf(`%s: %w; write it as member.staff["1042"] or org_unit.hq`, flag, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func (s Selection) readAllow() (map[string]int, error) {
	allow := map[string]int{}
	for _, a := range s.Allow {
		code, count, ok := strings.Cut(a, "=")
		n, err := strconv.Atoi(count)
		if !ok || err != nil || n < 1 || code == "" {
			return nil, fmt.Errorf("--allow %q is not CODE=COUNT; write it as --allow member.removal=12", a)
		}
		code = strings.TrimPrefix(code, "guard.")
		if _, twice := allow[code]; twice {
			return nil, fmt.Errorf("--allow %s is given twice; give it once with the whole count", code)
		}
		allow[code] = n
	}
	return allow, nil
}
