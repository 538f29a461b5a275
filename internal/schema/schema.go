// Package schema describes kinds of declared objects as data: their attributes,
// the traits that steer comparison and planning, their product rules and the
// scarce names they take. Configuration, planner and adapters obey the schema,
// so that no kind needs code of its own in them.
package schema

import (
	"fmt"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// TypeKind is the shape of an attribute.
type TypeKind int

// The shapes.
const (
	String TypeKind = iota
	Int
	Bool
	SecretText // takes only secrets: value.Secret
	Reference  // value.Ref when wanted, value.String (service ID) when live
	List       // of Elem; with Attr.Set the order means nothing
	Map        // of Elem, by free names: names = { en_US = {...} }; an entry that is Clear is taken out, one that is absent is unmanaged
	Object     // of Attrs
	Free       // a text, a whole number, an object of texts or a list of these: whatever another object says (Attr.KeyedBy); compared as a whole, lists as sets
	File       // written as a path; after evaluation FileText of path and digest
)

// Type is the type of an attribute.
type Type struct {
	Kind  TypeKind
	Elem  *Type     // List, Map
	Attrs []Attr    // Object
	Kinds []string  // Reference: the kinds it may point to
	File  *FileRule // File: which files it takes
}

// Text is the type of texts.
func Text() Type { return Type{Kind: String} }

// Whole is the type of whole numbers.
func Whole() Type { return Type{Kind: Int} }

// Switch is the type of switches.
func Switch() Type { return Type{Kind: Bool} }

// SecretType is the type of attributes that take a secret and nothing else.
func SecretType() Type { return Type{Kind: SecretText} }

// RefTo is the type of references to objects of the given kinds.
func RefTo(kinds ...string) Type { return Type{Kind: Reference, Kinds: kinds} }

// ListOf is the type of lists of elem.
func ListOf(elem Type) Type { return Type{Kind: List, Elem: &elem} }

// MapOf is the type of maps from free names to elem.
func MapOf(elem Type) Type { return Type{Kind: Map, Elem: &elem} }

// FreeValue is the type of values whose shape another object says.
func FreeValue() Type { return Type{Kind: Free} }

// ObjectOf is the type of objects with the given attributes.
func ObjectOf(attrs ...Attr) Type { return Type{Kind: Object, Attrs: attrs} }

// Attr is one attribute with its traits. A trait that is false costs nothing.
type Attr struct {
	Name string
	Type Type
	Doc  string // one sentence for the language reference, with unit and limits

	Required bool
	Block    bool // written as a nested block; a List of Objects as repeated blocks

	Set       bool                // List: order means nothing, elements are unique
	ElemKey   string              // List of Objects: the attribute that identifies an element; absent attributes of an element are unmanaged
	Ownership value.String        // List: default ownership, "exact" or "listed"; "" = exact and not selectable
	CaseFold  bool                // compared without regard to case
	Normalise func(string) string // normal form in which texts are compared
	Enum      []string            // the only texts allowed

	ServerFilled bool   // absent at create, the service fills it in; never a difference when unmanaged
	CreateOnly   bool   // cannot change once the object exists
	WriteOnly    bool   // cannot be read; a digest of the wanted value is kept in the state
	KeyedBy      string // Map: its names are those of objects of this kind in the same company (their Natural attribute): written after these are, and before they are deleted
	Vital        bool   // List: who loses all of it has no place any more, or nobody to run it, so that a guard counts it
	Unreadable   bool   // no listing gives it: it counts as it was last applied, unless it was read one by one (providers.Looker)
	Aside        bool   // written by calls of its own, by a step behind the creation
	Personal     bool   // personal data: hidden unless privacy allows
	SignsOut     bool   // a change signs the person out everywhere
	Sensitive    string // guard code when many objects change it at once, e.g. "member.phone"
	Deferred     bool   // written by a later step, since it points to an object that may need this one
	Clearable    bool   // accepts `clear`
	TopDown      bool   // a switch of a tree: on only below what is on, so it is switched on from the top and off from the bottom
	Steering     bool   // steers isa only; never sent, compared or shown as a change (previous_keys)

	// Over tells that a value was for a time that has passed, so that it is as good as
	// none: wanting it is no difference to nothing, and having it is having nothing. nil:
	// no value passes.
	Over func(v value.Value, now time.Time) bool

	// Check tells what is wrong with a known, non-clear text or list of the
	// attribute by the product's rules; "" when nothing is. See Problem for the
	// object-wide rules.
	Check func(value.Value) string
}

// Kind is a kind of declared object, the same for every service.
type Kind struct {
	Type    string // block type, e.g. "member"
	Version int    // of the schema, kept with each state object
	Attrs   []Attr

	Key     string   // attribute with the customer-assigned external key, "" if none
	Natural []string // attributes that together identify an object without its key
	Parent  string   // attribute that makes objects of this kind a tree, "" if none
	Order   string   // attribute that orders siblings (or all objects when no Parent), "" if none
	Placed  bool     // order is a place among siblings, written by place steps, never a number compared
	Person  bool     // objects are people: leavers go in stages, guards are strict
	// Content tells that a block steers content (mail, files …) and is no object of the
	// tenant: it is evaluated as others are, has no company and no lifecycle, and is
	// never listed, matched, compared or kept in the state as an object.
	Content bool

	// Relocate says how objects move to another company; nil: they cannot.
	Relocate *Relocation
	// SuspendOn names a steering attribute that holds a day (YYYY-MM-DD) from which on the
	// person is suspended although the block is there; "" if there is none. The state
	// remembers it.
	SuspendOn string
	// Registration is how many days a new person has for the registration; 0: no limit.
	Registration int

	// Unread names the attribute that refers to the object whose setting this is (the
	// member of a forwarding), for kinds that the service can write and cannot read.
	// The setting has that object's ID, at most one each, is written as a whole, and
	// counts as it was last applied; what is changed by hand is not noticed. "" for
	// kinds that can be listed.
	Unread string

	// Removals lists what lifecycle.on_remove may say, default first: "suspend",
	// "delete", "keep".
	Removals []string

	// Prepare brings a wanted object into canonical form (explicit primary, lower
	// case addresses …) and reports problems of the object taken alone.
	Prepare func(*Instance) []Problem
	// Claims lists the scarce names an object takes. The object is wanted (with
	// Refs) or live (with service IDs); id turns a reference of either into one
	// comparable text, "" when unknown.
	Claims func(attrs value.Object, company Company, id func(value.Value) string) []Claim
	// Leave tells what to write when a person leaves: offices such as head of a
	// unit are given up and, when unit is not nil, the person moves there. attrs
	// are the live ones. nil for kinds that are not people; empty: nothing to do.
	Leave func(attrs value.Object, unit value.Value) value.Object
	// Title names an object for people: "홍길동 gildong.hong".
	Title func(value.Object) string
	// Notices counts the notices (invitation mails) that creating a wanted object
	// sends to people outside; nil: none. Many at once are refused by the guard
	// "<kind>.invitation".
	Notices func(attrs value.Object) int
	// What the reference leaves open about a kind, by the fact that says at a tenant that
	// it is so; while nothing was found out, it is taken not to be.

	// Released: who is in the deletion period does not keep an object of this kind from
	// being deleted.
	Released Fact
	// Rooted: an object of a tree cannot be moved to its top level.
	Rooted Fact

	// Lost says what is lost for good when an object is deleted, for the reason of
	// a deletion; "" for nothing worth saying.
	Lost string
}

// Attr returns the attribute called name.
func (k *Kind) Attr(name string) (Attr, bool) {
	return attrNamed(k.Attrs, name)
}

// Company is one domain of the tenant. Label "" is the tenant block's own.
type Company struct {
	Label    string `json:"label,omitempty"`
	Domain   string `json:"domain"` // mail domain, or the group name on plans without mail
	DomainID int    `json:"domain_id"`
}

// Tenant is what configuration says about the tenant: facts that the service
// does not tell.
type Tenant struct {
	Companies []Company // the first is the tenant block
	Plan      string    // free, lite, standard, standard_plus, trial
	Edition   string    // commercial, gov
	Workplace bool      // directory is managed by WORKPLACE
	Features  Features
	Facts     Facts // what was found out at the tenant; nil: nothing was
}

// Facts are what was found out at a tenant about what the reference leaves open: a
// value by the name of each fact, which is that of the sandbox's switch.
type Facts map[string]string

// Fact is one of them.
type Fact struct{ Name, Value string }

// Hold reports whether it was found out that a fact is so. The zero Fact never is.
func (f Facts) Hold(is Fact) bool { return is.Name != "" && f[is.Name] == is.Value }

// Is is Hold of a fact by name and value.
func (f Facts) Is(name, value string) bool { return f.Hold(Fact{name, value}) }

// Features are console switches that the API cannot read.
type Features struct {
	SSO                bool
	JobGrades          bool
	Positions          bool
	UserTypes          bool
	ExternalMailImport bool
	IPRestricted       bool
	Licences           int // 0: not said
	MultilingualNames  []string
	// Said are the features that the configuration gives, by name; a switch that is not
	// among them is not known.
	Said []string
}

// Says reports whether the configuration gives the feature of that name.
func (f Features) Says(name string) bool { return slices.Contains(f.Said, name) }

// Company returns the company called label.
func (t Tenant) Company(label string) (Company, bool) {
	for _, c := range t.Companies {
		if c.Label == label {
			return c, true
		}
	}
	return Company{}, false
}

// Claim is a scarce name that one object holds: a mail name of a company, an
// external key, a grade's name, the head of a unit. Two objects never hold the
// same (Space, Name).
type Claim struct {
	Space string // e.g. "mail acme.co.kr", "member key", "head"
	Name  string
	Path  value.Path // where the object says so

	// Vacate is what to write to give the name up before the object gets its
	// final values: a temporary value, Clear, or a list without the name. nil:
	// the name can only be given up by deletion.
	Vacate value.Object
	// Person tells that the name identifies a person to others (login ID, alias):
	// handing it to another person is refused unless identity.reuse is allowed.
	Person bool
	// Forgotten says by which fact who is in the deletion period holds the name no more,
	// for one that takes it in the same way. The zero Fact: it stays held.
	Forgotten Fact
}

// Held identifies the name apart from who holds it.
func (c Claim) Held() string { return c.Space + "\x00" + c.Name }

// Problem is something wrong inside one object, at a path.
type Problem struct {
	Severity diag.Severity
	Code     string
	Path     value.Path
	Summary  string
	Detail   string
	Fix      string
}

// Lifecycle is what a block says about the life of its objects.
type Lifecycle struct {
	OnRemove    string       `json:"on_remove,omitempty"`    // suspend, delete, keep; "" = the kind's default
	DeleteAfter int          `json:"delete_after,omitempty"` // days after suspension; 0 = never proposed
	LeaversUnit addr.Address `json:"leavers_unit,omitzero"`  // an org_unit; zero: they stay where they are
	Seed        []string     `json:"seed,omitempty"`
	Ignore      []string     `json:"ignore,omitempty"`
	Protect     bool         `json:"protect,omitempty"`
}

// Instance is one declared object after evaluation. Instances are shared
// read-only once Prepare has run.
type Instance struct {
	Addr      addr.Address
	Kind      *Kind
	Company   Company
	Attrs     value.Object // managed attributes; nested objects likewise
	Lifecycle Lifecycle
	Range     diag.Range // the block's header
	// Seq counts objects in the order in which they were written: files by name,
	// blocks by position, nested blocks where they stand, instances by their rows.
	Seq int
	// Written tells that the place among siblings is given by the order of
	// writing (nested blocks, blocks without for_each); false when made from a
	// table, where only the Order attribute speaks.
	Written bool
	// Previous are external keys or for_each keys under which the same object was
	// known before (previous_keys).
	Previous []string
	// Where finds the place of a value. It never fails: at worst it is the block.
	Where func(value.Path) diag.Place
}

// Report turns a problem of the instance into a placed diagnostic.
func (in *Instance) Report(p Problem) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: p.Severity, Code: p.Code, Summary: p.Summary, Detail: p.Detail, Fix: p.Fix,
		Address: in.Addr.String(), Attr: p.Path.String(), Place: in.Where(p.Path),
	}
}

