package directory

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/hr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// definition is what a declared custom property says of values.
type definition struct {
	addr    string
	typ     string
	multi   bool
	options []string // none: any text
}

func definitionOf(in *schema.Instance) *definition {
	d := &definition{addr: in.Addr.String(), typ: value.Text(in.Attrs["type"]), multi: value.True(in.Attrs["multi_valued"])}
	options, _ := in.Attrs["option"].(value.List)
	for _, e := range options {
		option, _ := e.(value.Object)
		d.options = append(d.options, value.Text(option["name"]))
	}
	return d
}

// definitions are the declared custom properties of each company, by name.
func definitions(objs []*schema.Instance) map[int]map[string]*definition {
	out := map[int]map[string]*definition{}
	for _, in := range objs {
		if in.Kind.Type != CustomProperty {
			continue
		}
		company := out[in.Company.DomainID]
		if company == nil {
			company = map[string]*definition{}
			out[in.Company.DomainID] = company
		}
		company[value.Text(in.Attrs["name"])] = definitionOf(in)
	}
	return out
}

// completeCustom brings the values of members into the form that their definitions say:
// a number that a table holds as text, one value of several, a link without text.
// Values that do not fit stay as they are; Check reports them.
func completeCustom(objs []*schema.Instance) {
	all := definitions(objs)
	if len(all) == 0 {
		return
	}
	for _, in := range objs {
		values, ok := in.Attrs["custom"].(value.Object)
		defined := all[in.Company.DomainID]
		if in.Kind.Type != Member || !ok || len(defined) == 0 {
			continue
		}
		out := clone(values)
		for name, v := range values {
			if d := defined[name]; d != nil {
				out[name] = d.form(v)
			}
		}
		in.Attrs = clone(in.Attrs)
		in.Attrs["custom"] = out
	}
}

// form is a value as the definition says it.
func (d *definition) form(v value.Value) value.Value {
	list, isList := v.(value.List)
	if _, cleared := v.(value.Clear); cleared || !d.multi && isList {
		return v
	}
	if !d.multi {
		return d.formOne(v)
	}
	if !isList {
		list = value.List{v}
	}
	out := make(value.List, len(list))
	for i, e := range list {
		out[i] = d.formOne(e)
	}
	return out
}

func (d *definition) formOne(v value.Value) value.Value {
	switch v := v.(type) {
	case value.Int:
		if d.typ == stringProperty {
			return value.String(strconv.FormatInt(int64(v), 10))
		}
	case value.String:
		switch d.typ {
		case integerProperty:
			if n, err := strconv.ParseInt(string(v), 10, 32); err == nil {
				return value.Int(n)
			}
		case dateProperty:
			if day, err := hr.Date(string(v)); err == nil {
				return value.String(day)
			}
		case linkProperty:
			return value.Object{"link": v}
		}
	}
	return v
}

// custom checks the values of members against the definitions of their company, where
// some are declared.
func (c *checker) custom() {
	all := definitions(c.objs)
	for domain, list := range all {
		if len(list) > mostProperties {
			c.tooManyProperties(domain)
		}
	}
	for _, in := range c.of(Member) {
		values, _ := in.Attrs["custom"].(value.Object)
		defined := all[in.Company.DomainID]
		if len(defined) == 0 {
			continue
		}
		for _, name := range sortedNames(values) {
			at := value.Of("custom").Name(name)
			d := defined[name]
			if _, cleared := values[name].(value.Clear); cleared { // its definition may go with it
				continue
			}
			if d == nil {
				c.report(in, ruleCustom.at(at, "there is no custom_property with the name "+name+" among those that are declared", "correct the name, or declare the property"))
				continue
			}
			if fault := d.fault(values[name]); fault != "" {
				c.report(in, ruleCustom.at(at, name+" "+fault+" ("+d.addr+")", "correct the value"))
			}
		}
	}
}

