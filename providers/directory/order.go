package directory

import (
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// step is the distance between ranks that Complete gives, so that a later one can
// be put between without changing its neighbours.
const step = 10

// Complete completes objects from one another: it ranks lists as they are written, and
// brings the values of custom properties into the form that their definitions say. It
// must run before instances are shared.
func Complete(objs []*schema.Instance) {
	rank(objs)
	completeCustom(objs)
}

// rank ranks grades, positions and user types as written, in steps of 10: where
// no instance of a kind in a company says an order, each written one gets its
// own. Instances made from tables keep an unmanaged order.
func rank(objs []*schema.Instance) {
	type list struct{ kind, company string }
	written, explicit := map[list][]*schema.Instance{}, map[list]bool{}
	for _, in := range objs {
		at := list{in.Kind.Type, in.Company.Domain}
		switch {
		case in.Kind.Type != JobGrade && in.Kind.Type != Position && in.Kind.Type != UserType:
		case in.Attrs["order"] != nil:
			explicit[at] = true
		case in.Written:
			written[at] = append(written[at], in)
		}
	}
	for at, items := range written {
		if explicit[at] {
			continue
		}
		slices.SortStableFunc(items, func(a, b *schema.Instance) int { return a.Seq - b.Seq })
		for i, in := range items {
			attrs := clone(in.Attrs)
			attrs["order"] = value.Int((i + 1) * step)
			in.Attrs = attrs
		}
	}
}
