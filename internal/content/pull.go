package content

import (
	"context"
	"time"

	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// Pull has a service fetch the items of a job for itself, instead of putting them.
// Exactly one of Gateway and Server is there.
type Pull struct {
	Puller  providers.Puller // its Name and Host are those of the job's target
	Gateway *Gateway         // isa reads the source, and the service fetches from isa
	Server  *Server          // the service fetches from the source itself, once
	Rule    BatchRule
	// Note writes down elsewhere than in the ledger, durably, how many batches there are of
	// the stream, before the service is asked to fetch the last of them: a ledger of before
	// does not tell. nil: nobody does. It is called by several goroutines.
	Note func(ctx context.Context, about providers.StreamInfo, batches int) error
}

// Gateway is where the service fetches what isa has read.
type Gateway struct {
	Spool *spool.Spool
	// Others are the spools of earlier passes, in other directories, in which a batch may
	// lie that is not settled; Absent are the directories of those that are not there or
	// cannot be read.
	Others []*spool.Spool
	Absent []string
	Host   string // as the service reaches it, with a port, and TLS from the first byte on
	Port   int
	Domain string // logins are <batch>@Domain
	// Down tells why nobody serves the spool any more; then no run is begun. nil: it is
	// served for as long as the pass lasts. It is called by several goroutines.
	Down func() error
	// Passed is when a pass was completed before, and Batches how many batches there
	// were, as the state remembers; zero: none. A ledger that knows less was lost, or is
	// an older one: nobody can look what is in the mailbox, and mail would be put there a
	// second time, which is refused.
	Passed  time.Time
	Batches int
}

// Server is the source as the service fetches it.
type Server struct {
	From providers.Pickup
	// Served is when it was done before, as the state remembers; zero: never. A second
	// run would double everything, and is refused.
	Served time.Time
}

// BatchRule says when a batch is worth a run: each mails the member twice, when it
// begins and when it ends, and fails as a whole.
type BatchRule struct {
	Items int   // in a batch, at most; 0: 2,000
	Bytes int64 // in a batch, at most; 0: 500 MB
	// Smallest is the number of items that are worth a run; 0: 20. Fewer wait for
	// more. It does not hold in cutover and live: there all goes at once.
	Smallest int
	// Interval is between the first runs of two passes over a mailbox; 0: six hours;
	// negative: none. It does not hold in cutover.
	Interval time.Duration
	Runs     int           // to find out what of a batch the service does not take; 0: 16
	Poll     time.Duration // between two looks at a run; 0: 20 s
	Silence  time.Duration // without anything fetched, after which the pass looks no longer; 0: 30 minutes
}

func (r BatchRule) withDefaults() BatchRule {
	r.Items = either(r.Items, 2000)
	if r.Bytes <= 0 {
		r.Bytes = 500 << 20
	}
	r.Smallest = either(r.Smallest, 20)
	if r.Interval == 0 {
		r.Interval = 6 * time.Hour
	}
	r.Runs = max(either(r.Runs, 16), 3)
	r.Poll = either(r.Poll, 20*time.Second)
	r.Silence = either(r.Silence, 30*time.Minute)
	return r
}

// pulled is a job whose target is made of its Pull.
func pulled(j Job) Job {
	if j.Pull != nil {
		p := *j.Pull
		p.Rule = p.Rule.withDefaults()
		j.Pull = &p
		j.Target = &batchTarget{puller: p.Puller}
	}
	return j
}

// check refuses what cannot work.
func (p *Pull) check() string {
	switch {
	case p.Puller == nil:
		return "names nobody who fetches"
	case (p.Gateway == nil) == (p.Server == nil):
		return "is fetched either from isa or from the source"
	case p.Gateway != nil && (p.Gateway.Spool == nil || p.Gateway.Host == "" || p.Gateway.Domain == ""):
		return "names no spool, host or domain"
	}
	return ""
}

// passed reports whether the state remembers a pass that the ledger may not know of.
func (p *Pull) passed() bool { return p != nil && p.Gateway != nil && !p.Gateway.Passed.IsZero() }
