package imapwire

import (
	"context"
	"strings"
)

// Flagging is a set of messages that are to have the same flags.
type Flagging struct {
	Set   Set
	Flags []string
}

// Store replaces the flags of messages of the selected folder. Messages that are
// gone are passed over.
func (c *Conn) Store(ctx context.Context, all []Flagging) error {
	return c.do(ctx, "set flags in folder "+ReadName(c.now.Name), func() error {
		for len(all) > 0 {
			some := all[:min(window, len(all))]
			all = all[len(some):]
			commands := make([]*command, len(some))
			for i, f := range some {
				commands[i] = c.start("UID STORE " + f.Set.String() + " FLAGS.SILENT (" + strings.Join(f.Flags, " ") + ")")
			}
			if err := c.run(commands...); err != nil {
				return err
			}
		}
		return nil
	})
}
