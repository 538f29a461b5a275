package content

import (
	"maps"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Report is what a pass, or a survey, found and did.
type Report struct {
	Jobs []JobReport // in the order of Options.Jobs
	// Sums is how all items of all jobs ended, in this pass and before; Moved is what
	// this pass did alone; Found is what a survey counted.
	Sums, Moved, Found        providers.Sums
	Flags, Renamed, Reclaimed int64
	Followed, Brought         int64
	Balanced                  bool // every item that was seen has an outcome, in every job
	Interrupted               bool // the context or Options.Abort ended before all was done
	Start, End                time.Time
	Complete, Failed, Unbegun int   // jobs
	Late                      int64 // items of live mailboxes that came and could not be moved
}

// JobReport is what became of a job.
type JobReport struct {
	Name, Title, Wave string
	Phase             Phase

	Folders   int // that can be moved
	Unchanged int // of these, not looked into, since nothing changed
	// Sums is how the items of the stream ended, in this pass and before; Moved what
	// this pass settled.
	Sums, Moved providers.Sums
	// Found is what a survey counted, by what the rules make of it; OnTheWay is what is
	// to be moved, whether or not it was moved before. Large are items too large to move.
	Found     providers.Sums
	Large     []Large
	Flags     int64 // items whose flags were replaced at the target
	Renamed   int64 // folders renamed at the target
	Reclaimed int64 // items found again after their folder had a new epoch
	// Followed is how many items were found again at another place of the source;
	// Brought how many of these were moved at the target too; Strayed how many are in
	// another folder there than at the source, and stay in it.
	Followed, Brought, Strayed int64

	// Batches, and runs of the service that fetched them, of a job whose items are
	// fetched; each run mails the member twice. Held items wait until a run is worth it.
	// Served is when the service fetched the source itself; zero: it did not.
	Batches, Runs int
	Held          int64
	Served        time.Time

	// Begun: the source was reached. Complete: the pass went over every folder.
	// Balanced: every item seen in it has an outcome. Closed: its cutover is over.
	Begun, Complete, Balanced, Closed bool
	// Late is how many items came after people began to work at the target and could
	// not be moved; each pass tries them again.
	Late int64
	// Err is why the job was given up; its class is that of a diag.Failure.
	Err error
	// Folders that could not be passed over, what cannot be moved, and what changed on
	// the way: bounded lists, Omitted tells how many lines were left out.
	Failures []Trouble
	Unserved []Remark
	Notes    []Remark
	Omitted  int
}

// Trouble is a folder whose pass failed.
type Trouble struct {
	Folder []string
	Class  diag.Class
	Err    error
}

// Remark is something to know about a folder, or about an item of it.
type Remark struct {
	Folder []string
	Text   string
}

// Done reports whether there is nothing to complain of: everything was gone over
// every item has an outcome, and what came to a live mailbox is there. Other items
// that were refused are in Sums.
func (r Report) Done() bool {
	return r.Balanced && !r.Interrupted && r.Failed == 0 && r.Unbegun == 0 && r.Late == 0
}

func (r *Report) add(j JobReport) {
	r.Jobs = append(r.Jobs, j)
	addSums(r.Sums, j.Sums)
	addSums(r.Moved, j.Moved)
	addSums(r.Found, j.Found)
	r.Flags += j.Flags
	r.Renamed += j.Renamed
	r.Reclaimed += j.Reclaimed
	r.Followed += j.Followed
	r.Brought += j.Brought
	r.Late += j.Late
	r.Balanced = r.Balanced && j.Balanced
	switch {
	case j.Err != nil || len(j.Failures) > 0:
		r.Failed++
	case j.Complete:
		r.Complete++
	case !j.Begun:
		r.Unbegun++
	}
}

func (j *JobReport) trouble(f providers.Folder, err error) {
	if len(j.Failures) >= noted {
		j.Omitted++
		return
	}
	j.Failures = append(j.Failures, Trouble{Folder: f.Path, Class: diag.ClassOf(err), Err: err})
}

func (j *JobReport) remark(to *[]Remark, f providers.Folder, text string) {
	if len(*to) >= noted {
		j.Omitted++
		return
	}
	*to = append(*to, Remark{Folder: f.Path, Text: text})
}

func addSums(to, from providers.Sums) {
	for outcome, s := range from {
		add(to, outcome, s.Items, s.Bytes)
	}
}

func add(to providers.Sums, outcome providers.Outcome, items, bytes int64) {
	s := to[outcome]
	s.Items += items
	s.Bytes += max(bytes, 0)
	to[outcome] = s
}

// total is how many items, and bytes, have an outcome.
func total(s providers.Sums) (t providers.Sum) {
	for outcome, n := range s {
		if outcome != providers.OnTheWay {
			t.Items += n.Items
			t.Bytes += n.Bytes
		}
	}
	return t
}

// EventKind says what an Event tells.
type EventKind string

// The kinds of events.
const (
	Began     EventKind = "began"     // a job got its turn for the first time
	Progress  EventKind = "progress"  // items were settled
	Waiting   EventKind = "waiting"   // Reason, and Until where it is known
	TurnOver  EventKind = "turn over" // others wait; the job goes on later
	Ended     EventKind = "ended"     // the pass over the job is complete
	Failed    EventKind = "failed"    // the job was given up; Err
	FolderErr EventKind = "folder failed"
	Stopping  EventKind = "stopping" // nothing new begins
)

// Event is one thing that happened. Texts hold no content and no secret.
type Event struct {
	Time       time.Time
	Kind       EventKind
	Job, Title string
	Folder     []string
	Reason     string
	Until      time.Time
	Err        error
	// Here is how far the job is, All how far the pass is.
	Here, All Counts
}

// Counts is how far a pass is.
type Counts struct {
	Sums    providers.Sums // settled in this pass
	Expect  providers.Sum  // what the folders that were looked into hold beyond what was settled before; grows as jobs begin, and shrinks by what turns out to have been moved already
	Flags   int64
	Jobs    int // ended, given up too
	OfJobs  int
	Seconds float64 // since the pass began
}

func (c Counts) clone() Counts {
	c.Sums = maps.Clone(c.Sums)
	return c
}
