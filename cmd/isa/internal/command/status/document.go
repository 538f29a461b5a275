package status

import (
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

// document is what --format json writes (docs/formats.md).
type document struct {
	FormatVersion string             `json:"format_version"`
	Mailboxes     []mailbox          `json:"mailboxes"`
	Waves         []wave             `json:"waves"`
	Total         workspace.SumsJSON `json:"total"`
	Balanced      bool               `json:"balanced"`
	Pass          *pass              `json:"pass,omitempty"`
}

// pass is the pass under way, or the last one.
type pass struct {
	State     string         `json:"state"`
	Start     time.Time      `json:"start"`
	Written   time.Time      `json:"written"`
	End       time.Time      `json:"end,omitzero"`
	Ended     int            `json:"mailboxes_ended"`
	Mailboxes int            `json:"mailboxes"`
	Total     workspace.Pace `json:"total"`
}

type mailbox struct {
	Address   string             `json:"address"`
	Title     string             `json:"title,omitempty"`
	Wave      string             `json:"wave,omitempty"`
	Phase     string             `json:"phase,omitempty"`
	Origin    string             `json:"origin,omitempty"`
	Target    string             `json:"target,omitempty"`
	Forgotten bool               `json:"forgotten,omitempty"`
	Waits     string             `json:"waits,omitempty"`
	Surveyed  time.Time          `json:"surveyed,omitzero"`
	Passed    time.Time          `json:"passed,omitzero"`
	Closed    time.Time          `json:"closed,omitzero"`
	Outcomes  workspace.SumsJSON `json:"outcomes"`
	Balanced  bool               `json:"balanced"`
	Folders   []folder           `json:"folders,omitempty"`
	Pass      *workspace.Pace    `json:"pass,omitempty"`
}

type folder struct {
	Folder   string             `json:"folder"`
	Target   string             `json:"target,omitempty"`
	Unserved string             `json:"unserved,omitempty"`
	Gone     bool               `json:"gone,omitempty"`
	Outcomes workspace.SumsJSON `json:"outcomes"`
}

type wave struct {
	Wave      string             `json:"wave"`
	Phase     string             `json:"phase,omitempty"`
	Mailboxes int                `json:"mailboxes"`
	Outcomes  workspace.SumsJSON `json:"outcomes"`
}

func jsonOf(s *workspace.Status) document {
	d := document{FormatVersion: workspace.ReportVersion, Mailboxes: []mailbox{}, Waves: []wave{}, Total: workspace.JSONSums(s.Total), Balanced: s.Balanced}
	for i := range s.Mailboxes {
		m := &s.Mailboxes[i]
		box := mailbox{
			Address: m.Address, Title: m.Title, Wave: m.Wave, Phase: m.Phase, Origin: m.Origin, Target: m.Target, Forgotten: m.Forgotten, Waits: m.Waiting,
			Surveyed: m.Surveyed, Passed: m.Passed, Closed: m.Closed, Outcomes: workspace.JSONSums(m.Sums), Balanced: m.Balanced(),
			Pass: s.Pass.Of(m.Address),
		}
		for _, f := range m.Folders {
			box.Folders = append(box.Folders, folder{f.Folder, f.Target, f.Unserved, f.Gone, workspace.JSONSums(f.Sums)})
		}
		d.Mailboxes = append(d.Mailboxes, box)
	}
	for _, w := range s.Waves {
		d.Waves = append(d.Waves, wave{w.Wave, w.Phase, w.Mailboxes, workspace.JSONSums(w.Sums)})
	}
	if p := s.Pass; p != nil {
		d.Pass = &pass{State: passState(p), Start: p.Start, Written: p.Written, End: p.End, Ended: p.Jobs, Mailboxes: p.OfJobs, Total: p.Total}
	}
	return d
}

// passState is "under way", "ended", or "cut off" for a pass whose process did not end it.
func passState(p *workspace.PassProgress) string {
	switch {
	case p.Under:
		return "under way"
	case p.Cut:
		return "cut off"
	}
	return "ended"
}
