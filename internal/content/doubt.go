package content

import (
	"context"
	"errors"

	"github.com/isaworks/isa/providers"
)

// doubt is an item that was handed over and whose answer was lost. It is looked for
// where it was handed to. When that is not there any more, or nobody can be asked, it
// ends the pass as unproven: putting it again might double it, and calling it copied
// might lose it. The next pass looks again, and puts it if it is not there.
//
// After the death of the process nobody knows which items these were; then the folder
// as a whole is looked at, since it was begun and not ended.
type doubt struct {
	record providers.Record
	lost   bool // the folder that it was handed to was replaced
}

// doubts notes an item whose answer was lost; head is the beginning of its bytes.
func (v *visit) doubts(e entry, head []byte) {
	if v.doubt == nil {
		v.doubt = map[string]doubt{}
	}
	r := v.outcome(e, providers.Unproven, "")
	r.Title = title(head[:min(len(head), titleBytes)])
	v.doubt[e.item.Key] = doubt{record: r}
}

// lose notes that the folder was replaced to which items in doubt were handed.
func (v *visit) lose() {
	for key, d := range v.doubt {
		d.lost = true
		v.doubt[key] = d
	}
}

// doubtful settles, of what a look did not find, the items that may be where nobody can
// look, and returns the rest.
func (v *visit) doubtful(ctx context.Context, items []providers.Item) (rest []providers.Item, err error) {
	if len(v.doubt) == 0 {
		return items, nil
	}
	var unproven []providers.Record
	for _, it := range items {
		d, ok := v.doubt[it.Key]
		if !ok || !d.lost {
			delete(v.doubt, it.Key) // it did not arrive
			rest = append(rest, it)
			continue
		}
		d.record.Note = "no answer came when it was handed over, and the folder at the target was replaced before it could be looked for"
		unproven = append(unproven, d.record)
	}
	v.unsure = v.unsure || len(unproven) > 0
	return rest, v.settle(ctx, unproven)
}

// giveUp settles what is in doubt when the pass over the folder ends because of an error
// that lasts.
func (v *visit) giveUp(ctx context.Context, why error) error {
	var fault *ledgerFault
	if len(v.doubt) == 0 || ours(why) || errors.As(why, &fault) || ctx.Err() != nil {
		return nil
	}
	var unproven []providers.Record
	for _, d := range v.doubt {
		d.record.Note = "no answer came when it was handed over, and it could not be looked for: " + words(why)
		unproven = append(unproven, d.record)
	}
	return v.settle(ctx, unproven)
}

// adopts reports whether an item that is found at the target was there before isa came.
func (v *visit) adopts(key string) bool {
	_, handed := v.doubt[key]
	return v.adopt && !handed
}
