package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// find finds the place of a value of an instance. It may be called by several
// goroutines and long after Load.
func (l *loader) find(in *instance, path value.Path) diag.Place {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released && len(path) > 0 {
		l.revive()
	}
	return l.where(in, path)
}

// release forgets what only expressions see: rows, local values, references. It is
// a third of what a large configuration holds, and is made again when the place of
// a value is asked for, which happens when something is wrong.
func (l *loader) release() {
	l.released = true
	l.tables.release()
	for _, loc := range l.locals {
		if loc.phase == done {
			loc.phase, loc.value = waiting, cty.DynamicVal
		}
	}
	for name := range l.kinds {
		l.stale[name] = true
	}
	for _, b := range l.blocks {
		b.shown = cty.NilVal
		for _, in := range b.instances {
			in.each.value = cty.NilVal
		}
	}
	clear(l.firstKeys)
	clear(l.refs)
	clear(l.root.Variables)
}

// revive makes again what release forgot. What cannot be made again, because a
// file went away, leaves places less exact; it was reported or will be by the next
// run.
func (l *loader) revive() {
	l.released = false
	said := l.diags
	l.tables.revive()
	l.makeRoot()
	for _, b := range l.blocks {
		l.ready(b.needs()...)
		l.reviveInstances(b)
	}
	l.refresh()
	l.diags = said
}

func (l *loader) reviveInstances(b *block) {
	if b.forEach == nil {
		return
	}
	l.ready(b.forEach)
	v, _ := l.evaluate(b.forEach, l.env())
	items, _ := l.items(v)
	byKey := make(map[string]cty.Value, len(items))
	for _, e := range items {
		byKey[e.key.AsString()] = e.value
	}
	for _, in := range b.instances {
		if in.each.value = byKey[in.each.key.AsString()]; in.each.value == cty.NilVal {
			in.each.value = cty.DynamicVal
		}
	}
}
