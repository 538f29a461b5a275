// Package initial is `isa init`: a starting configuration, a .gitignore and a CI
// workflow, made from what is there and from a few answers.
package initial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
)

type options struct {
	env       *cli.Env
	dir       string // as given; "" = the configuration's
	domain    string
	domainID  int
	plan      string
	table     string
	worksheet string
	units     string
	posts     string
	ci        string
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "init [DIRECTORY]", Short: "Write a starting configuration, .gitignore and CI workflow", Args: cobra.MaximumNArgs(1),
		Long: "Write a starting configuration, a .gitignore that covers state, ledger, tables and hand-outs, and\n" +
			"a CI workflow that plans pull requests. Tables of the personnel department that lie in the\n" +
			"directory, or one below, are read, and their columns (사번, 성명, 아이디, 부서코드 …) put where they\n" +
			"belong. What cannot be found out is asked, or given by flags:\n\n" +
			"  isa init --domain acme.co.kr --domain-id 10000001 --plan standard --table hr/staff.xlsx\n\n" +
			"Nothing that is there is written over. The domain ID is in the Developer Console.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.dir = args[0]
			}
			return run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.domain, "domain", "", "mail `domain` of the tenant; on plans without mail its group name")
	f.IntVar(&o.domainID, "domain-id", 0, "the domain's `number` in the Developer Console")
	f.StringVar(&o.plan, "plan", "", "pricing plan of the tenant: "+strings.Join(plans(), ", "))
	f.StringVar(&o.table, "table", "", "the `file` with a row for each person, or none")
	f.StringVar(&o.worksheet, "sheet", "", "worksheet `name` of --table; without it the first one")
	f.StringVar(&o.units, "units", "", "the `file` with a row for each org unit, or none")
	f.StringVar(&o.posts, "posts", "", "the `file` with a row for each post of a person (겸직), or none")
	f.StringVar(&o.ci, "ci", "", "github, gitlab or none: the service whose workflow is written; without it as the git remote says")
	return cmd
}

func plans() []string { return []string{"free", "lite", "standard", "standard_plus", "trial"} }

func run(ctx context.Context, o *options) error {
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	if o.dir == "" {
		o.dir = o.env.ConfigDir()
	} else {
		o.dir = o.env.Path(o.dir)
	}
	if err := o.check(); err != nil {
		return err
	}
	if err := refuseExisting(o.dir); err != nil {
		return err
	}
	c := &company{domain: strings.ToLower(o.domain), domainID: o.domainID, plan: o.plan, today: o.env.Now().In(time.FixedZone("KST", 9*60*60)).Format(time.DateOnly)}
	if err := o.findTables(ctx, c); err != nil {
		return err
	}
	if err := o.ask(ctx, c); err != nil {
		return err
	}
	files, err := o.files(c)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	written, err := writeAll(o.dir, files)
	if err != nil {
		return err
	}
	return o.report(ctx, c, written)
}

// check refuses what is wrong with the flags before anybody is asked anything.
func (o *options) check() error {
	if o.plan != "" && !slices.Contains(plans(), o.plan) {
		return fmt.Errorf("--plan %q is not known; use %s", o.plan, strings.Join(plans(), ", "))
	}
	if !slices.Contains([]string{"", "github", "gitlab", "none"}, o.ci) {
		return fmt.Errorf("--ci %q is not known; use github, gitlab or none", o.ci)
	}
	if o.domainID < 0 {
		return fmt.Errorf("--domain-id %d is not a domain's number; it is in the Developer Console", o.domainID)
	}
	if o.domain != "" {
		if why := noDomain(o.domain); why != "" {
			return fmt.Errorf("--domain %q %s", o.domain, why)
		}
	}
	return nil
}

// noDomain says why a text is neither a mail domain nor a group name; "" when it is one.
func noDomain(text string) string {
	if strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || strings.Trim(text, ".-") != text {
		return "is not a domain; write it as acme.co.kr"
	}
	return ""
}

