package sandbox

import (
	"encoding/json"
	"net/url"
	"sort"
	"strconv"
	"unicode/utf8"
)

// maxProperties is how many custom properties a domain can have: reference 10 §6.
const maxProperties = 50

// customProperty is a definition; Props has the names of the wire.
type customProperty struct {
	Seq   uint64              `json:"seq"`
	ID    string              `json:"id"`
	Props customPropertyProps `json:"props"`
}

type customPropertyProps struct {
	DomainID         int              `json:"domainId"`
	PropertyName     string           `json:"propertyName"`
	DisplayName      string           `json:"displayName"`
	I18nDisplayNames []i18nName       `json:"i18nDisplayNames"`
	PropertyType     string           `json:"propertyType"`
	MultiValued      bool             `json:"multiValued"`
	DisplayOrder     *int             `json:"displayOrder"`
	Options          []propertyOption `json:"options"`
	Mandatory        bool             `json:"mandatory"`
	ReadAccessType   string           `json:"readAccessType"`
	WriteAccessType  string           `json:"writeAccessType"`
}

type propertyOption struct {
	OptionName       string     `json:"optionName"`
	DisplayName      string     `json:"displayName"`
	I18nDisplayNames []i18nName `json:"i18nDisplayNames"`
}

// customValues are what a member has in custom properties, by their names.
type customValues map[string]json.RawMessage

// customPropertyShape is the body of create and update: reference 10 §6.
func customPropertyShape() []prop {
	translated := prop{name: "i18nDisplayNames", kind: list, elem: &prop{kind: object, props: []prop{
		{name: "language", kind: text, need: true, rule: oneOf(languages()...)}, {name: "name", kind: text, need: true, min: 1, max: 20}}}}
	return []prop{
		{name: "domainId", kind: number, need: true},
		{name: "customPropertyId", readOnly: true},
		{name: "propertyName", kind: text, need: true, max: 120, rule: propertyNameRule},
		{name: "displayName", kind: text, need: true, max: 20, rule: filled(anyText)},
		translated,
		{name: "propertyType", kind: text, need: true, rule: oneOf("STRING", "LINK", "INTEGER", "DATE")},
		{name: "multiValued", kind: flag},
		{name: "displayOrder", kind: number, null: true, min: 1},
		{name: "options", kind: list, min: 2, elem: &prop{kind: object, props: []prop{
			{name: "optionName", kind: text, need: true, min: 1, max: 100}, {name: "displayName", kind: text, need: true, min: 1, max: 20}, translated}}},
		{name: "mandatory", kind: flag},
		{name: "readAccessType", kind: text, rule: oneOf("ALL", "ADMIN_AND_SELF")},
		{name: "writeAccessType", kind: text, rule: oneOf("ADMIN", "ADMIN_AND_SELF")},
	}
}

func propertyNameRule(s string) string {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return "must be letters, digits and _, beginning with a letter or _"
		}
	}
	if s == "" {
		return "must not be empty"
	}
	return ""
}

func (t *tenant) putProperty(p *customProperty) {
	if old := t.properties[p.ID]; old != nil {
		t.unindexProperty(old)
		t.remember(p.ID, old, t.rec.At)
	} else {
		t.remember(p.ID, nil, t.rec.At)
	}
	t.properties[p.ID] = p
	t.bySeq[p.Seq] = p.ID
	for _, key := range p.nameKeys() {
		t.names[key] = p.ID
	}
	t.rec.Properties = append(t.rec.Properties, p)
}

func (t *tenant) unindexProperty(p *customProperty) {
	for _, key := range p.nameKeys() {
		forget(t.names, key, p.ID)
	}
}

// nameKeys are the two names that are unique in the domain.
func (p *customProperty) nameKeys() []string {
	return []string{
		keyIn(itemSpace("customProperty", p.Props.DomainID), p.Props.PropertyName),
		keyIn(itemSpace("customPropertyDisplay", p.Props.DomainID), p.Props.DisplayName),
	}
}

// propertyNamed finds a definition of a domain by name.
func (t *tenant) propertyNamed(domain int, name string) *customProperty {
	return t.properties[t.names[keyIn(itemSpace("customProperty", domain), name)]]
}

// propertiesOf lists the definitions of a domain: by displayOrder, those without last,
// then by creation.
func (t *tenant) propertiesOf(domain int) []*customProperty {
	var out []*customProperty
	for _, p := range t.properties {
		if p.Props.DomainID == domain {
			out = append(out, p)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		switch {
		case (a.Props.DisplayOrder == nil) != (b.Props.DisplayOrder == nil):
			return b.Props.DisplayOrder == nil
		case a.Props.DisplayOrder != nil && *a.Props.DisplayOrder != *b.Props.DisplayOrder:
			return *a.Props.DisplayOrder < *b.Props.DisplayOrder
		}
		return a.Seq < b.Seq
	})
	return out
}

