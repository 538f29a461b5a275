package directory

import (
	"context"
	"time"

	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/works/api"
)

// leave is a leave of absence (10 §2.11); a listing shows it.
func (d *directory) leave() aside {
	return aside{
		attrs: []string{"leave"},
		write: func(ctx context.Context, r providers.Request, want value.Object) error {
			times, ok := want["leave"].(value.Object)
			if !ok {
				return d.client.ClearLeave(ctx, r.ID)
			}
			return d.client.SetLeave(ctx, r.ID, value.Text(times["from"]), value.Text(times["until"]))
		},
		calls: func(want value.Object) []string {
			if _, set := want["leave"].(value.Object); set {
				return []string{"user-set-leave-of-absence"}
			}
			return []string{"user-clear-leave-of-absence"}
		},
	}
}

// readLeave reads a leave with both its times; the service keeps no other.
func readLeave(attrs value.Object, l *api.LeaveOfAbsence) {
	if l == nil {
		return
	}
	from, until := dereference(l.StartTime), dereference(l.EndTime)
	for _, text := range []string{from, until} {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return
		}
	}
	attrs["leave"] = value.Object{"from": value.String(from), "until": value.String(until)}
}
