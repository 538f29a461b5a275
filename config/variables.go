package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/isaworks/isa/internal/diag"
)

// variable is a `variable` block and its value.
type variable struct {
	name     string
	syntax   *hclsyntax.Block
	typ      cty.Type
	defaults *typeexpr.Defaults
	standard cty.Value // the default; NilVal when there is none
	nullable bool
	value    cty.Value
}

// local is one argument of a `locals` block.
type local struct {
	name   string
	syntax *hclsyntax.Attribute
	expr   *expr
	phase  phase
	final  bool
	value  cty.Value
	diags  diag.List
}

func (l *loader) declareVariable(b *hclsyntax.Block) {
	name, ok := l.labels(b, "the name of the variable")
	if !ok {
		return
	}
	if !hclsyntax.ValidIdentifier(name) {
		l.variableProblem("config.block_label", "Wrong labels of a block", b.LabelRanges[0],
			fmt.Sprintf("%q cannot be written behind var.", name), "use letters, digits and _, and begin with a letter")
		return
	}
	if first, twice := l.variables[name]; twice {
		l.duplicateBlock(b, first.syntax)
		return
	}
	v := &variable{name: name, syntax: b, typ: cty.DynamicPseudoType, standard: cty.NilVal, nullable: true, value: cty.DynamicVal}
	l.variables[name] = v
	for _, inner := range b.Body.Blocks {
		l.unknownBlock(inner, nil, "variable")
	}
	if t, ok := b.Body.Attributes["type"]; ok {
		l.variableType(v, t)
	}
	for _, a := range sortedAttributes(b.Body) {
		l.variableArgument(v, a)
	}
}

func (l *loader) variableType(v *variable, a *hclsyntax.Attribute) {
	typ, defaults, found := typeexpr.TypeConstraintWithDefaults(a.Expr)
	if found.HasErrors() {
		l.variableProblem("config.variable_type", "Not a type", a.Expr.Range(), found[0].Detail,
			"write a type such as string, number, bool, list(string), map(string) or object({ … })")
		return
	}
	v.typ, v.defaults = typ.WithoutOptionalAttributesDeep(), defaults
	if defaults != nil {
		v.typ = typ
	}
}

func (l *loader) variableArgument(v *variable, a *hclsyntax.Attribute) {
	names := []string{"type", "default", "description", "nullable"}
	switch a.Name {
	case "type":
	case "description", "nullable", "default":
		val, found := a.Expr.Value(nil)
		if found.HasErrors() {
			l.variableProblem("config.variable_value", "A value that must be written out", a.Expr.Range(), found[0].Detail,
				"write a value without names and functions")
			return
		}
		switch a.Name {
		case "default":
			v.standard = val
			l.setVariable(v, val, "the default", at(a.Expr.Range()))
		case "nullable":
			if val.Type() != cty.Bool || val.IsNull() {
				l.variableProblem("config.variable_value", "A value that must be written out", a.Expr.Range(),
					"nullable is true or false.", "write nullable = false")
				return
			}
			v.nullable = val.True()
		}
	default:
		fix := didYouMean(a.Name, names, "remove it")
		if a.Name == "sensitive" {
			fix = "remove it; secrets are read with secret_env, secret_file, secret_table, secret_command or secret_prompt and need no variable"
		}
		l.variableProblem("config.attribute_unknown", "Unknown argument", a.NameRange,
			fmt.Sprintf("variable has no argument %s.", a.Name), fix)
	}
}

func (l *loader) variableProblem(code, summary string, r hcl.Range, detail, fix string) {
	l.problem(diag.Diagnostic{Code: code, Summary: summary, Detail: detail, Fix: fix, Place: at(r)})
}

// setVariable converts a value to the variable's type and keeps it.
func (l *loader) setVariable(v *variable, val cty.Value, from string, p diag.Place) {
	if v.defaults != nil && !val.IsNull() {
		val = v.defaults.Apply(val)
	}
	typ := v.typ
	out, err := convert.Convert(val, typ)
	if err != nil {
		l.problem(diag.Diagnostic{
			Code: "config.variable_value", Summary: "A value that does not fit its variable",
			Detail: fmt.Sprintf("variable %s is %s, but %s is not: %s.", v.name, typeexpr.TypeString(typ), from, err),
			Fix:    "give a value of that type", Place: p,
		})
		v.value = cty.DynamicVal
		return
	}
	if out.IsNull() && !v.nullable {
		l.problem(diag.Diagnostic{
			Code: "config.variable_value", Summary: "A value that does not fit its variable",
			Detail: fmt.Sprintf("variable %s may not be null, but %s is.", v.name, from), Fix: "give a value", Place: p,
		})
	}
	v.value = out
}

