package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/view"
)

type appPasswordOptions struct {
	control
	user   string
	all    bool
	signIn bool
	renew  bool
	out    string
}

func newAppPassword(env *cli.Env) *cobra.Command {
	o := &appPasswordOptions{control: control{env: env}}
	cmd := &cobra.Command{
		Use: "app-password LOGIN | --all", Short: "Make an app password for a mail program, as a member of a running sandbox does",
		Long: "Make an app password for a mail program, as a member of a running sandbox does after signing in, and\n" +
			"print it: it is shown once. A member has five at most.\n\n" +
			"With --all, make one for every member in use and write a table of login and password, which\n" +
			"secret_table(\"FILE\", LOGIN) reads.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.all == (len(args) == 1):
				return errors.New("name one member, or all with --all")
			case !o.all && (o.out != "" || o.signIn):
				return errors.New("--out and --sign-in go with --all")
			case o.all:
				return o.makeAll(cmd.Context())
			}
			o.user = args[0]
			return o.make(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.url, "url", "", "`URL` of the sandbox; by default that of ISA_API_BASE")
	f.BoolVar(&o.all, "all", false, "for every member in use")
	f.BoolVar(&o.signIn, "sign-in", false, "with --all: let everybody sign in first who has not yet")
	f.BoolVar(&o.renew, "renew", false, "take back the older ones first")
	f.StringVar(&o.out, "out", "", "with --all: write the table to this `file`, which only its owner may read, instead of stdout")
	return cmd
}

func yes(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

func (o *appPasswordOptions) make(ctx context.Context) error {
	answer, err := o.post(ctx, "app-password", url.Values{"user": {o.user}, "renew": {yes(o.renew)}})
	if err != nil {
		return err
	}
	var made struct {
		Password string `json:"password"`
	}
	if err := json.Unmarshal(answer.body, &made); err != nil || made.Password == "" {
		return errors.New("the sandbox's answer holds no app password; is it of another version?")
	}
	_, err = fmt.Fprintln(o.env.Out, view.Line(made.Password))
	return err
}

func (o *appPasswordOptions) makeAll(ctx context.Context) error {
	if o.out != "" {
		if err := o.env.Replaceable(o.out, "--out", "a table of app passwords", isTable); err != nil {
			return err
		}
	}
	answer, err := o.post(ctx, "app-passwords", url.Values{"sign-in": {yes(o.signIn)}, "renew": {yes(o.renew)}})
	if err != nil {
		return err
	}
	if n := answer.header.Get("Isa-Without"); n != "" && n != "0" {
		fmt.Fprintf(o.env.Err, "Members left out: %s. They are not in use (see --sign-in), or have five app passwords (see --renew).\n", view.Line(n))
	}
	if o.out != "" {
		return atomicfile.Write(o.env.Path(o.out), 0o600, answer.body)
	}
	_, err = o.env.Out.Write(answer.body)
	return err
}

// tableHead is how a table of app passwords begins.
const tableHead = "login,password\n"

func isTable(r io.ReaderAt, _ int64) bool {
	head := make([]byte, len(tableHead))
	_, err := r.ReadAt(head, 0)
	return (err == nil || errors.Is(err, io.EOF)) && string(head) == tableHead
}
