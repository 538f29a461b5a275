package workspace

import (
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
)

// Unpromised are what the route by gateway cannot promise at this tenant, by what was
// found out until now.
func (w *Workspace) Unpromised() ([]string, error) {
	c, err := w.Calibration()
	if err != nil || c == nil {
		return nil, err
	}
	return mail.Unpromised(c.Values()), nil
}

// tellRoute says, before mail goes by gateway, what was found out at this tenant that the
// route cannot promise; and before the first time, when nothing was, that a probe would
// tell.
func (w *Workspace) tellRoute(chosen []*mail.Migration, known map[string]providers.StreamInfo) {
	going, first := false, true
	for _, m := range chosen {
		if m.Route == mail.RouteGateway {
			going = true
			first = first && known[m.Address.String()].Passed.IsZero() && !known[m.Address.String()].Moved
		}
	}
	if !going {
		return
	}
	for _, d := range w.Mail.Unpromised(w.Config.Tenant.Facts) {
		w.env.Tell("Warning: " + view.Line(d.Detail))
	}
	if _, probed := w.Config.Tenant.Facts[arrivalFact]; first && !probed {
		w.env.Tell("Note: nobody has looked yet how mail arrives here by this route. isa doctor --probe-mail MEMBER sends three messages and asks what came of them.")
	}
}
