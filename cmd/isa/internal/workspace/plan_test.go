package workspace

import (
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/state"
)

// A listing that lacks an object is believed only when a minute is over, one that
// shows it with other values sooner.
func TestConfirmations(t *testing.T) {
	for _, c := range []struct {
		missing     bool
		least, most time.Duration
	}{{false, 15 * time.Second, 15 * time.Second}, {true, time.Minute, 70 * time.Second}} {
		var sum time.Duration
		for _, pause := range confirmations(c.missing) {
			sum += pause
		}
		if sum < c.least || sum > c.most {
			t.Errorf("missing %v: %v in all", c.missing, sum)
		}
	}
}

func TestMissing(t *testing.T) {
	hq, team, lost := addr.New("org_unit", "hq"), addr.New("org_unit", "team"), addr.New("org_unit", "lost")
	st := &state.State{Objects: []state.Object{
		{Address: hq, Kind: "org_unit", ID: "1"}, {Address: team, Kind: "org_unit", ID: "2"}, {Address: lost, Kind: "org_unit"},
	}}
	snap := live.Snapshot{Objects: map[string][]live.Object{"org_unit": {{ID: "1"}}, "group": {{ID: "2"}}}}
	for _, c := range []struct {
		objects []addr.Address
		want    bool
	}{{nil, false}, {[]addr.Address{hq}, false}, {[]addr.Address{hq, team}, true}, {[]addr.Address{lost}, true}} {
		if got := missing(c.objects, st, snap); got != c.want {
			t.Errorf("%v: missing is %v", c.objects, got)
		}
	}
}
