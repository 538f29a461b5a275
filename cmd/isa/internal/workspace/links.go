package workspace

import (
	"context"
	"errors"
	"fmt"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// Link is how people outside the tenant find somebody whom isa manages.
type Link struct {
	Address addr.Address
	Title   string
	URL     string // "": people outside cannot find them
	Err     error  // it could not be read or replaced

	kind providers.Linker
	id   string
}

// Links are the people at the given addresses (one without a key: all of its block),
// without their links yet; with no address, all whom isa permits something outside.
func (w *Workspace) Links(ctx context.Context, addresses []addr.Address) ([]Link, error) {
	st, err := w.Store.Read(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.SameTenant(st), w.connected()); err != nil {
		return nil, err
	}
	found := map[addr.Address]bool{}
	var out []Link
	for i := range st.Objects {
		o := &st.Objects[i]
		linker, can := w.tenant.kinds[o.Kind].(providers.Linker)
		k := w.kind(o.Kind)
		if !can || k == nil || !k.Person || o.ID == "" || o.Shut() {
			continue
		}
		named := len(addresses) == 0 && permitted(o)
		for _, a := range addresses {
			if a == o.Address || !a.Keyed && a == o.Address.Block() {
				named, found[a] = true, true
			}
		}
		if named {
			out = append(out, Link{Address: o.Address, Title: k.Title(o.Attrs), kind: linker, id: o.ID})
		}
	}
	for _, a := range addresses {
		if !found[a] {
			return nil, fmt.Errorf("%s is nobody whom isa has applied; isa state list shows whom it has", a)
		}
	}
	return out, nil
}

func (w *Workspace) kind(name string) *schema.Kind {
	for _, k := range w.kinds {
		if k.Type == name {
			return k
		}
	}
	return nil
}

// permitted reports whether isa permits somebody to chat with people outside.
func permitted(o *state.Object) bool {
	for _, name := range []string{"external_chat_works", "external_chat_line"} {
		if value.True(o.Attrs[name]) {
			return true
		}
	}
	return false
}

// ReadLinks reads the links, or with reset replaces them, one after the other. What
// concerns one of them is in its Err; the error is for the end of ctx.
func (w *Workspace) ReadLinks(ctx context.Context, links []Link, reset bool) error {
	p := w.env.Progress(w.tenant.Waits)
	defer p.Close()
	task := p.Task(map[bool]string{false: "reading links", true: "resetting links"}[reset], "member", len(links))
	defer task.Drop()
	for i := range links {
		l := &links[i]
		ask := l.kind.Link
		if reset {
			ask = l.kind.Relink
		}
		l.URL, l.Err = ask(ctx, l.id)
		task.Set(i + 1)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