// assignVariables takes values from *.vars.hcl files, the environment and the
// command line; the later wins.
func (l *loader) assignVariables(assignments []source) {
	set := map[string]bool{}
	for _, s := range assignments {
		for _, b := range s.body.Blocks {
			l.unknownBlock(b, nil, "a file of values, which holds name = value lines")
		}
		for _, a := range sortedAttributes(s.body) {
			set[a.Name] = l.assignFromFile(a) || set[a.Name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		if text, ok := l.opts.Env("ISA_VAR_" + name); ok {
			set[name] = true
			l.assignText(l.variables[name], text, "the environment variable ISA_VAR_"+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.opts.Vars)) {
		v, ok := l.variables[name]
		if !ok {
			l.undeclaredValue(name, "--var", diag.Place{})
			continue
		}
		set[name] = true
		l.assignText(v, l.opts.Vars[name], "--var "+name)
	}
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		v := l.variables[name]
		if !set[name] && v.standard == cty.NilVal && v.syntax.Body.Attributes["default"] == nil {
			l.problem(diag.Diagnostic{
				Code: "config.variable_unset", Summary: "A variable without a value",
				Detail: fmt.Sprintf("variable %s has no default and no value.", name),
				Fix:    fmt.Sprintf("set it in a *.vars.hcl file, with --var %s=… or ISA_VAR_%s", name, name),
				Place:  at(v.syntax.DefRange()),
			})
		}
	}
}

func (l *loader) assignFromFile(a *hclsyntax.Attribute) bool {
	v, ok := l.variables[a.Name]
	if !ok {
		l.undeclaredValue(a.Name, "a file of values", at(a.NameRange))
		return false
	}
	val, found := a.Expr.Value(nil)
	if found.HasErrors() {
		l.variableProblem("config.variable_value", "A value that must be written out", a.Expr.Range(),
			found[0].Detail, "write a value without names and functions")
		return true
	}
	l.setVariable(v, val, "the value", at(a.Expr.Range()))
	return true
}

func (l *loader) undeclaredValue(name, from string, p diag.Place) {
	l.problem(diag.Diagnostic{
		Code: "config.variable_unknown", Summary: "A value for a variable that is not declared",
		Detail: fmt.Sprintf("%s sets %s, but there is no variable %s.", from, name, name),
		Fix:    didYouMean(name, slices.Sorted(maps.Keys(l.variables)), "declare the variable or remove the value"),
		Place:  p,
	})
}

// assignText reads a value from text: as it is for variables of type string, else
// as an HCL expression; what is none and has no stricter type is taken as text.
func (l *loader) assignText(v *variable, text, from string) {
	p := at(v.syntax.DefRange())
	if v.typ == cty.String {
		l.setVariable(v, cty.StringVal(text), from, p)
		return
	}
	syntax, found := hclsyntax.ParseExpression([]byte(text), from, hcl.InitialPos)
	if !found.HasErrors() {
		var val cty.Value
		if val, found = syntax.Value(nil); !found.HasErrors() {
			l.setVariable(v, val, from, p)
			return
		}
	}
	if v.typ == cty.DynamicPseudoType {
		l.setVariable(v, cty.StringVal(text), from, p)
		return
	}
	l.problem(diag.Diagnostic{
		Code: "config.variable_value", Summary: "A value that does not fit its variable",
		Detail: fmt.Sprintf("%s should be %s, written as in HCL: %s.", from, typeexpr.TypeString(v.typ), strings.TrimSuffix(found[0].Detail, ".")),
		Fix:    `give a value of that type, such as ["a", "b"]`, Place: p,
	})
}

func (l *loader) declareLocals(b *hclsyntax.Block) {
	if !l.noLabels(b) {
		return
	}
	for _, inner := range b.Body.Blocks {
		l.unknownBlock(inner, nil, "locals")
	}
	for _, a := range sortedAttributes(b.Body) {
		if first, twice := l.locals[a.Name]; twice {
			l.problem(diag.Diagnostic{
				Code: "config.local_duplicate", Summary: "A local value defined twice",
				Detail: fmt.Sprintf("local.%s is also defined at %s.", a.Name, rangeOf(first.syntax.NameRange)),
				Fix:    "give one of them another name", Place: at(a.NameRange),
			})
			continue
		}
		l.locals[a.Name] = &local{name: a.Name, syntax: a, value: cty.DynamicVal}
	}
}

// readyLocal evaluates a local value unless that was done. It tells whether the
// value is final.
func (l *loader) readyLocal(name string, from *expr) bool {
	loc := l.locals[name]
	switch {
	case loc.phase == running:
		l.cycle("local."+name, from)
		loc.phase = failed
		return true
	case loc.phase == failed, loc.phase == done && loc.final:
		return true
	}
	loc.phase = running
	l.stack = append(l.stack, "local."+name)
	loc.final = l.ready(loc.expr)
	l.stack = l.stack[:len(l.stack)-1]
	if loc.phase == failed {
		return true
	}
	loc.value, loc.diags = l.evaluate(loc.expr, l.env())
	loc.phase = done
	l.stale["local"] = true
	return loc.final
}

// canonical writes a value as one text, for the digest.
func canonical(v cty.Value) string {
	v, _ = v.UnmarkDeep()
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return "?"
	}
	data, err := ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(data)
}
