package workspace

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/planner"
)

// paceVariable tells how fast a sandbox's time runs: "60" for sixty times as
// fast, "off" for a sandbox without limits. It is obeyed for loopback hosts only.
const paceVariable = "ISA_SANDBOX_PACE"

// jitter is added to a shortened pause: requests do not get slower or more even
// with the sandbox's clock.
const jitter = 50 * time.Millisecond

// pace is how fast calls may follow each other; the zero value is the service's.
type pace struct {
	speed     float64 // of the sandbox's time; 0 is the service's own
	unlimited bool
}

func readPace(env *cli.Env, apiBase string) (pace, error) {
	text, ok := env.Lookup(paceVariable)
	if !ok || text == "" {
		return pace{}, nil
	}
	u, err := url.Parse(apiBase)
	if err != nil {
		return pace{}, fmt.Errorf("API base: %w", err)
	}
	if !loopback(u.Hostname()) {
		return pace{}, fmt.Errorf("%s is for sandboxes on this machine; unset it", paceVariable)
	}
	if text == "off" {
		return pace{unlimited: true}, nil
	}
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil || !(speed > 0) || math.IsInf(speed, 0) {
		return pace{}, fmt.Errorf(`%s=%s is neither a factor such as 60 nor "off"`, paceVariable, strconv.Quote(text))
	}
	return pace{speed: speed}, nil
}

// budget is what a run may spend at this pace, where planned is what it may spend
// at the real service.
func (p pace) budget(planned lanes.Budget) lanes.Budget {
	switch {
	case p.unlimited:
		return lanes.Budget{PerMinute: math.MaxInt32}
	case p.speed > 0 && p.speed != 1:
		planned.WriterGap = time.Duration(float64(lanes.OrgUnitGap)/p.speed) + jitter
	}
	return planned
}

// pause is how long a pause lasts that waits for the service.
func (p pace) pause(d time.Duration) time.Duration {
	if p.speed > 0 && p.speed != 1 {
		return time.Duration(float64(d)/p.speed) + jitter
	}
	return d
}

// least is the shortest time in which the plan can be carried out at this pace;
// 0 when nothing can be said.
func (p pace) least(plan *planner.Plan) time.Duration {
	if p != (pace{}) {
		return 0
	}
	return time.Duration(plan.Cost.Seconds * float64(time.Second))
}

// PerMinute is the service's limit of calls a minute for each operation.
func (w *Workspace) PerMinute() int {
	if w.Config.Tenant.Plan == "free" {
		return lanes.FreePerMinute
	}
	return lanes.PaidPerMinute
}
