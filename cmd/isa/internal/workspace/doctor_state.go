package workspace

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
	"github.com/isaworks/isa/state/filelock"
)

// examineState checks state, lock, tenant and ledger.
func (w *Workspace) examineState(ctx context.Context) []Check {
	st, err := w.Store.Read(ctx)
	if err != nil {
		return []Check{failed("state", "it cannot be read", err, "restore "+w.statePath+" from its backup"), {Name: "ledger", Verdict: Unchecked, What: "it needs the state"}}
	}
	out := []Check{{Name: "state", Verdict: Fine, What: fmt.Sprintf("%s, serial %d", view.Plural(len(st.Objects), "object"), st.Serial)}}
	if st.Lineage == "" {
		out[0].What = "nothing was applied yet"
	}
	out = append(out, w.examineTenant(st), w.examineLock())
	if len(w.Mail.Migrations) > 0 || st.Ledger != nil {
		out = append(out, w.examineLedger(ctx, st))
	}
	return out
}

func (w *Workspace) examineTenant(st *state.State) Check {
	if err := w.SameTenant(st); err != nil {
		return failed("tenant", "the state is of another one", err, "use the state that belongs to this tenant")
	}
	if st.Tenant == "" {
		return Check{Name: "tenant", Verdict: Fine, What: w.Identity() + "; the state knows none yet"}
	}
	return Check{Name: "tenant", Verdict: Fine, What: w.Identity() + ", as the state has it"}
}

// examineLock tells who has the state locked.
func (w *Workspace) examineLock() Check {
	for _, path := range local.Files(w.statePath) {
		if !strings.HasSuffix(path, ".lock") {
			continue
		}
		holder, held, err := filelock.Held(path)
		switch {
		case err != nil && !os.IsNotExist(err):
			return failed("lock", "it cannot be looked at", err, "check the rights of the state's directory")
		case held:
			return Check{"lock", Doubtful, fmt.Sprintf("held by %s (process %d) since %s", holder.Who, holder.PID, holder.Since.Format("2006-01-02 15:04")), "nobody else can apply meanwhile: " + holder.What, "wait until it ends"}
		}
	}
	return Check{Name: "lock", Verdict: Fine, What: "free"}
}

func (w *Workspace) examineLedger(ctx context.Context, st *state.State) Check {
	const name = "ledger"
	l, err := w.readLedger(ctx, st)
	switch {
	case err != nil:
		return failed(name, "it cannot be used", err, "restore "+w.LedgerPath()+" from a backup")
	case l == nil && st.Ledger != nil:
		return Check{name, Failed, "it is missing", "the state remembers one: without it isa does not know what was moved", "restore " + w.LedgerPath() + "; isa explain guard.ledger.lost tells what else can be done"}
	case l == nil:
		return Check{Name: name, Verdict: Fine, What: "no mail was moved yet"}
	}
	streams, err := l.Streams(ctx)
	if closing := l.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return failed(name, "it cannot be read", err, "restore "+w.LedgerPath()+" from a backup")
	}
	return Check{Name: name, Verdict: Fine, What: fmt.Sprintf("knows %s, and fits the state", view.Plural(len(streams), "mailbox"))}
}
