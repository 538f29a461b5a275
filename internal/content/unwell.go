package content

import (
	"context"
	"fmt"

	"github.com/isaworks/isa/internal/diag"
)

// steady is how often a target is asked again that answers that it cannot do what it is
// asked, since nothing broke; oddMost is how many items in a row it may refuse so, alone,
// before it is the target and not the items. A full disk looks like this.
const (
	steady  = 3
	oddMost = 2
)

// refused waits before a target is asked again that answered, but did nothing. It
// reports whether it means what it says, so that nothing was waited for.
func (l *link[C]) refused(why error) (means bool, err error) {
	r := l.turn.run
	n, d := l.turn.task.trouble.pauses(cause{l.place, refuses}, r.Now(), r.Patience.after)
	if n > steady {
		return true, nil
	}
	return false, l.wait(d, why.Error())
}

// takesNothing is why a folder is given up that the target takes nothing into; when it
// is not the only one, the whole job is.
func (k *task) takesNothing(why error) error {
	f := &diag.Failure{Class: diag.Unavailable, Op: k.job.Target.Name(), Err: why, Detail: "the target answers, but takes nothing any more; it may be out of space",
		Fix: "make room at the new server, or see its log; what is pending is moved by the next pass"}
	if n := k.trouble.shut(); n > 1 {
		f.Class = diag.Limited
		f.Detail = fmt.Sprintf("the target answers, but takes nothing any more, in %d folders; it may be out of space", n)
	}
	return f
}

// unwell puts the items of a batch one by one that the target goes on refusing without
// blaming one of them.
func (v *visit) unwell(ctx context.Context, batch []entry, buffer []byte, why error) error {
	if len(batch) == 1 {
		e := batch[0]
		return v.suspicious(e, buffer[e.from:e.to], why)
	}
	for i := range batch {
		if err := v.put(ctx, batch[i:i+1], buffer); err != nil {
			return err
		}
	}
	return nil
}

// suspicious notes an item that was refused alone. It is to blame if others are taken.
func (v *visit) suspicious(e entry, head []byte, why error) error {
	if len(v.odd) >= oddMost {
		return v.task.takesNothing(why)
	}
	v.odd = append(v.odd, v.refusal(e, head, why))
	return nil
}

// unlike settles items that were refused alone, since others were not, or there are none.
func (v *visit) unlike(ctx context.Context) error {
	if len(v.odd) == 0 {
		return nil
	}
	odd := v.odd
	v.odd = nil
	return v.settle(ctx, odd)
}
