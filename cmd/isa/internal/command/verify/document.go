package verify

import (
	"strings"

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
	Error    string             `json:"error,omitempty"`
	Waits    string             `json:"waits,omitempty"`
}

type folder struct {
	Folder   string   `json:"folder"`
	Target   string   `json:"target,omitempty"`
	Compared compared `json:"compared"`
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
	Extra      int64             `json:"extra"`
}

func comparedOf(c content.Compared) compared {
	return compared{
		Moved: workspace.SumJSON(c.Source), There: workspace.SumJSON(c.Arrived), Bodies: c.Bodies, Missing: c.Missing, OtherSize: c.Size,
		OtherBytes: c.Bytes, OtherDate: c.Date, OtherFlags: c.Flags, Settled: c.Outcomes, Pending: c.Pending, Extra: c.Extra,
	}
}

func jsonOf(v workspace.Compared) document {
	d := document{FormatVersion: workspace.ReportVersion, Percent: v.How.Percent, Same: v.Same() && len(v.Waiting) == 0, Mailboxes: []mailbox{}, Total: comparedOf(total(v))}
	for _, j := range v.Jobs {
		m := mailbox{
			Address: j.Name, Title: j.Title, Wave: j.Wave, Same: j.Err == nil && j.Compared.Same(), Compared: comparedOf(j.Compared),
			Outcomes: workspace.JSONSums(j.Sums), Omitted: j.Omitted,
		}
		if j.Err != nil {
			m.Error = j.Err.Error()
		}
		for _, f := range j.Folders {
			m.Folders = append(m.Folders, folder{strings.Join(f.Path, "/"), strings.Join(f.Target, "/"), comparedOf(f.Compared)})
		}
		d.Mailboxes = append(d.Mailboxes, m)
	}
	for _, x := range v.Waiting {
		d.Mailboxes = append(d.Mailboxes, mailbox{Address: x.Address.String(), Title: x.Title, Waits: x.Why, Outcomes: workspace.JSONSums(nil)})
	}
	return d
}