type wireProperty struct {
	customPropertyProps
	ID string `json:"customPropertyId"`
}

func (p *customProperty) wire() *wireProperty {
	w := &wireProperty{p.Props, p.ID}
	w.I18nDisplayNames, w.Options = filledList(p.Props.I18nDisplayNames), make([]propertyOption, 0, len(p.Props.Options))
	for _, o := range p.Props.Options {
		o.I18nDisplayNames = filledList(o.I18nDisplayNames)
		w.Options = append(w.Options, o)
	}
	return w
}

// property returns the definition of the path, named by ID or by name.
func (c *call) property() (*customProperty, error) {
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	ref := c.path["customPropertyId"]
	p := c.properties[ref]
	if p == nil {
		p = c.propertyNamed(domain, ref)
	}
	if p == nil {
		return nil, notFound("there is no such custom property")
	}
	return p, nil
}

func listProperties(c *call) (any, error) {
	if err := c.onlyQuery("domainId"); err != nil {
		return nil, err
	}
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	rows := []*wireProperty{}
	for _, p := range c.propertiesOf(domain) {
		if p = seen(c, p.ID, p); p != nil {
			rows = append(rows, p.wire())
		}
	}
	return map[string]any{"customAttributes": rows}, nil // not customProperties: reference 10 §6
}

func getProperty(c *call) (any, error) {
	p, err := c.property()
	if err != nil {
		return nil, err
	}
	if p = seen(c, p.ID, p); p == nil {
		return nil, notFound("there is no such custom property")
	}
	return p.wire(), nil
}

func createProperty(c *call) (any, error) {
	p := &customProperty{Props: customPropertyProps{ReadAccessType: "ALL", WriteAccessType: "ADMIN"}}
	if err := c.laidOver(p); err != nil {
		return nil, err
	}
	if c.domain(p.Props.DomainID) == nil {
		return nil, invalid("domainId %d is not a domain of this tenant", p.Props.DomainID)
	}
	if len(c.propertiesOf(p.Props.DomainID)) >= maxProperties {
		return nil, full("a domain has %d custom properties at most", maxProperties)
	}
	if err := c.freeProperty(p); err != nil {
		return nil, err
	}
	p.Seq, p.ID = c.next()
	c.putProperty(p)
	return p.wire(), nil
}

