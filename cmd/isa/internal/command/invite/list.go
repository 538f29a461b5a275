package invite

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/view"
)

// document is what --format json writes (docs/formats.md).
type document struct {
	FormatVersion string   `json:"format_version"`
	Pending       []person `json:"pending"`
}

type person struct {
	Address  string    `json:"address"`
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Mail     string    `json:"private_email,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Invited  time.Time `json:"invited,omitzero"`
	DaysLeft *int      `json:"days_left"` // null: not known
	Sent     bool      `json:"sent,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// list writes who has not registered, and what became of invitations.
func (o *options) list(people []workspace.Registration, sent map[addr.Address]bool, failed map[addr.Address]error) error {
	if o.format == "json" {
		return o.json(people, sent, failed)
	}
	if len(people) == 0 {
		_, err := fmt.Fprintln(o.env.Out, "Everybody whom isa manages has registered.")
		return err
	}
	if sent != nil || failed != nil {
		_, err := fmt.Fprintf(o.env.Out, "%s sent, %d not sent.\n", view.Plural(len(sent), "invitation"), len(failed))
		return err
	}
	rows := make([][]string, len(people))
	for i, r := range people {
		rows[i] = []string{r.Address.String(), view.Line(r.Title), left(r), invited(r)}
	}
	for _, line := range view.Table(rows) {
		if _, err := fmt.Fprintln(o.env.Out, line); err != nil {
			return err
		}
	}
	return nil
}

// left says how long somebody can still register.
func left(r workspace.Registration) string {
	switch {
	case !r.Known:
		return "days left unknown"
	case r.Days == 0:
		return "expired"
	}
	return view.Plural(r.Days, "day") + " left"
}

func invited(r workspace.Registration) string {
	if r.Invited.IsZero() {
		return ""
	}
	return "invited again " + r.Invited.Local().Format("2006-01-02 15:04")
}

func (o *options) json(people []workspace.Registration, sent map[addr.Address]bool, failed map[addr.Address]error) error {
	doc := document{FormatVersion: "1", Pending: []person{}}
	for _, r := range people {
		p := person{
			Address: r.Address.String(), ID: r.ID, Title: r.Title, Mail: r.Mail, Created: r.Created, Invited: r.Invited,
			Sent: sent[r.Address],
		}
		if r.Known {
			p.DaysLeft = &r.Days
		}
		if err := failed[r.Address]; err != nil {
			p.Error = err.Error()
		}
		doc.Pending = append(doc.Pending, p)
	}
	out := json.NewEncoder(o.env.Out)
	out.SetIndent("", "  ")
	return out.Encode(doc)
}
