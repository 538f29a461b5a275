package survey

import (
	"strings"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/providers"
)

// document is what --format json writes (docs/formats.md).
type document struct {
	FormatVersion string    `json:"format_version"`
	Mailboxes     []mailbox `json:"mailboxes"`
	Total         found     `json:"total"`
}

// found is what is there: in all, and by what the rules make of it.
type found struct {
	Messages workspace.SumJSON `json:"messages"`
	ToMove   workspace.SumJSON `json:"to_move"`
	Excluded workspace.SumJSON `json:"excluded"`
	TooLarge workspace.SumJSON `json:"too_large"`
}

type mailbox struct {
	Address  string   `json:"address"`
	Title    string   `json:"title,omitempty"`
	Wave     string   `json:"wave,omitempty"`
	Found    found    `json:"found"`
	Complete bool     `json:"complete"`
	Folders  int      `json:"folders"`
	Renamed  int      `json:"renamed"`
	Places   []place  `json:"places,omitempty"`
	Unserved []remark `json:"unserved,omitempty"`
	Large    []large  `json:"large,omitempty"`
	Unused   []string `json:"unused_rules,omitempty"`
	Omitted  int      `json:"omitted,omitempty"`
	Error    string   `json:"error,omitempty"`
	Failures []remark `json:"failures,omitempty"`
}

type place struct {
	Folder   string `json:"folder"`
	Target   string `json:"target,omitempty"`
	Items    int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Excluded string `json:"excluded,omitempty"`
	Note     string `json:"note,omitempty"`
}

type remark struct {
	Folder string `json:"folder"`
	What   string `json:"what"`
}

type large struct {
	Folder string `json:"folder"`
	Bytes  int64  `json:"bytes"`
	Date   string `json:"date"`
}

func foundOf(s providers.Sums) found {
	return found{
		Messages: workspace.SumJSON(workspace.Sum(s)), ToMove: workspace.SumJSON(s[providers.OnTheWay]),
		Excluded: workspace.SumJSON(s[providers.Excluded]), TooLarge: workspace.SumJSON(s[providers.TooLarge]),
	}
}

func jsonOf(s *workspace.Surveyed) document {
	d := document{FormatVersion: workspace.ReportVersion, Mailboxes: []mailbox{}, Total: foundOf(s.Found)}
	for _, b := range s.Mailboxes {
		m := mailbox{
			Address: b.Name, Title: b.Title, Wave: b.Wave, Found: foundOf(b.Found), Complete: b.Complete, Folders: b.Folders,
			Renamed: b.Renamed, Unused: b.Unused, Omitted: b.Omitted, Error: errorOf(b.JobReport),
		}
		for _, p := range b.Places {
			m.Places = append(m.Places, place(p))
		}
		for _, u := range b.Unserved {
			m.Unserved = append(m.Unserved, remark{strings.Join(u.Folder, "/"), u.Text})
		}
		for _, l := range b.Large {
			m.Large = append(m.Large, large{strings.Join(l.Folder, "/"), l.Size, l.Date.Format("2006-01-02")})
		}
		for _, f := range b.Failures {
			m.Failures = append(m.Failures, remark{strings.Join(f.Folder, "/"), f.Err.Error()})
		}
		d.Mailboxes = append(d.Mailboxes, m)
	}
	return d
}