// laidOver checks the body and lays it over a definition.
func (c *call) laidOver(p *customProperty) error {
	body, err := checker{switches: c.switches, partial: c.patch, nullable: true}.body(customPropertyShape(), c.body)
	if err != nil {
		return err
	}
	// Arrays are replaced whatever patch-arrays says: without a full update, nothing could
	// take an option away otherwise.
	if p.Props, err = overlay(p.Props, body, false); err != nil {
		return err
	}
	if err := languagesOnce(p.Props.I18nDisplayNames); err != nil {
		return err
	}
	if len(p.Props.Options) > 0 && p.Props.PropertyType != "STRING" {
		return invalid("options are for propertyType STRING only")
	}
	used := map[string]bool{}
	for _, o := range p.Props.Options {
		if used["n"+o.OptionName] || used["d"+o.DisplayName] {
			return invalid("options: %s is given twice", o.OptionName)
		}
		used["n"+o.OptionName], used["d"+o.DisplayName] = true, true
		if err := languagesOnce(o.I18nDisplayNames); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) freeProperty(p *customProperty) error {
	for _, key := range p.nameKeys() {
		if owner := c.names[key]; owner != "" && owner != p.ID {
			return c.taken("propertyName %s or displayName %s is in use", p.Props.PropertyName, p.Props.DisplayName)
		}
	}
	return nil
}

func patchProperty(c *call) (any, error) {
	old, err := c.property()
	if err != nil {
		return nil, err
	}
	p := *old
	if err := c.laidOver(&p); err != nil {
		return nil, err
	}
	a, b := old.Props, p.Props
	if a.DomainID != b.DomainID || a.PropertyName != b.PropertyName || a.PropertyType != b.PropertyType || a.MultiValued != b.MultiValued {
		return nil, invalid("domainId, propertyName, propertyType and multiValued of a custom property cannot change")
	}
	if err := c.freeProperty(&p); err != nil {
		return nil, err
	}
	c.putProperty(&p)
	c.dropValues(&p) // of options that are gone
	return p.wire(), nil
}

// deleteProperty removes a definition and, here at once, what members have in it.
func deleteProperty(c *call) (any, error) {
	if err := c.onlyQuery("domainId"); err != nil {
		return nil, err
	}
	p, err := c.property()
	if err != nil {
		return nil, err
	}
	c.drop(p.ID)
	c.dropValues(p)
	return nil, nil
}

// dropValues takes from members what no definition allows any more.
func (c *call) dropValues(p *customProperty) {
	name := p.Props.PropertyName
	for _, id := range sortedKeys(c.users) {
		u := c.users[id]
		raw, has := u.Props.Custom[name]
		if !has || u.Props.DomainID != p.Props.DomainID || c.properties[p.ID] != nil && p.checkValue(raw) == "" {
			continue
		}
		left := *u
		left.Props.Custom = u.Props.Custom.without(name)
		c.putUser(&left)
	}
}

func (v customValues) without(name string) customValues {
	out := make(customValues, len(v))
	for k, raw := range v {
		if k != name {
			out[k] = raw
		}
	}
	return out
}

// customValues lays the customProperties of a body over what a member has. null and an
// empty list take a value away: reference 10 §9.10.
func (c *call) customValues(had customValues, body map[string]any) (customValues, error) {
	given, ok := body["customProperties"]
	if !ok {
		return had, nil
	}
	noNull := c.patch && c.switches.is("patch-null", "rejects")
	if given == nil {
		if noNull {
			return nil, invalid("customProperties: null is not accepted in a partial update")
		}
		return nil, nil
	}
	values, ok := given.(map[string]any)
	if !ok {
		return nil, invalid("customProperties must be an object")
	}
	out := customValues{}
	if c.patch && c.switches.is("custom-properties-patch", "merge") {
		out = had.without("")
	}
	for _, name := range sortedKeys(values) {
		list, isList := values[name].([]any)
		if values[name] == nil && noNull {
			return nil, invalid("customProperties.%s: null is not accepted in a partial update", name)
		}
		if values[name] == nil || isList && len(list) == 0 {
			delete(out, name)
			continue
		}
		raw, err := json.Marshal(values[name])
		if err != nil {
			return nil, err
		}
		out[name] = raw
	}
	return out, nil
}

// checkCustom checks a member's values against the definitions of the domain.
func (c *call) checkCustom(p *userProps) error {
	for _, name := range sortedKeys(p.Custom) {
		def := c.propertyNamed(p.DomainID, name)
		if def == nil {
			return invalid("customProperties.%s is not defined", name)
		}
		if wrong := def.checkValue(p.Custom[name]); wrong != "" {
			return invalid("customProperties.%s %s", name, wrong)
		}
	}
	return nil
}

// checkValue tells what is wrong with a value, "" when nothing is: reference 10 §9.10.
func (p *customProperty) checkValue(raw json.RawMessage) string {
	wrapped, err := decodeObject([]byte(`{"v":` + string(raw) + `}`))
	if err != nil {
		return "is not JSON"
	}
	v := wrapped["v"]
	items, isList := v.([]any)
	switch {
	case isList != p.Props.MultiValued:
		return map[bool]string{true: "takes an array", false: "takes one value"}[p.Props.MultiValued]
	case !isList:
		items = []any{v}
	case len(items) > 10:
		return "has more than 10 values"
	}
	for _, item := range items {
		if wrong := p.checkOne(item); wrong != "" {
			return wrong
		}
	}
	return ""
}

func (p *customProperty) checkOne(v any) string {
	text, isText := v.(string)
	switch p.Props.PropertyType {
	case "STRING":
		if !isText || text == "" || utf8.RuneCountInString(text) > 100 {
			return "takes a string of 1 to 100 characters"
		}
		for _, o := range p.Props.Options {
			if o.OptionName == text {
				return ""
			}
		}
		if len(p.Props.Options) > 0 {
			return "takes the optionName of one of its options"
		}
	case "DATE":
		if !isText || dateRule(text) != "" {
			return "takes a date YYYY-MM-DD"
		}
	case "INTEGER":
		num, ok := v.(json.Number)
		if n, err := strconv.ParseInt(num.String(), 10, 32); !ok || err != nil || n < 0 {
			return "takes an integer of 0 or more"
		}
	case "LINK":
		return checkLink(v)
	}
	return ""
}

func checkLink(v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return "takes an object of text and link"
	}
	for name := range o {
		if name != "text" && name != "link" {
			return "has " + name + ", which a link does not have"
		}
	}
	link, _ := o["link"].(string)
	if u, err := url.Parse(link); link == "" || len(link) > 300 || err != nil || u.Scheme == "" {
		return "needs link, a URL of up to 300 characters"
	}
	if text, isText := o["text"].(string); o["text"] != nil && (!isText || utf8.RuneCountInString(text) > 100) {
		return "has a text that is no string of up to 100 characters"
	}
	return ""
}
