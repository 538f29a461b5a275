package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

func TestExitCode(t *testing.T) {
	cancelled := &diag.Failure{Class: diag.Cancelled, Op: "user-list"}
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, CodeDone},
		{errors.New("no"), CodeFailed},
		{&Exit{Code: CodeStale}, CodeStale},
		{fmt.Errorf("applying: %w", context.Canceled), CodeInterrupted},
		{fmt.Errorf("listing members: %w", cancelled), CodeInterrupted},
		{&Exit{Code: CodePartly, Err: cancelled}, CodePartly},
		{&diag.Failure{Class: diag.Unavailable, Err: context.DeadlineExceeded}, CodeFailed},
		{context.DeadlineExceeded, CodeFailed},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v ends with %d, want %d", c.err, got, c.want)
		}
	}
}
