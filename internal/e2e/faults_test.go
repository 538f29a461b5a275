package e2e

import (
	"testing"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestEveryFault: with each fault of the sandbox at 5 %, apply ends 0 or 3, a
// repeat without the fault's help ends 0, and then the plan is empty.
func TestEveryFault(t *testing.T) {
	c := company.Make(company.Size{Members: 60, Units: 15, Grades: 6, Positions: 4, Posts: 10, Seed: 5})
	for _, fault := range []string{
		"429=5%", "500=5%", "502=5%", "drop-response=5%", "drop-request=5%", "slow=5%:50ms",
		"stale-read=1s", "cursor-expired=5%", "html-error=5%",
		"429=5%,500=5%,drop-response=5%,slow=5%:20ms,stale-read=1s,cursor-expired=5%",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, sandbox.Options{Faults: fault, Speed: 60})
			dir := write(t, c)
			for repeat := range 4 {
				r := tn.isa(t, dir, "apply", "--yes")
				if r.code == 0 {
					break
				}
				if r.code != 3 || repeat == 3 {
					t.Fatalf("apply %d: %v", repeat+1, r)
				}
			}
			tn.must(t, 0, dir, "apply", "--yes")
			tn.empty(t, dir)
			compare(t, wanted(c), found(t, tn.reader(t)))
		})
	}
}
