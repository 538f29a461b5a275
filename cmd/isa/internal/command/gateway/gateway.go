// Package gateway is `isa gateway`: the service from which NAVER WORKS fetches mail.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/imapgate"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/state"
)

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	return &cobra.Command{
		Use: "gateway [NAME]", Short: "Serve what NAVER WORKS fetches by a mail_gateway, until stopped", Args: cobra.MaximumNArgs(1),
		Long: "Serve the spool of a mail_gateway block until Ctrl-C or SIGTERM: a pass puts batches of messages\n" +
			"there, and NAVER WORKS fetches them. A pass serves its spool itself where nobody else does; the\n" +
			"service is for passes that end before their runs, and for restarts. It needs the block, the\n" +
			"certificate and the spool, no credentials, and changes nothing but its log of what was fetched.\n" +
			"The certificate is read again when it changes. The access log is written on stdout, a line an\n" +
			"event, without passwords or anything of mail.",
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return run(cmd.Context(), env, name)
		},
	}
}

func run(ctx context.Context, env *cli.Env, name string) error {
	once, _, stop := env.Until(ctx, nil)
	defer stop()
	gate, err := workspace.OpenGate(once, env, name)
	if err != nil {
		return err
	}
	log := &log{env: env}
	err = gate.Serve(once,
		func(h state.Holder) {
			env.Tell(fmt.Sprintf("Waiting: %s (process %d) serves the spool of %s.", view.Line(h.Who), h.PID, gate.Name()))
		},
		func() {
			env.Tell(fmt.Sprintf("Serving %s on %s. Ctrl-C or SIGTERM ends it.", gate.Name(), gate.Listens()))
			for _, text := range gate.Warnings() {
				env.Tell("Warning: " + view.Line(text))
			}
		}, log.write)
	if err == nil || once.Err() != nil && errors.Is(err, context.Canceled) {
		env.Tell("Stopped. What was not fetched stays in the spool.")
		return log.err
	}
	return err
}

// log writes events as lines. When stdout cannot be written, serving goes on, and the
// command ends with the error.
type log struct {
	env *cli.Env
	mu  sync.Mutex
	err error
}

func (l *log) write(e imapgate.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := fmt.Fprintln(l.env.Out, e.Time.UTC().Format(time.RFC3339), view.Line(e.String())); err != nil && l.err == nil {
		l.err = err
		l.env.Tell("Warning: the access log cannot be written: " + view.Line(err.Error()))
	}
}
