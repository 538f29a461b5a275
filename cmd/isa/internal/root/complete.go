package root

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/mail"
)

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// complete teaches a shell what may stand at each place: values of flags as their
// usage lists them, files and directories where usage says so, and addresses of the
// configuration and of the state.
func complete(root *cobra.Command, env *cli.Env) {
	p := proposer{env}
	arguments := p.arguments()
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "isa"), " ")
		if f := arguments[path]; f != nil {
			cmd.ValidArgsFunction = joined(cmd.ValidArgsFunction, f)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if _, has := cmd.GetFlagCompletionFunc(f.Name); has {
				return
			}
			if err := cmd.RegisterFlagCompletionFunc(f.Name, p.flag(f)); err != nil {
				panic(fmt.Sprintf("%s --%s: %v", cmd.CommandPath(), f.Name, err)) // a flag of this command without completion: always taken
			}
		})
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(root)
}

// joined proposes what both do.
func joined(a, b completion) completion {
	if a == nil {
		return b
	}
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		first, how := a(cmd, args, typed)
		first = slices.DeleteFunc(first, func(word string) bool { return !strings.HasPrefix(word, typed) })
		second, more := b(cmd, args, typed)
		return append(first, second...), how | more
	}
}

// proposer proposes addresses of a directory.
type proposer struct{ env *cli.Env }

// arguments are the commands that take addresses, by their path, and which.
func (p proposer) arguments() map[string]completion {
	content := func(a addr.Address) bool { return a.Type == mail.MigrationKind }
	object := func(a addr.Address) bool { return !workspace.SteersContent(a.Type) }
	mails := p.addresses(content, nil, -1)
	return map[string]completion{
		"state show": p.addresses(nil, all, 1), "state rm": p.addresses(nil, all, -1), "state mv": p.addresses(object, all, 2),
		"state list": p.addresses(nil, all, 1), "import": p.addresses(object, nil, 1), "explain": p.addresses(all, all, 1),
		"survey": mails, "sync": mails, "status": mails, "verify": mails, "mail dedupe": mails,
	}
}

func all(addr.Address) bool { return true }

// addresses proposes those of the configuration and of the state that the functions
// choose, nil choosing none, for the first arguments; most < 0: for each.
func (p proposer) addresses(declared, managed func(addr.Address) bool, most int) completion {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		inConfig, inState := workspace.Addresses(ctx, p.env)
		var found []addr.Address
		for _, from := range []struct {
			list   []addr.Address
			choose func(addr.Address) bool
		}{{inConfig, declared}, {inState, managed}} {
			for _, a := range from.list {
				if from.choose != nil && from.choose(a) {
					found = append(found, a)
				}
			}
		}
		slices.SortFunc(found, addr.Compare)
		proposed, more := words(slices.Compact(found), typed)
		if more {
			return proposed, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return proposed, cobra.ShellCompDirectiveNoFileComp
	}
}

// words are the addresses that begin with what is typed. Instances are proposed when
// their block is typed, since there may be thousands; more tells that a block stands for
// its instances.
func words(found []addr.Address, typed string) (out []string, more bool) {
	for _, a := range found {
		text := a.String()
		short := a.Keyed && !strings.HasPrefix(typed, a.Block().String())
		if short {
			text = a.Block().String()
		}
		if strings.HasPrefix(text, typed) && (len(out) == 0 || out[len(out)-1] != text) {
			out, more = append(out, text), more || short
		}
	}
	return out, more
}

// flag proposes values of a flag.
func (p proposer) flag(f *pflag.Flag) completion {
	name, usage := pflag.UnquoteUsage(f)
	switch {
	case f.Name == "target", f.Name == "exclude", f.Name == "below":
		return p.addresses(all, all, -1)
	case f.Name == "wave":
		return p.addresses(func(a addr.Address) bool { return a.Type == mail.WaveKind }, nil, -1)
	case f.Name == "allow":
		return guards
	case name == "directory":
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	case name == "file":
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		}
	}
	return cobra.FixedCompletions(choices(usage), cobra.ShellCompDirectiveNoFileComp)
}

// guards proposes the guards that may be lifted; a count follows.
func guards(_ *cobra.Command, _ []string, typed string) (out []string, how cobra.ShellCompDirective) {
	for _, code := range planner.GuardCodes(workspace.Objects()) {
		if strings.HasPrefix(code, typed) {
			out = append(out, code+"=")
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// listed is how usage lists the values of a flag: "text, json or html", at its
// beginning or behind what they are ("pricing plan: free, lite"), each perhaps with a
// remark in parentheses, which remark finds.
var (
	listed = regexp.MustCompile(`^(?:[^:;]*: )?([a-z_]+(?: \([^)]*\))?(?:(?:, | or )[a-z_]+(?: \([^)]*\))?)+)(?:[:;]|$)`)
	remark = regexp.MustCompile(` \([^)]*\)`)
)

func choices(usage string) []string {
	m := listed.FindStringSubmatch(usage)
	if m == nil {
		return nil
	}
	return strings.Split(strings.ReplaceAll(remark.ReplaceAllString(m[1], ""), " or ", ", "), ", ")
}
