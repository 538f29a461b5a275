package config

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
)

// makeInstances finds out which objects a block stands for.
func (l *loader) makeInstances(b *block) {
	if b.forEach == nil {
		b.instances = []*instance{{block: b, addr: b.addr}}
		return
	}
	l.ready(b.forEach)
	v, list := l.evaluate(b.forEach, l.env())
	l.diags = append(l.diags, list...)
	if list.HasErrors() || b.forEach.broken || b.keys == failed {
		b.keys = failed
		return
	}
	items, wrong := l.items(v)
	if wrong != nil {
		b.keys = failed
		if wrong.Code == "reference.not_known" && l.reportFaults(b.forEach) || l.anyErrors() && wrong.Code == "reference.not_known" {
			return
		}
		wrong.Address = b.addr.String()
		wrong.Place = at(b.forEach.syntax.Range())
		l.problem(*wrong)
		return
	}
	for _, e := range items {
		b.instances = append(b.instances, &instance{
			block: b, addr: addr.Instance(b.addr.Type, b.addr.Label, e.key.AsString()), each: e,
		})
	}
}

// items turns the value of for_each into keys and values: rows of a table in the
// order of the table, everything else by key.
func (l *loader) items(v cty.Value) ([]eachOf, *diag.Diagnostic) {
	fail := func(code, detail, fix string) ([]eachOf, *diag.Diagnostic) {
		return nil, &diag.Diagnostic{Code: code, Summary: "A for_each that cannot be used", Detail: detail, Fix: fix}
	}
	if v.IsMarked() {
		return fail("secret.use", "for_each depends on a secret.", "use keys that are no secrets")
	}
	if !v.IsKnown() {
		return fail("reference.not_known", "The keys are not known.", "use only values that are written in the configuration")
	}
	typ := v.Type()
	switch {
	case v.IsNull():
		return fail("config.for_each", "for_each is null.", "use {} for no objects at all")
	case isReference(typ):
		return fail("config.for_each", "for_each is one object, not a collection of them.", "remove for_each, or use a block that has for_each itself")
	case typ.IsMapType() || typ.IsObjectType():
		return l.rowsInOrder(v.ElementIterator()), nil
	case typ.IsSetType() || typ.IsListType() || typ.IsTupleType():
		return textKeys(v, fail)
	}
	return fail("config.for_each", fmt.Sprintf("for_each is a %s.", friendly(typ)), `use a map such as { for r in local.rows : r["key"] => r }`)
}

func (l *loader) rowsInOrder(it cty.ElementIterator) []eachOf {
	type placed struct {
		eachOf
		from  origin
		isRow bool
	}
	var out []placed
	for it.Next() {
		k, v := it.Element()
		p := placed{eachOf: eachOf{k, v}}
		p.from, p.isRow = l.tables.origin(v)
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b placed) int {
		if !a.isRow || !b.isRow {
			return 0
		}
		return cmp.Or(cmp.Compare(a.from.table.key, b.from.table.key), cmp.Compare(a.from.row, b.from.row))
	})
	items := make([]eachOf, len(out))
	for i, p := range out {
		items[i] = p.eachOf
	}
	return items
}

// textKeys makes instances from texts: each is its own key.
func textKeys(v cty.Value, fail func(code, detail, fix string) ([]eachOf, *diag.Diagnostic)) ([]eachOf, *diag.Diagnostic) {
	seen := map[string]bool{}
	var items []eachOf
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		switch {
		case e.IsMarked():
			return fail("secret.use", "for_each depends on a secret.", "use keys that are no secrets")
		case e.Type() != cty.String && e.Type() != cty.DynamicPseudoType:
			return fail("config.for_each", fmt.Sprintf("for_each is a list of %s, which have no keys.", friendly(e.Type())),
				`make a map of it: { for r in … : r["key"] => r }`)
		case !e.IsKnown():
			return fail("reference.not_known", "A key is not known.", "use only values that are written in the configuration")
		case e.IsNull():
			return fail("config.key_null", "One of the keys is null.", "leave empty cells out: if r[\"key\"] != null")
		case seen[e.AsString()]:
			return fail("config.key_duplicate", fmt.Sprintf("The key %q occurs twice.", e.AsString()), "use distinct() or toset() if that is meant")
		}
		seen[e.AsString()] = true
		items = append(items, eachOf{e, e})
	}
	return items, nil
}
