package workspace

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/providers"
)

// TestPassText: a pass tells all that it changed in the new mailboxes, and what it did
// is noted in the state.
func TestPassText(t *testing.T) {
	for _, c := range []struct {
		report  content.Report
		want    string
		changed bool
	}{
		{content.Report{Complete: 1}, "nothing new", false},
		{content.Report{Complete: 1, Moved: providers.Sums{providers.Excluded: {Items: 2}}}, "2 excluded", true},
		{content.Report{Complete: 1, Followed: 36, Brought: 34}, "36 messages filed elsewhere, 34 messages moved along", true},
		{content.Report{Complete: 1, Brought: 1}, "1 message moved along", true},
		{content.Report{Complete: 1, Followed: 1}, "1 message filed elsewhere", true},
		{content.Report{Complete: 1, Flags: 2, Renamed: 1, Reclaimed: 3}, "2 flag changes, 1 renamed folder, 3 messages found again", true},
	} {
		if got := passText(Passed{Report: c.report}); !strings.Contains(got, "1 mailbox passed over") || !strings.Contains(got, ": "+c.want+".") && !strings.Contains(got, ": "+c.want+";") {
			t.Errorf("%q, want %q", got, c.want)
		}
		if got := changed(c.report); got != c.changed {
			t.Errorf("%s: changed %v", c.want, got)
		}
	}
}