// refuseExisting refuses a directory that has a configuration.
func refuseExisting(dir string) error {
	found, err := filepath.Glob(filepath.Join(escaped(dir), "*.hcl"))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return fmt.Errorf("there is a configuration in %s already (%s), and nothing of it is written over; name another directory: isa init DIRECTORY", dir, strings.Join(found, ", "))
}

// escaped is a path for a pattern of filepath.Glob.
func escaped(path string) string {
	if filepath.Separator == '\\' {
		return path // there is no escaping on Windows
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// findTables reads the tables that flags name or that lie in the directory.
func (o *options) findTables(ctx context.Context, c *company) error {
	found, passed, err := look(ctx, o.dir)
	if err != nil {
		return err
	}
	for _, why := range passed {
		fmt.Fprintln(o.env.Err, view.Line(why))
	}
	for _, t := range found {
		c.tables = append(c.tables, t.path)
	}
	for _, t := range []struct {
		flag, file, worksheet string
		role                  role
		to                    **table
	}{{"--table", o.table, o.worksheet, people, &c.people}, {"--units", o.units, "", units, &c.units}, {"--posts", o.posts, "", posts, &c.posts}} {
		switch there := of(found, t.role); {
		case t.file == "none":
		case t.file != "":
			if *t.to, err = named(ctx, o.dir, t.flag, t.file, t.worksheet, t.role); err != nil {
				return err
			}
			if !slices.Contains(c.tables, (*t.to).path) {
				c.tables = append(c.tables, (*t.to).path)
			}
		case len(there) == 1:
			*t.to = there[0]
		case len(there) > 1:
			var names []string
			for _, f := range there {
				names = append(names, f.path)
			}
			return fmt.Errorf("these tables could all be meant: %s; name one with %s FILE, or %s none", strings.Join(names, ", "), t.flag, t.flag)
		}
	}
	if c.people == nil {
		if c.units != nil || c.posts != nil {
			fmt.Fprintln(o.env.Err, "There is no table of people, so the other tables are left alone; name it with --table FILE.")
		}
		c.units, c.posts = nil, nil
	} else if c.people.repeated(c.key()) || !c.has(number) {
		c.posts = nil // the people's own rows are the posts
	}
	return nil
}

// ask asks what is missing, or says by which flags to give it when nobody can answer.
func (o *options) ask(ctx context.Context, c *company) error {
	var lacking []string
	for _, f := range []struct {
		flag  string
		given bool
	}{{"--domain", c.domain != ""}, {"--domain-id", c.domainID != 0}, {"--plan", c.plan != ""}} {
		if !f.given {
			lacking = append(lacking, f.flag)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	if !o.env.InTerminal {
		return fmt.Errorf("isa init needs %s: nobody is at a terminal to be asked; give all of them, for example: isa init --domain acme.co.kr --domain-id 10000001 --plan standard", strings.Join(lacking, ", "))
	}
	p := o.env.Person()
	if c.domain == "" {
		guess := guessDomain(c)
		if err := o.question(ctx, p, "Mail domain of the tenant, such as acme.co.kr", guess, func(text string) string {
			c.domain = strings.ToLower(text)
			return noDomain(text)
		}); err != nil {
			return err
		}
	}
	if c.domainID == 0 {
		if err := o.question(ctx, p, "Domain ID, a number in the Developer Console (10000001 in a sandbox)", "", func(text string) string {
			n, err := strconv.Atoi(text)
			c.domainID = n
			if err != nil || n < 1 {
				return "is not a number"
			}
			return ""
		}); err != nil {
			return err
		}
	}
	if c.plan == "" {
		return o.question(ctx, p, "Pricing plan: "+strings.Join(plans(), ", "), "standard", func(text string) string {
			c.plan = text
			if !slices.Contains(plans(), text) {
				return "is none of them"
			}
			return ""
		})
	}
	return nil
}

// question asks until take has nothing against the answer. An empty answer is the guess.
func (o *options) question(ctx context.Context, p *cli.Person, text, guess string, take func(string) string) error {
	if guess != "" {
		text += " [" + guess + "]"
	}
	for {
		answer, err := p.Answer(ctx, text+": ")
		if err != nil {
			return fmt.Errorf("not answered, nothing was written: %w", err)
		}
		if answer == "" {
			answer = guess
		}
		if answer == "" {
			continue
		}
		why := take(answer)
		if why == "" {
			return nil
		}
		fmt.Fprintf(o.env.Err, "%q %s.\n", answer, why)
	}
}

// guessDomain is the domain that most work addresses have, "" when there are none.
func guessDomain(c *company) string {
	best, count := "", map[string]int{}
	for _, f := range []field{workMail, login} {
		if !c.has(f) {
			continue
		}
		texts, _ := c.people.values(f)
		for _, text := range texts {
			if _, domain, ok := strings.Cut(strings.ToLower(text), "@"); ok && noDomain(domain) == "" {
				if count[domain]++; count[domain] > count[best] {
					best = domain
				}
			}
		}
	}
	return best
}

// report tells what was written, how the columns were understood, whether it is valid,
// and what comes next.
func (o *options) report(ctx context.Context, c *company, written []string) error {
	say := func(format string, args ...any) error {
		_, err := fmt.Fprintf(o.env.Out, format+"\n", args...)
		return err
	}
	var errs []error
	for _, line := range written {
		errs = append(errs, say("%s", line))
	}
	for _, line := range understood(c) {
		errs = append(errs, say("%s", line))
	}
	inner := *o.env
	inner.Dir = o.dir
	_, cfg, list, err := workspace.Load(ctx, &inner, workspace.Selection{})
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	if list.HasErrors() {
		errs = append(errs, say("\nThe tables are not as the service wants them: %s. isa validate tells each with its cell.", view.DiagnosticCount(list)))
	} else {
		errs = append(errs, say("\nThe configuration is valid: %s.", workspace.Declared(cfg)))
	}
	return errors.Join(append(errs, say("%s", o.next(c, invited(cfg))))...)
}

// invited is how many people the first apply may invite.
func invited(cfg *config.Config) int {
	n := 0
	if cfg == nil {
		return n
	}
	for _, in := range cfg.Objects {
		if in.Kind.Type == directory.Member && in.Attrs["private_email"] != nil {
			n++
		}
	}
	return n
}

// next tells what comes next.
func (o *options) next(c *company, invited int) string {
	at, allow, why := "", "", ""
	if o.dir != "." && o.dir != "" {
		at = " --chdir " + shellWord(o.dir)
	}
	if invited > planner.InvitationLimit {
		allow = fmt.Sprintf(" --allow member.invitation=%d", invited)
		why = fmt.Sprintf("\n  --allow lets this plan invite %d people at once; without it a guard stops above %d", invited, planner.InvitationLimit)
	}
	return fmt.Sprintf("\nNext:\n"+
		"  isa%[1]s validate\n      checks the files and the tables\n"+
		"  isa sandbox --plan %[3]s --domain %[4]s=%[5]d -- isa%[1]s plan%[2]s\n      a rehearsal on a local tenant\n"+
		"  isa%[1]s graph --out org.svg\n      the org chart, for a browser\n"+
		"  isa%[1]s plan%[2]s\n      the tenant itself, once the variables are set that tenant.hcl reads; it changes nothing%[6]s",
		at, allow, c.plan, c.domain, c.domainID, why)
}

// shellWord is a text as one word of a command line.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-+=./:,@%", r) || r == filepath.Separator
	}
	switch {
	case strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0:
		return text
	case filepath.Separator == '\\':
		return `"` + text + `"` // no name has a quote there
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// exists reports whether there is something at a path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
