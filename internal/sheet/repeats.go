package sheet

// mostMisses is after how many texts without an equal one before them a column is given
// up, unless more did have one.
const mostMisses = 512

// Repeats lets equal texts of one column share what is made of them. It gives up on
// columns that repeat little, such as names and numbers, where that would cost more than
// it saves. Its zero value is ready; it is not safe for concurrent use.
type Repeats[V any] struct {
	known        map[string]V
	hits, misses int
	off          bool
}

// Of returns what was made of an equal text before, else what make makes of this one.
// make returns the text again, as it may be kept.
func (r *Repeats[V]) Of(text string, make func(string) (V, string)) V {
	if !r.off {
		if v, ok := r.known[text]; ok {
			r.hits++
			return v
		}
		if r.misses++; r.misses > mostMisses && r.hits < r.misses {
			r.off, r.known = true, nil
		}
	}
	v, kept := make(text)
	if r.off {
		return v
	}
	if r.known == nil {
		r.known = map[string]V{}
	}
	r.known[kept] = v
	return v
}
