//go:build unix

package story

import (
	"context"
	"os/exec"
	"strings"
	"testing"
)

// A story that is told of a tool which copies nothing, or something twice, must
// not end well.
func TestStoriesCanEndBadly(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		want   string
	}{
		"nothing copied":      {"exit 0", "missing"},
		"never finishes":      {"exit 3", "did not finish"},
		"fails":               {"echo no; exit 1", "ended as none may: exit status 1: no"},
		"killed by others":    {"kill -9 $$", "ended as none may: signal: killed"},
		"more with each pass": {`exec 3<>"/dev/tcp/${1%:*}/${1#*:}"; printf 'a LOGIN user pw\r\nb APPEND INBOX {4+}\r\na\r\n\r\nc LOGOUT\r\n' >&3; cat <&3 >/dev/null`, "extra"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Tell(t.Context(), Options{Seed: 2, Messages: 20, Kills: 1, User: "user", Move: func(_, to string) (Move, error) {
				return Move{Pass: func(ctx context.Context) *exec.Cmd {
					return exec.CommandContext(ctx, "bash", "-c", test.script, "bash", to)
				}}, nil
			}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q (%+v)", err, test.want, out)
			}
		})
	}
}
