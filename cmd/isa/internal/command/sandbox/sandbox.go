// Package sandbox is `isa sandbox`: a local tenant to rehearse on.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/works/sandbox"
)

type options struct {
	env       *cli.Env
	listen    string
	data      string
	seed      int
	seedValue uint64
	speed     float64
	limits    string
	faults    string
	switches  []string
	like      string // file of a calibration
	plan      string
	sso       bool
	domains   []string
	features  string
	log       bool
	printEnv  bool
	envFile   string
	imap      string
	imapTLS   bool
	command   []string // to run with the tenant; none: until Ctrl-C
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "sandbox [flags] [-- COMMAND...]", Short: "Run a local tenant to rehearse on", Args: cobra.ArbitraryArgs,
		Long: "Run a local tenant to rehearse on. Its page shows the org chart and the requests.\n\n" +
			"With a command, the tenant lives as long as the command, which finds it by its environment:\n\n" +
			"  isa sandbox -- bash                   a shell in which isa works on the tenant\n" +
			"  isa sandbox --data DIR -- isa plan    one command; DIR keeps the tenant\n\n" +
			"Without one, it runs until Ctrl-C. In another terminal, as soon as it says where it is:\n\n" +
			"  isa sandbox --env-file sandbox.env\n  . ./sandbox.env && isa plan           (there)\n\n" +
			"Each new tenant has a name of its own, which is part of its address, and isa refuses the state of\n" +
			"another one. To go on later, keep the tenant with --data DIR. To start over, delete the state\n" +
			"(isa.state.json) and, with --data, DIR.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("unknown command %q for %q; a command to run in the sandbox stands behind --", args[0], cmd.CommandPath())
			}
			o.command = args
			return run(cmd.Context(), o)
		},
	}
	cmd.DisableFlagsInUseLine = true
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to listen on")
	f.StringVar(&o.data, "data", "", "`directory` that keeps the tenant; without it, it is gone at the end")
	f.IntVar(&o.seed, "seed", 0, "begin with a company of this `number` of members")
	f.Uint64Var(&o.seedValue, "seed-value", 0, "another `number` makes another company, other IDs and other faults")
	f.Float64Var(&o.speed, "speed", 1, "time runs this many times faster")
	f.StringVar(&o.limits, "limits", "on", "on or off: calls a minute and the pace of org-unit writes")
	f.StringVar(&o.faults, "faults", "", "faults to make, e.g. 429=2%,500=1%,drop-response=1%,slow=5%:2s")
	f.StringArrayVar(&o.switches, "switch", nil, "a behaviour nobody has confirmed, as `name=value` (docs/sandbox.md); may be repeated")
	f.StringVar(&o.like, "calibration", "", "behave as the tenant of which isa doctor --calibrate wrote this `file`; --switch goes before it")
	f.StringVar(&o.plan, "plan", "standard_plus", "pricing plan of the tenant: free, lite, standard, standard_plus, trial")
	f.BoolVar(&o.sso, "sso", false, "members sign in elsewhere: in use as soon as they are created")
	f.StringArrayVar(&o.domains, "domain", nil, "a company, as `name=ID`; the first is the tenant's own (default acme.co.kr=10000001); may be repeated")
	f.StringVar(&o.features, "features", "on", "on or off: whether a new tenant has job grades, positions and user types switched on")
	f.StringVar(&o.imap, "imap", "127.0.0.1:0", "`address` of the members' mailboxes, or off")
	f.BoolVar(&o.imapTLS, "imap-tls", false, "mailboxes with implicit TLS and a certificate of the sandbox's own")
	f.BoolVar(&o.log, "log", false, "tell each request on stderr")
	f.BoolVar(&o.printEnv, "env", false, "print the variables that a client needs, as shell exports")
	f.StringVar(&o.envFile, "env-file", "", "write them to this `file` instead, as soon as the sandbox listens")
	cmd.AddCommand(newSignIn(env), newAppPassword(env))
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := o.checkEnvFile(); err != nil {
		return err
	}
	opts, like, err := o.server()
	if err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil) // before anyone is told that it runs
	defer stop()
	server, err := sandbox.New(opts)
	if err != nil {
		return err
	}
	if err := o.dropEnvFile(); err != nil {
		return errors.Join(err, server.Close())
	}
	base, err := server.Start(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	vars := server.Env()
	if like != "" || o.env.Get(workspace.CalibrationVariable) != "" { // that of a sandbox around this one does not count
		vars[workspace.CalibrationVariable] = like
	}
	if err := o.tellClient(Exports(vars)); err != nil {
		return errors.Join(err, server.Close())
	}
	if len(o.command) > 0 {
		fmt.Fprintf(o.env.Err, "The sandbox is at %s (look at it with a browser) until %s ends.\n", base, view.Line(o.command[0]))
		return errors.Join(o.runCommand(vars), server.Close())
	}
	fmt.Fprintf(o.env.Err, "The sandbox is at %s (look at it with a browser); Ctrl-C ends it.\n", base)
	<-ctx.Done()
	if err := server.Close(); err != nil {
		return err
	}
	fmt.Fprintln(o.env.Err, "The sandbox has ended.")
	return nil
}

