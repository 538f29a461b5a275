package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// keyForm stands in front of an external key where the service takes an ID (00, table
// of identifiers).
const keyForm = "externalKey:"

// imports takes over the objects of the tenant that import blocks name. What the state
// knows and the tenant has is imported already, whatever the block names.
func (p *planner) imports() {
	names := map[*kind]map[string][]*live.Object{}
	for i := range p.in.Imports {
		im := &p.in.Imports[i]
		o := p.at[im.To]
		if !p.speaksOf(im, o) {
			continue
		}
		if names[o.kind] == nil {
			names[o.kind] = p.importable(o.kind)
		}
		p.importAs(o, im, names[o.kind])
	}
}

// speaksOf reports whether an import still says what o is. That o is gone is not
// believed before a listing must show it.
func (p *planner) speaksOf(im *schema.Import, o *object) bool {
	switch {
	case o == nil || o.inst == nil || o.addr != im.To || o.unselected:
		return false
	case o.live != nil:
		return im.ByHand || o.live.Status == live.Deleted
	}
	return !p.awaited(o)
}

// importable finds the live objects of a kind by what imports may call them.
func (p *planner) importable(k *kind) map[string][]*live.Object {
	out := make(map[string][]*live.Object, 2*len(k.live))
	for i := range k.live {
		l := &k.live[i]
		out["id "+l.ID] = append(out["id "+l.ID], l)
		if key := value.Text(l.Attrs[k.Key]); k.Key != "" && key != "" {
			name := "key " + keySpace(k, l.DomainID, key)
			out[name] = append(out[name], l)
		}
		if name := p.loginName(k, l.DomainID, loginOf(k, l)); name != "" {
			out[name] = append(out[name], l)
		}
	}
	return out
}

// loginOf is a person's login ID, "" of other kinds.
func loginOf(k *kind, l *live.Object) string {
	if !k.Person || len(k.Natural) != 1 {
		return ""
	}
	return value.Text(l.Attrs[k.Natural[0]])
}

func (p *planner) loginName(k *kind, domain int, login string) string {
	if login == "" || !k.Person {
		return ""
	}
	return "login " + wholeLogin(login, p.byDom[domain].Domain)
}

// wholeLogin is a login ID with its domain, which may be left out in the company's own,
// as it is compared.
func wholeLogin(login, domain string) string {
	if !strings.Contains(login, "@") {
		login += "@" + domain
	}
	return strings.ToLower(login)
}

// Imported reports whether id, in any of the forms that an import takes, is the object
// that the state has as st, by what was applied last. domain is the mail domain of the
// company in which st is declared.
func Imported(k *schema.Kind, domain string, st *state.Object, id string) bool {
	if st.ID == "" {
		return false
	}
	if key, is := strings.CutPrefix(id, keyForm); is && k.Key != "" {
		return value.Equal(st.Attrs[k.Key], value.String(key))
	}
	if st.ID == id {
		return true
	}
	if !k.Person || len(k.Natural) != 1 {
		return false
	}
	login := value.Text(st.Attrs[k.Natural[0]])
	return login != "" && wholeLogin(login, domain) == wholeLogin(id, domain)
}

// importAs takes over the object that im names as o.
func (p *planner) importAs(o *object, im *schema.Import, names map[string][]*live.Object) {
	k := o.kind
	var found []*live.Object
	forms := "the service's ID"
	if k.Key != "" {
		forms += ", " + keyForm + "KEY"
	}
	if key, is := strings.CutPrefix(im.ID, keyForm); is && k.Key != "" {
		found = names["key "+keySpace(k, o.company.DomainID, key)]
	} else {
		found = names["id "+im.ID]
	}
	if k.Person {
		forms += " or the login ID"
		if len(found) == 0 {
			found = names[p.loginName(k, o.company.DomainID, im.ID)]
		}
	}
	switch {
	case o.live != nil:
		p.managedAlready(o, im, found)
	case !k.listed:
		p.failImport(o, im, "import.not_found", "the service was not asked for objects of kind "+k.Type, "switch the feature on in tenant.features, or take the import block away")
	case len(found) == 0 && o.st != nil && Imported(k.Kind, o.company.Domain, o.st, im.ID): // it is gone since
	case len(found) == 0:
		fix := "name it by " + forms
		if o.st != nil && o.st.ID != "" {
			fix += "; or take the import block away: what was managed here is gone, and is then made again"
		}
		p.failImport(o, im, "import.not_found", "nothing of kind "+k.Type+" at the tenant is "+quoted(im.ID), fix)
	case len(found) > 1:
		p.failImport(o, im, "import.not_found", quoted(im.ID)+" is "+describe(k, found), "name one of them by the service's ID")
	default:
		p.takeImported(o, im, found[0])
	}
}

// managedAlready refuses to make o another object than the one that it is. An import
// block that stays names what it was once; only where isa would restore a deleted object
// beside another one that nobody declares, it is obeyed instead of passed over.
func (p *planner) managedAlready(o *object, im *schema.Import, found []*live.Object) {
	same := func(l *live.Object) bool { return l.ID == o.live.ID }
	if im.ID == o.live.ID || slices.ContainsFunc(found, same) {
		return
	}
	detail := fmt.Sprintf("%s is managed already: it is %s", o.addr, describe(o.kind, []*live.Object{o.live}))
	switch {
	case len(found) == 0 && im.ByHand:
		p.failImport(o, im, "import.managed", detail+", and nothing at the tenant is "+quoted(im.ID), "an address is imported once; isa plan shows what differs")
	case im.ByHand || len(found) == 1 && found[0].Status != live.Deleted && o.kind.owner[found[0].ID] == nil:
		known := o.addr
		if !o.previous.IsZero() {
			known = o.previous
		}
		p.failImport(o, im, "import.managed", detail+", and "+quoted(im.ID)+" is "+describe(o.kind, found),
			fmt.Sprintf("import it as another address; if it is to take the place of the one that is managed, let isa forget that first: isa state rm '%s'", known))
	}
}

func (p *planner) takeImported(o *object, im *schema.Import, l *live.Object) {
	who := describe(o.kind, []*live.Object{l})
	switch owner := o.kind.owner[l.ID]; {
	case owner != nil && owner.inst == nil:
		fix := "if it is to go on as " + o.addr.String() + ", write a moved block instead of the import block"
		p.failImport(o, im, "import.managed", fmt.Sprintf("%s is %s in the state, which is not declared any more", who, owner.addr), fix)
		p.diags[len(p.diags)-1].Paste = pasteMoved(owner.addr, o.addr)
	case owner != nil:
		p.failImport(o, im, "import.managed", fmt.Sprintf("%s is %s already, which is declared", who, owner.addr), "take one of the two blocks out; one object of the tenant has one address")
	case l.Status == live.Deleted:
		p.failImport(o, im, "import.not_found", who+" is in the deletion period", "restore it in the admin console first, or declare somebody new")
	default:
		o.adopted, o.imported = o.st == nil, true
		p.take(o, l)
	}
}

func (p *planner) failImport(o *object, im *schema.Import, code, detail, fix string) {
	p.fail(o, nil, code, detail, fix)
	o.unselected = true
	if im.Place.Range != nil {
		p.diags[len(p.diags)-1].Place = im.Place
	}
}