func (c *checker) tooManyProperties(domain int) {
	n := 0
	for _, in := range c.of(CustomProperty) {
		if in.Company.DomainID != domain {
			continue
		}
		if n++; n == mostProperties+1 {
			c.report(in, ruleProperty.at(nil, fmt.Sprintf("this is custom property %d of %s; a company has at most %d", n, in.Company.Domain, mostProperties), "remove some"))
		}
	}
}

// fault tells what is wrong with a value in the definition's form.
func (d *definition) fault(v value.Value) string {
	list, isList := v.(value.List)
	switch {
	case isList && !d.multi:
		return "takes one value, not a list"
	case !isList:
		list = value.List{v}
	}
	for _, e := range list {
		if fault := d.faultOne(e); fault != "" {
			return fault
		}
	}
	return ""
}

func (d *definition) faultOne(v value.Value) string {
	text, isText := v.(value.String)
	switch d.typ {
	case stringProperty:
		if !isText {
			return "takes a text"
		}
		if len(d.options) > 0 && !slices.Contains(d.options, string(text)) {
			return fmt.Sprintf("has no option %q; use one of %s", text, strings.Join(d.options, ", "))
		}
		return length(100)(string(text))
	case integerProperty:
		if n, ok := v.(value.Int); !ok || n > math.MaxInt32 {
			return "takes a whole number of 0 or more"
		}
	case dateProperty:
		if !isText || dateText(string(text)) != "" {
			return "takes a day, YYYY-MM-DD"
		}
	case linkProperty:
		link, ok := v.(value.Object)
		if !ok {
			return "takes a link: { text = \"…\", link = \"https://…\" }"
		}
		return linkShape(link)
	}
	return ""
}

// customAttr is the attribute of members that holds values of custom properties.
func customAttr() schema.Attr {
	return schema.Attr{
		Name: "custom", Type: schema.MapOf(schema.FreeValue()), KeyedBy: CustomProperty, Clearable: true, Check: customShape,
		Doc: "Values of custom properties by name: { badge = \"A-1\", joined = \"2024-03-02\", floors = [3, 4], wiki = { text = \"me\", link = \"https://…\" } }. " +
			"Names that are not written stay as they are.",
	}
}

// customShape checks values of custom properties as far as no definition is needed.
func customShape(v value.Value) string {
	values, _ := v.(value.Object)
	for _, name := range sortedNames(values) {
		if fault := propertyName(name); fault != "" {
			return fmt.Sprintf("has the name %q, which %s", name, fault)
		}
		list, isList := values[name].(value.List)
		if !isList {
			list = value.List{values[name]}
		}
		if len(list) > mostValues {
			return fmt.Sprintf("has %d values of %s; at most %d are allowed", len(list), name, mostValues)
		}
		for _, e := range list {
			if fault := oneShape(e); fault != "" {
				return name + " " + fault
			}
		}
	}
	return ""
}

func oneShape(v value.Value) string {
	switch v := v.(type) {
	case value.String:
		return length(300)(string(v)) // a link is the longest
	case value.Int:
		if v < 0 {
			return fmt.Sprintf("is %d; numbers of custom properties are 0 or more", v)
		}
	case value.List:
		return "has a list in a list"
	case value.Object:
		return linkShape(v)
	}
	return ""
}

// linkShape checks { text, link } (10 §9.10).
func linkShape(o value.Object) string {
	for _, name := range sortedNames(o) {
		if name != "text" && name != "link" {
			return "has " + name + "; a link has text and link only"
		}
	}
	link, isText := o["link"].(value.String)
	_, cleared := o["text"].(value.Clear)
	switch {
	case !isText:
		return "is a link without link"
	case cleared:
		return "has a text that is cleared; leave it out"
	case !absolute(string(link)):
		return fmt.Sprintf("has the link %q, which is no whole URL such as https://wiki.example.com/me", link)
	}
	if t := value.Text(o["text"]); t != "" {
		if fault := length(100)(t); fault != "" {
			return "has a text that " + fault
		}
	}
	return length(300)(string(link))
}

func absolute(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "")
}

func sortedNames(o value.Object) []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
