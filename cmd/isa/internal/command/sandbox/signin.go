package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/view"
)

type signInOptions struct {
	env  *cli.Env
	user string
	url  string
}

func newSignIn(env *cli.Env) *cobra.Command {
	o := &signInOptions{env: env}
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

func signIn(ctx context.Context, o *signInOptions) (err error) {
	base := o.url
	if base == "" {
		base = strings.TrimSuffix(strings.TrimRight(o.env.Get("ISA_API_BASE"), "/"), "/v1.0")
	}
	if base == "" {
		return errors.New("where is the sandbox? give --url with the address that isa sandbox printed")
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	target := strings.TrimRight(base, "/") + "/_sandbox/sign-in?user=" + url.QueryEscape(o.user)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%w; is the sandbox running?", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the sandbox refused: %s %s", res.Status, view.Line(strings.TrimSpace(string(body))))
	}
	_, err = fmt.Fprintf(o.env.Out, "%s has signed in.\n", view.Line(o.user))
	return err
}
