package planner

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
)

// soon is how many days before the end of a registration a plan warns.
const soon = 7

// DaysLeft is how many days somebody who was created then still has for the
// registration, 0 when it is over; known is false when the kind has no limit or the day is
// not known.
func DaysLeft(k *schema.Kind, created, now time.Time) (days int, known bool) {
	if k.Registration == 0 || created.IsZero() {
		return 0, false
	}
	left := time.Duration(k.Registration)*24*time.Hour - now.Sub(created)
	return max(0, int((left+24*time.Hour-1)/(24*time.Hour))), true
}

// registrations warns of those who have not registered and have few days left.
func (p *planner) registrations() {
	type late struct {
		o    *object
		days int
	}
	var list []late
	for _, o := range p.objects {
		if o.inst == nil || o.live == nil || o.st == nil || o.live.Status != live.Pending {
			continue
		}
		if days, known := DaysLeft(o.kind.Kind, o.st.Created, p.in.Now); known && days <= soon {
			list = append(list, late{o, days})
		}
	}
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b late) int { return cmp.Compare(a.days, b.days) })
	var names []string
	for _, l := range list {
		left := fmt.Sprintf("%d days left", l.days)
		switch l.days {
		case 0:
			left = "expired"
		case 1:
			left = "1 day left"
		}
		names = append(names, fmt.Sprintf("%s %s (%s)", l.o.addr, l.o.title(), left))
	}
	p.diags = append(p.diags, diag.Diagnostic{
		Severity: diag.Warning, Code: "registration.expires", Summary: summaries()["registration.expires"],
		Detail: fmt.Sprintf("%d have not registered: %s", len(list), firstTen(names)),
		Fix:    "isa invite ADDRESS sends the invitation again; what has expired is renewed in the admin console",
	})
}
