package verify

import (
	"strings"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/content"
)

// document is what --format json writes (docs/formats.md).
type document struct {
	FormatVersion string    `json:"format_version"`
	Percent       int       `json:"percent"`
	Same          bool      `json:"same"`
	Mailboxes     []mailbox `json:"mailboxes"`
	Total         compared  `json:"total"`
}

type mailbox struct {
	Address  string             `json:"address"`
	Title    string             `json:"title,omitempty"`
	Wave     string             `json:"wave,omitempty"`
	Same     bool               `json:"same"`
	Compared compared           `json:"compared"`
	Outcomes workspace.SumsJSON `json:"outcomes"`
	Folders  []folder           `json:"folders,omitempty"` // those that differ
	Omitted  int                `json:"omitted,omitempty"`
	Strays   []stray            `json:"strays,omitempty"` // some of the messages that are not where they were put
	Unread   bool               `json:"unread,omitempty"` // the new mailbox cannot be read by its route
	Runs     []pulled           `json:"runs,omitempty"`   // of the service, where unread
	Error    string             `json:"error,omitempty"`
	Waits    string             `json:"waits,omitempty"`
}

type pulled struct {
	Batch   string    `json:"batch"`
	Route   string    `json:"route"`
	Started time.Time `json:"started"`
	Offered int64     `json:"offered"`
	Counted int64     `json:"counted"`
	Arrived bool      `json:"arrived"`
	Note    string    `json:"note,omitempty"`
}

type folder struct {
	Folder   string   `json:"folder"`
	Target   string   `json:"target,omitempty"`
	Compared compared `json:"compared"`
}

type stray struct {
	Folder    string    `json:"folder"`
	Date      time.Time `json:"date"`
	Bytes     int64     `json:"bytes"`
	Delivered string    `json:"delivered"`
	Fate      string    `json:"fate"` // elsewhere, removed or missing
	Found     string    `json:"found,omitempty"`
}

type compared struct {
	Moved      workspace.SumJSON `json:"moved"`
	There      workspace.SumJSON `json:"there"`
	Bodies     int64             `json:"bytes_compared"`
	Missing    int64             `json:"missing"`
	OtherSize  int64             `json:"other_size"`
	OtherBytes int64             `json:"other_bytes"`
	OtherDate  int64             `json:"other_date"`
	OtherFlags int64             `json:"other_flags"`
	Settled    int64             `json:"settled_otherwise"`
	Pending    int64             `json:"pending"`
	Elsewhere  int64             `json:"elsewhere"`
	Removed    int64             `json:"removed"`
	Extra      int64             `json:"extra"`
}

func comparedOf(c content.Compared) compared {
	return compared{
		Moved: workspace.SumJSON(c.Source), There: workspace.SumJSON(c.Arrived), Bodies: c.Bodies, Missing: c.Missing, OtherSize: c.Size,
		OtherBytes: c.Bytes, OtherDate: c.Date, OtherFlags: c.Flags, Settled: c.Outcomes, Pending: c.Pending, Elsewhere: c.Elsewhere, Removed: c.Removed, Extra: c.Extra,
	}
}

func jsonOf(v workspace.Compared) document {
	d := document{FormatVersion: workspace.ReportVersion, Percent: v.How.Percent, Same: v.Same() && len(v.Waiting) == 0, Mailboxes: []mailbox{}, Total: comparedOf(total(v))}
	for _, j := range v.Jobs {
		m := mailbox{
			Address: j.Name, Title: j.Title, Wave: j.Wave, Same: j.Err == nil && j.Compared.Same(), Compared: comparedOf(j.Compared),
			Outcomes: workspace.JSONSums(j.Sums), Omitted: j.Omitted, Unread: j.Unread,
		}
		for _, b := range j.Runs {
			m.Runs = append(m.Runs, pulled{b.ID, b.Route, b.Started, b.Items, b.Total, b.Arrived, b.Note})
		}
		if j.Err != nil {
			m.Error = j.Err.Error()
		}
		for _, f := range j.Folders {
			m.Folders = append(m.Folders, folder{strings.Join(f.Path, "/"), strings.Join(f.Target, "/"), comparedOf(f.Compared)})
		}
		for _, s := range j.Strays {
			m.Strays = append(m.Strays, stray{strings.Join(s.Folder, "/"), s.Date, max(s.Size, 0), strings.Join(s.Delivered, "/"), string(s.Fate), strings.Join(s.Found, "/")})
		}
		d.Mailboxes = append(d.Mailboxes, m)
	}
	for _, x := range v.Waiting {
		d.Mailboxes = append(d.Mailboxes, mailbox{Address: x.Address.String(), Title: x.Title, Waits: x.Why, Outcomes: workspace.JSONSums(nil)})
	}
	return d
}
