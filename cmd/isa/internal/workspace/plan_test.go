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
	kim, lee := addr.New("member", "kim"), addr.New("member", "lee")
	st.Objects = append(st.Objects, state.Object{Address: kim, Kind: "member", ID: "3", Status: state.Retired}, state.Object{Address: lee, Kind: "member", ID: "4", Status: state.Retired})
	snap.Objects["member"] = []live.Object{{ID: "3", Status: live.InUse}, {ID: "4", Status: live.Suspended}}
	for _, c := range []struct {
		objects []addr.Address
		want    bool
	}{{nil, false}, {[]addr.Address{hq}, false}, {[]addr.Address{hq, team}, true}, {[]addr.Address{lost}, true}, {[]addr.Address{lee}, false}, {[]addr.Address{kim}, true}} {
		if got := missing(c.objects, st, snap); got != c.want {
			t.Errorf("%v: missing is %v", c.objects, got)
		}
	}
}

// TestPause: a sandbox's minute is as long as its clock says; without a pace, or
// without limits, pauses are the service's.
func TestPause(t *testing.T) {
	for _, c := range []struct {
		pace pace
		want time.Duration
	}{{pace{}, time.Minute}, {pace{speed: 1}, time.Minute}, {pace{unlimited: true}, time.Minute}, {pace{speed: 60}, time.Second + jitter}} {
		if got := c.pace.pause(time.Minute); got != c.want {
			t.Errorf("%+v: %v, want %v", c.pace, got, c.want)
		}
	}
}