// At finds an attribute by path, through lists, maps and objects.
func (k *Kind) At(p value.Path) (Attr, error) {
	if len(p) == 0 {
		return Attr{}, fmt.Errorf("schema: empty path")
	}
	attrs, found := k.Attrs, Attr{}
	typ := Type{Kind: Object, Attrs: attrs}
	for _, e := range p {
		switch {
		case typ.Kind == List && e.Name == "":
			typ = *typ.Elem
		case typ.Kind == Map && e.Name != "":
			typ = *typ.Elem
		case typ.Kind == Object && e.Name != "":
			var ok bool
			if found, ok = attrNamed(typ.Attrs, e.Name); !ok {
				return Attr{}, fmt.Errorf("schema: %s has no %s", k.Type, p)
			}
			typ = found.Type
		default:
			return Attr{}, fmt.Errorf("schema: %s has no %s", k.Type, p)
		}
	}
	return found, nil
}

func attrNamed(attrs []Attr, name string) (Attr, bool) {
	for _, a := range attrs {
		if a.Name == name {
			return a, true
		}
	}
	return Attr{}, false
}

// RefText writes the identity of an object as a live reference of type t: the
// service's ID, preceded by "kind:" when t may point to several kinds, whose IDs
// could otherwise be mistaken for one another.
func RefText(t Type, kind, id string) string {
	if len(t.Kinds) > 1 {
		return kind + ":" + id
	}
	return id
}
