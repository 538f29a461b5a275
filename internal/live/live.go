// Package live is the snapshot of a tenant: what listing it returned, as plain
// serialisable data. It is all the planner ever sees of the service.
package live

import (
	"time"

	"github.com/isaworks/isa/internal/value"
)

// Status is where an object stands in its life. Only members leave InUse.
type Status string

// The statuses (reference/api/10-users.md, section 10).
const (
	InUse     Status = "in_use"
	Pending   Status = "pending"   // registration not finished; cannot be suspended
	Awaiting  Status = "awaiting"  // registered, waits for the activation date; cannot be suspended
	Suspended Status = "suspended" // by an administrator or by failed log-ins
	Deleted   Status = "deleted"   // in the 7-day deletion period; can be restored
)

// Object is one object of the tenant. Attrs are in the schema's names and
// canonical form; references are the service's IDs as value.String; what the
// listing does not give is absent. An attribute that is empty at the service is
// absent too, except lists, which are then empty.
type Object struct {
	Kind     string       `json:"kind"`
	ID       string       `json:"id"`
	DomainID int          `json:"domain_id"`
	Attrs    value.Object `json:"attrs"`
	Status   Status       `json:"status"`
	Admin    bool         `json:"admin,omitempty"` // administrator: cannot be deleted by API
}

// Snapshot is the outcome of one pass of listing.
type Snapshot struct {
	Identity string              `json:"identity"` // of the tenant: edition, host, number of the first domain
	TakenAt  time.Time           `json:"taken_at"`
	Calls    int                 `json:"calls"`   // that listing took
	Objects  map[string][]Object `json:"objects"` // by kind, in the service's order
}
