package workspace

import (
	"bytes"
	"testing"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/planner"
)

// TestHide: streams are only put behind something where something is to be hidden, since
// others may be writing to them.
func TestHide(t *testing.T) {
	for level, hides := range map[string]bool{"": false, "full": false, "names": true, "ids": true} {
		var out, errs bytes.Buffer
		env := &cli.Env{Out: &out, Err: &errs}
		if err := (&Rendering{privacy: level}).Hide(env, &planner.Plan{}); err != nil {
			t.Fatal(err)
		}
		if same := env.Out == &out && env.Err == &errs; same == hides {
			t.Errorf("at %q the streams are the same: %v", level, same)
		}
	}
}
