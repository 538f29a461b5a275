package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

// here is where objects would be made.
const here = "the company acme.co.kr (domain_id 10000001) of the tenant t"

// TestOnlyYesAgrees: nothing is made for a probe unless somebody says yes, who was shown
// what it is.
func TestOnlyYesAgrees(t *testing.T) {
	for answer, c := range map[string]struct{ terminal, yes, agreed bool }{
		"yes\n": {terminal: true, agreed: true}, " yes \n": {terminal: true, agreed: true}, "yes": {terminal: true, agreed: true},
		"y\n": {terminal: true}, "no\n": {terminal: true}, "\n": {terminal: true}, "": {terminal: true}, "Yes\n": {terminal: true},
		"yes\r\n\n": {}, "no\n\n": {yes: true, agreed: true},
	} {
		var shown bytes.Buffer
		o := &options{env: &cli.Env{In: strings.NewReader(answer), Err: &shown, InTerminal: c.terminal}, yes: c.yes}
		agreed, err := o.agree(context.Background(), here)
		if agreed != c.agreed || err != nil || !strings.Contains(shown.String(), "isa-probe-") || !strings.Contains(shown.String(), here) {
			t.Errorf("%q on a terminal (%t), --yes %t: %t, %v\n%s", answer, c.terminal, c.yes, agreed, err, shown.String())
		}
	}
	waiting, end := io.Pipe() // nobody answers
	defer end.Close()
	ctx, stop := context.WithCancel(context.Background())
	stop()
	o := &options{env: &cli.Env{In: waiting, Err: io.Discard, InTerminal: true}}
	if agreed, err := o.agree(ctx, here); agreed || !errors.Is(err, context.Canceled) {
		t.Errorf("Ctrl-C: %t, %v", agreed, err)
	}
}

// TestWhatEndsARun: what was found, what is left and what is recorded are told apart.
func TestWhatEndsARun(t *testing.T) {
	probes, after := errors.New("not everything was found out: x"), errors.New("not everything that was made is removed: y")
	for name, c := range map[string]struct {
		end        outcome
		left, kept bool
		code       int
		says, not  string
	}{
		"all is well":                {end: outcome{agreed: true}, kept: true},
		"a probe failed":             {end: outcome{agreed: true, probes: probes}, kept: true, code: 1, says: "found out", not: "removed"},
		"something is left":          {end: outcome{agreed: true, after: after}, left: true, kept: true, code: 1, says: "removed: y", not: "found out"},
		"both":                       {end: outcome{agreed: true, probes: probes, after: after}, left: true, kept: true, code: 1, says: "found out: x\nnot everything that was made is removed: y"},
		"not agreed":                 {kept: true, code: 3, says: "not agreed"},
		"stopped":                    {end: outcome{agreed: true, stopped: true, probes: context.Canceled}, kept: true, code: 130, says: "is removed; what was found until then is recorded", not: "canceled"},
		"stopped, and not recorded":  {end: outcome{agreed: true, stopped: true, after: after}, code: 130, says: "all that was made is removed", not: "is recorded"},
		"stopped, something is left": {end: outcome{agreed: true, stopped: true, after: after}, left: true, kept: true, code: 130, says: "not all that was made is removed"},
	} {
		err := c.end.says(c.left, c.kept)
		var exit *cli.Exit
		code := 0
		switch {
		case errors.As(err, &exit):
			code = exit.Code
		case err != nil:
			code = 1
		}
		if text := fmt.Sprint(err); code != c.code || !strings.Contains(text, c.says) || c.not != "" && strings.Contains(text, c.not) {
			t.Errorf("%s: exit code %d, %s", name, code, text)
		}
	}
}