// checkEnvFile refuses to write the variables over a file that holds something else.
func (o *options) checkEnvFile() error {
	if o.envFile == "" {
		return nil
	}
	return o.env.Replaceable(o.envFile, "--env-file", "a file of a sandbox's variables", func(r io.ReaderAt, _ int64) bool {
		head := make([]byte, len(firstExport))
		_, err := r.ReadAt(head, 0)
		return err == nil && string(head) == firstExport
	})
}

// dropEnvFile takes an old file away before the sandbox listens: who waits for the
// file must not read the variables of a sandbox that has ended.
func (o *options) dropEnvFile() error {
	if o.envFile == "" {
		return nil
	}
	if err := os.Remove(o.env.Path(o.envFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--env-file %s: %w", o.envFile, err)
	}
	return nil
}

// firstExport is how a file with a sandbox's variables begins.
const firstExport = "export ISA_API_BASE='"

// tellClient prints the variables of a client, or writes them to a file that only
// its owner may read: they hold the sandbox's key.
func (o *options) tellClient(exports string) error {
	if o.envFile != "" {
		if err := atomicfile.Write(o.env.Path(o.envFile), 0o600, []byte(exports)); err != nil {
			return err
		}
	}
	if !o.printEnv {
		return nil
	}
	_, err := fmt.Fprint(o.env.Out, exports)
	return err
}

// server returns how the sandbox is to be, and the tenant that it behaves as, "" for
// none.
func (o *options) server() (opts sandbox.Options, like string, err error) {
	opts = sandbox.Options{
		Listen: o.listen, Seed: o.seed, SeedValue: o.seedValue, Speed: o.speed, Faults: o.faults,
		Plan: o.plan, SSO: o.sso, IMAP: o.imap, IMAPTLS: o.imapTLS,
	}
	if opts.Limits, err = onOff("--limits", o.limits); err != nil {
		return opts, "", err
	}
	if opts.Features, err = onOff("--features", o.features); err != nil {
		return opts, "", err
	}
	if o.speed <= 0 {
		return opts, "", fmt.Errorf("--speed %v is not above 0", o.speed)
	}
	if o.data != "" {
		opts.Dir = o.env.Path(o.data)
		if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
			return opts, "", err
		}
	}
	if o.log {
		opts.Log = o.env.Err
	}
	if opts.Switches, err = sandbox.ParseSwitches(o.switches); err != nil {
		return opts, "", err
	}
	if like, err = o.imitate(opts.Switches); err != nil {
		return opts, "", err
	}
	for _, d := range o.domains {
		name, id, ok := strings.Cut(d, "=")
		n, err := strconv.Atoi(id)
		if !ok || err != nil {
			return opts, "", fmt.Errorf("--domain %q is not name=ID; write it as --domain acme.co.kr=10000001", d)
		}
		opts.Domains = append(opts.Domains, sandbox.Domain{ID: n, Name: name})
	}
	return opts, like, nil
}

// imitate sets the switches that were not given as a calibration says, and returns its
// tenant, "" without one. Facts that no switch stands for change nothing.
func (o *options) imitate(switches sandbox.Switches) (tenant string, err error) {
	if o.like == "" {
		return "", nil
	}
	c, err := calibration.Read(o.env.Path(o.like), workspace.Subjects())
	if err != nil {
		return "", fmt.Errorf("--calibration: %w", err)
	}
	found := c.Values()
	for _, s := range sandbox.Catalogue() {
		if _, given := switches[s.Name]; !given && found[s.Name] != "" {
			switches[s.Name] = found[s.Name]
		}
	}
	return c.Tenant(), nil
}

func onOff(flag, text string) (bool, error) {
	if text != "on" && text != "off" {
		return false, fmt.Errorf("%s %q is not known; use on or off", flag, text)
	}
	return text == "on", nil
}

// Exports writes variables for a POSIX shell, sorted by name.
func Exports(env map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(env[name], "'", `'\''`))
	}
	return b.String()
}
