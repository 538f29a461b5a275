package workspace

import (
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// shareEqual lets objects of the state that are what the configuration says share
// their attributes with it. In a company where little changes that is a quarter of
// what a plan holds in memory. Both are only read from here on.
func shareEqual(st *state.State, wanted []*schema.Instance) {
	attrs := make(map[addr.Address]value.Object, len(wanted))
	for _, in := range wanted {
		attrs[in.Addr] = in.Attrs
	}
	for i := range st.Objects {
		o := &st.Objects[i]
		if same, ok := attrs[o.Address]; ok && value.Equal(o.Attrs, same) {
			o.Attrs = same
		}
	}
}
