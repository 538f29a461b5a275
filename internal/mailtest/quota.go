//go:build unix

package mailtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// SetQuota gives each mailbox of a Dovecot that was started with Options.Quota room for
// another number of bytes, and starts it again.
func (s *Server) SetQuota(ctx context.Context, bytes int64) error {
	conf := filepath.Join(s.Dir, "dovecot.conf")
	text, err := os.ReadFile(conf)
	if err != nil {
		return err
	}
	size := regexp.MustCompile(`(storage=|storage_size = )\d+B`)
	if !size.Match(text) {
		return errors.New(conf + " sets no quota")
	}
	if err := os.WriteFile(conf, size.ReplaceAll(text, fmt.Appendf(nil, "${1}%dB", bytes)), 0o644); err != nil {
		return err
	}
	return s.Restart(ctx)
}
