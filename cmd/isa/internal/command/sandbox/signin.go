package sandbox

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/view"
)

type signInOptions struct {
	control
	user string
}

func newSignIn(env *cli.Env) *cobra.Command {
	o := &signInOptions{control: control{env: env}}
	cmd := &cobra.Command{
		Use: "sign-in ID", Short: "Let a member of a running sandbox sign in, so that the registration is finished",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.user = args[0]
			return signIn(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.url, "url", "", "`URL` of the sandbox; by default that of ISA_API_BASE")
	return cmd
}

func signIn(ctx context.Context, o *signInOptions) error {
	if _, err := o.post(ctx, "sign-in", url.Values{"user": {o.user}}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(o.env.Out, "%s has signed in.\n", view.Line(o.user))
	return err
}
