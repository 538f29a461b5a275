package workspace

import (
	"context"
	"fmt"
	"strings"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/mail"
)

// OpenGate opens the gateway of that name ("" when the configuration has one) for a
// process that does nothing but serve it. Neither credentials nor the state are needed,
// and what is wrong elsewhere in the configuration does no harm.
func OpenGate(ctx context.Context, env *cli.Env, name string) (*Gate, error) {
	cfg, list := config.Load(ctx, env.ConfigDir(), config.Options{Kinds: blocks(), Env: env.Lookup, Version: Version})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg == nil {
		return nil, Report(env, cfg, list)
	}
	gateways := mail.Gateways(cfg.Objects)
	chosen, err := chooseGateway(gateways, name)
	if err != nil {
		if list.HasErrors() && len(gateways) == 0 {
			return nil, Report(env, cfg, list) // which may be why
		}
		return nil, err
	}
	var its diag.List
	for _, d := range list {
		if d.Address == chosen.Address.String() {
			its = append(its, d)
		}
	}
	if its.HasErrors() {
		return nil, Report(env, cfg, its)
	}
	if list.HasErrors() {
		env.Tell("Warning: the configuration has errors that do not concern the gateway; isa validate shows them.")
	}
	return newGate(env, chosen)
}

func chooseGateway(gateways []*mail.Gateway, name string) (*mail.Gateway, error) {
	var names []string
	for _, g := range gateways {
		a := g.Address.String()
		if name == a || name == strings.TrimPrefix(a, mail.GatewayKind+".") || name == "" && len(gateways) == 1 {
			return g, nil
		}
		names = append(names, a)
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("the configuration has no %s block", mail.GatewayKind)
	case name == "":
		return nil, fmt.Errorf("there are %s; name one of %s", view.Plural(len(names), "gateway"), strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("the configuration has no gateway %s; it has %s", name, strings.Join(names, ", "))
}
