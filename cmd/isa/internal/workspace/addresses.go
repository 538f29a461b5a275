package workspace

import (
	"context"
	"io"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/addr"
)

// Addresses are those that the configuration in env's directory declares, content and
// waves among them, and those that its state has, for a shell to propose. Nothing is
// told when something cannot be read: what can be is proposed.
func Addresses(ctx context.Context, env *cli.Env) (declared, managed []addr.Address) {
	quiet := *env
	quiet.Err = io.Discard
	if _, cfg, _, err := Load(ctx, &quiet, Selection{}); err == nil && cfg != nil {
		for _, in := range cfg.Objects {
			declared = append(declared, in.Addr)
		}
	}
	store, err := ReadOnly(ctx, &quiet)
	if err != nil {
		return declared, nil
	}
	st, err := store.Read(ctx)
	if err != nil {
		return declared, nil
	}
	for i := range st.Objects {
		managed = append(managed, st.Objects[i].Address)
	}
	return declared, managed
}
