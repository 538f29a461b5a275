package config

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/value"
)

// allHeads lists the blocks that declare no objects.
func (l *loader) allHeads() []*head {
	var out []*head
	for _, h := range append([]*head{l.heads.isa, l.heads.state, l.heads.tenant}, l.heads.guards...) {
		if h != nil {
			out = append(out, h)
		}
	}
	return out
}

func (l *loader) compileHeads() {
	if h := l.heads.isa; h != nil {
		l.findState(h.syntax)
		h.body = l.compileBody(h.syntax.Body, isaAttrs(), place{title: "isa", inner: "state"})
	}
	if h := l.heads.state; h != nil {
		h.body = l.compileBody(h.syntax.Body, stateAttrs(), place{title: "state"})
	}
	if h := l.heads.tenant; h != nil {
		h.body = l.compileBody(h.syntax.Body, tenantAttrs(), place{title: "tenant"})
	}
	for _, h := range l.heads.guards {
		h.body = l.compileBody(h.syntax.Body, guardAttrs(), place{title: "guard"})
	}
}

// findState finds the `state` block inside the `isa` block.
func (l *loader) findState(isa *hclsyntax.Block) {
	for _, b := range isa.Body.Blocks {
		if b.Type != "state" {
			continue
		}
		label, ok := l.labels(b, `the kind of backend, "local"`)
		switch {
		case !ok:
		case l.heads.state != nil:
			l.duplicateBlock(b, l.heads.state.syntax)
		case label != "local":
			l.problem(diag.Diagnostic{
				Code: "config.backend", Summary: "Unknown state backend",
				Detail: fmt.Sprintf("There is no backend %q.", label),
				Fix:    didYouMean(label, stateBackends(), `use state "local"`), Place: at(b.LabelRanges[0]),
			})
		default:
			l.heads.state = &head{syntax: b}
		}
	}
}

// decodeHead evaluates a head; its errors are placed.
func (l *loader) decodeHead(h *head, attrs []schema.Attr) (value.Object, func(diag.Diagnostic, ...string)) {
	if h == nil || h.body == nil {
		return value.Object{}, func(diag.Diagnostic, ...string) {}
	}
	exprs := h.body.exprs(nil)
	l.ready(exprs...)
	s := &scope{l: l}
	obj := s.body(h.body, l.env(), nil)
	if s.open && !s.diags.HasErrors() && !l.anyErrors() {
		s.diags = append(s.diags, diag.Diagnostic{
			Code: "reference.not_known", Summary: "A value that is not known", Detail: "A value of this block is known only later.",
			Fix: "use only values that are written in the configuration", Place: at(h.syntax.DefRange()),
		})
	}
	l.diags = append(l.diags, s.diags...)
	h.failed = s.open || s.diags.HasErrors()
	where := &instance{block: &block{body: h.body, syntax: h.syntax}}
	return obj, func(d diag.Diagnostic, names ...string) {
		d.Place = l.where(where, value.Of(names...))
		l.problem(d)
	}
}

func (l *loader) evaluateHeads() {
	l.evaluateIsa()
	l.evaluateTenant()
	for _, g := range l.heads.guards {
		l.evaluateGuard(g)
	}
}

func (l *loader) evaluateIsa() {
	isa, report := l.decodeHead(l.heads.isa, isaAttrs())
	if text := value.Text(isa["required_version"]); text != "" {
		l.cfg.Isa.RequiredVersion = text
		l.checkVersion(text, report)
	}
	handout, _ := isa["handout"].(value.Object)
	l.cfg.Isa.HandoutRecipients = texts(handout["recipients"])
	for _, r := range l.cfg.Isa.HandoutRecipients {
		if secret.CheckRecipient(r) != nil {
			report(diag.Diagnostic{
				Code: "config.recipient", Summary: "Not an age recipient", Detail: fmt.Sprintf("%q is no age public key.", r),
				Fix: "write a key that begins with age1, as age-keygen prints it",
			}, "handout", "recipients")
		}
	}
	if p := value.Text(handout["path"]); p != "" {
		l.cfg.Isa.HandoutPath = p
	}
	state, _ := l.decodeHead(l.heads.state, stateAttrs())
	if p := value.Text(state["path"]); p != "" {
		l.cfg.Isa.StatePath = p
	}
	if l.misplaced() {
		l.cfg.Isa.StatePath = ""
	}
	if h := l.heads.isa; h != nil && value.Text(handout["path"]) == "" && writesPath(h.syntax.Body) && (h.failed || l.wrongIn(rangesOf(handouts(h.syntax.Body)), nil)) {
		l.cfg.Isa.HandoutPath = ""
	}
}

// misplaced reports whether what says where the state is has an error, or may be in what
// could not be parsed: no default may stand for it.
func (l *loader) misplaced() bool {
	if s := l.heads.state; s != nil && (s.failed || slices.ContainsFunc(s.body.exprs(nil), func(e *expr) bool { return e.broken })) {
		return true
	}
	var elsewhere []hcl.Range // in the isa block
	for _, b := range l.heads.isas {
		elsewhere = append(elsewhere, rangesOf(handouts(b.Body))...)
		if a := b.Body.Attributes["required_version"]; a != nil {
			elsewhere = append(elsewhere, a.SrcRange)
		}
	}
	return l.torn && l.heads.state == nil || l.wrongIn(rangesOf(l.heads.isas), elsewhere)
}

// wrongIn reports whether there is an error in one of these places, and in none of the others.
func (l *loader) wrongIn(places, others []hcl.Range) bool {
	return slices.ContainsFunc(l.diags, func(d diag.Diagnostic) bool {
		in := func(r hcl.Range) bool { return within(d.Range, r) }
		return d.Severity == diag.Error && d.Range != nil && slices.ContainsFunc(places, in) && !slices.ContainsFunc(others, in)
	})
}

func within(at *diag.Range, r hcl.Range) bool {
	return at.File == r.Filename && at.Start.Byte >= r.Start.Byte && at.Start.Byte <= r.End.Byte
}

// handouts are the handout blocks of an isa block, and dynamic ones.
func handouts(isa *hclsyntax.Body) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, b := range isa.Blocks {
		if b.Type == "handout" || b.Type == "dynamic" && slices.Contains(b.Labels, "handout") {
			out = append(out, b)
		}
	}
	return out
}

func rangesOf(blocks []*hclsyntax.Block) []hcl.Range {
	var out []hcl.Range
	for _, b := range blocks {
		out = append(out, b.Range())
	}
	return out
}

// writesPath reports whether a handout block says where passwords go.
func writesPath(isa *hclsyntax.Body) bool {
	writes := func(b *hclsyntax.Block) bool { return b.Body.Attributes["path"] != nil }
	return slices.ContainsFunc(handouts(isa), func(b *hclsyntax.Block) bool {
		return writes(b) || slices.ContainsFunc(b.Body.Blocks, writes)
	})
}

func (l *loader) checkVersion(text string, report func(diag.Diagnostic, ...string)) {
	want, err := version.NewConstraint(text)
	if err != nil {
		report(diag.Diagnostic{
			Code: "config.version", Summary: "A required version that cannot be read",
			Detail: fmt.Sprintf("%q is no condition on versions.", text), Fix: `write one such as ">= 0.1" or "~> 1.2"`,
		}, "required_version")
		return
	}
	have, err := version.NewVersion(l.opts.Version)
	if l.opts.Version == "" || err != nil {
		return // a build without a version fits everything
	}
	if !want.Check(have.Core()) {
		report(diag.Diagnostic{
			Code: "config.version", Summary: "Another version of isa is required",
			Detail: fmt.Sprintf("The configuration requires %s; this is isa %s.", text, l.opts.Version),
			Fix:    "install a version that fits, or change required_version",
		}, "required_version")
	}
}

func (l *loader) evaluateTenant() {
	tenant, report := l.decodeHead(l.heads.tenant, tenantAttrs())
	t := &l.cfg.Tenant
	t.Plan, t.Edition = "standard", "commercial"
	if p := value.Text(tenant["plan"]); p != "" {
		t.Plan = p
	}
	if e := value.Text(tenant["edition"]); e != "" {
		t.Edition = e
	}
	t.Workplace = value.True(tenant["managed_by_workplace"])
	if f, ok := tenant["features"].(value.Object); ok {
		t.Features = schema.Features{
			SSO: value.True(f["sso"]), JobGrades: value.True(f["job_grades"]), Positions: value.True(f["positions"]),
			UserTypes: value.True(f["user_types"]), ExternalMailImport: value.True(f["external_mail_import"]),
			IPRestricted: value.True(f["ip_restricted"]), Licences: number(f["licences"]), MultilingualNames: texts(f["multilingual_names"]),
			Said: slices.Sorted(maps.Keys(f)),
		}
	}
	l.evaluateAccess(tenant)
	if h := l.heads.tenant; h != nil {
		c := l.company(tenant, "", "tenant", report)
		t.Companies = append(t.Companies, c)
	} else {
		t.Companies = append(t.Companies, schema.Company{})
	}
	for _, b := range l.byType[companyType] {
		l.readyBlock(b, nil)
		for _, in := range b.instances {
			if in.object == nil {
				continue
			}
			report := func(d diag.Diagnostic, names ...string) {
				d.Address, d.Place = in.addr.String(), in.object.Where(value.Of(names...))
				l.problem(d)
			}
			c := l.company(in.object.Attrs, b.addr.Label, b.addr.String(), report)
			l.checkCompany(c, report)
			t.Companies = append(t.Companies, c)
		}
	}
}

// company reads a domain from the tenant block or a company block.
func (l *loader) company(o value.Object, label, title string, report func(diag.Diagnostic, ...string)) schema.Company {
	c := schema.Company{Label: label, Domain: value.Text(o["domain"]), DomainID: number(o["domain_id"])}
	group := value.Text(o["group"])
	withoutMail := slices.Contains(plansWithout(), l.cfg.Tenant.Plan)
	switch {
	case c.Domain != "" && group != "":
		report(diag.Diagnostic{
			Code: "config.domain", Summary: "Domain or group name", Detail: title + " has both domain and group.",
			Fix: "keep domain; plans without mail have group instead",
		}, "group")
	case c.Domain == "" && group == "":
		name := "domain"
		if withoutMail {
			name = "group"
		}
		if o["domain_id"] != nil {
			report(diag.Diagnostic{
				Code: "config.domain", Summary: "Domain or group name", Detail: fmt.Sprintf("%s does not say its %s.", title, name),
				Fix: fmt.Sprintf("add %s = \"…\"", name),
			})
		}
	case group != "" && !withoutMail:
		report(diag.Diagnostic{
			Code: "config.domain", Summary: "Domain or group name",
			Detail: fmt.Sprintf("The plan %s has mail, so it has a domain, not a group name.", l.cfg.Tenant.Plan),
			Fix:    `write domain = "…", or set plan = "free" or "lite"`,
		}, "group")
	case c.Domain != "" && withoutMail:
		report(diag.Diagnostic{
			Code: "config.domain", Summary: "Domain or group name",
			Detail: fmt.Sprintf("The plan %s has no mail, so it has a group name, not a domain.", l.cfg.Tenant.Plan),
			Fix:    `write group = "…", or set another plan`,
		}, "domain")
	}
	if c.Domain == "" {
		c.Domain = group
	}
	if c.DomainID <= 0 && o["domain_id"] != nil {
		report(diag.Diagnostic{
			Code: "config.domain_id", Summary: "Not the number of a domain", Detail: fmt.Sprintf("%d cannot be a domain's number.", c.DomainID),
			Fix: "copy it from the developer console",
		}, "domain_id")
	}
	c.Domain = strings.ToLower(c.Domain)
	return c
}

func (l *loader) checkCompany(c schema.Company, report func(diag.Diagnostic, ...string)) {
	for _, other := range l.cfg.Tenant.Companies {
		switch {
		case other.DomainID == c.DomainID && c.DomainID != 0:
			report(diag.Diagnostic{
				Code: "config.domain_id", Summary: "Not the number of a domain",
				Detail: fmt.Sprintf("%d is also the number of %s.", c.DomainID, other.Domain), Fix: "give each company its own domain_id",
			}, "domain_id")
		case other.Domain == c.Domain && c.Domain != "":
			report(diag.Diagnostic{
				Code: "config.domain", Summary: "Domain or group name",
				Detail: fmt.Sprintf("%s is declared twice.", c.Domain), Fix: "give each company its own domain",
			}, "domain")
		}
	}
}

func (l *loader) evaluateAccess(tenant value.Object) {
	a := &l.cfg.Access
	if c, ok := tenant["credentials"].(value.Object); ok {
		a.ClientID, a.ServiceAccount = value.Text(c["client_id"]), value.Text(c["service_account"])
		a.ClientSecret, _ = c["client_secret"].(value.Secret)
		a.PrivateKey, _ = c["private_key"].(value.Secret)
	}
	if h := l.heads.tenant; h != nil {
		a.Range = rangeOf(h.syntax.DefRange())
		for _, b := range h.syntax.Body.Blocks {
			if b.Type == "credentials" {
				a.Range = rangeOf(b.DefRange())
			}
		}
	}
	if secret.Prompts(a.ClientSecret) || secret.Prompts(a.PrivateKey) {
		place := a.Range
		l.problem(diag.Diagnostic{
			Code: "secret.handle", Summary: "A secret that cannot be asked for", Detail: "Every plan needs the credentials, and a plan never asks.",
			Fix: "use secret_env, secret_file or secret_command here; secret_prompt is for passwords that only an apply or a sync needs", Place: diag.Place{Range: &place},
		})
	}
	a.APIBase, a.AuthBase = l.base("ISA_API_BASE"), l.base("ISA_AUTH_BASE")
	a.IMAPBase = l.mailBase("ISA_IMAP_BASE")
}

// base reads the address of a host from the environment.
func (l *loader) base(name string) string {
	text, ok := l.opts.Env(name)
	if text = strings.TrimRight(strings.TrimSpace(text), "/"); !ok || text == "" {
		return ""
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		l.problem(diag.Diagnostic{
			Code: "config.host", Summary: "Not the address of a host", Detail: fmt.Sprintf("%s is no http or https address.", name),
			Fix: "set it to an address such as http://127.0.0.1:8080, or unset it",
		})
		return ""
	}
	return text
}

// mailBase reads the address of a mail host from the environment. Without TLS
// passwords would be read on the way, so that it is taken only on this machine.
func (l *loader) mailBase(name string) string {
	text, ok := l.opts.Env(name)
	if text = strings.TrimRight(strings.TrimSpace(text), "/"); !ok || text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "imap" && u.Scheme != "imaps" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		l.problem(diag.Diagnostic{
			Code: "config.host", Summary: "Not the address of a host", Detail: fmt.Sprintf("%s is no imap or imaps address.", name),
			Fix: "set it to an address such as imaps://mail.example.com:993 or imap://127.0.0.1:1143, or unset it",
		})
		return ""
	case u.Scheme == "imap" && !thisMachine(u.Hostname()):
		l.problem(diag.Diagnostic{
			Code: "config.host", Summary: "Not the address of a host",
			Detail: fmt.Sprintf("%s leads to another machine without TLS, so that passwords could be read on the way.", name),
			Fix:    "write imaps:// in front, or unset it",
		})
		return ""
	}
	return text
}

// thisMachine tells a host that leads nowhere else.
func thisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (l *loader) evaluateGuard(h *head) {
	o, report := l.decodeHead(h, guardAttrs())
	g := Guard{Code: h.syntax.Labels[0], Range: rangeOf(h.syntax.DefRange())}
	if n, ok := o["max_count"].(value.Int); ok {
		count := int(n)
		g.MaxCount = &count
		if n < 0 || int64(count) != int64(n) {
			report(diag.Diagnostic{
				Code: "config.guard", Summary: "A limit that makes no sense", Detail: fmt.Sprintf("max_count is %d.", n), Fix: "write 0 or more",
			}, "max_count")
		}
	}
	if text := value.Text(o["max_percent"]); text != "" {
		p, err := strconv.ParseFloat(text, 64)
		if err != nil || !(p >= 0 && p <= 100) {
			report(diag.Diagnostic{
				Code: "config.guard", Summary: "A limit that makes no sense", Detail: fmt.Sprintf("max_percent is %q.", text), Fix: "write a number from 0 to 100",
			}, "max_percent")
		}
		g.MaxPercent = &p
	}
	if g.MaxCount == nil && g.MaxPercent == nil && len(h.syntax.Body.Attributes) == 0 {
		report(diag.Diagnostic{
			Code: "config.guard", Summary: "A limit that makes no sense", Detail: "The guard sets no limit.", Fix: "add max_count or max_percent",
		})
	}
	l.cfg.Guards = append(l.cfg.Guards, g)
}

// takeShared moves the arguments that every kind has from an object's
// attributes to where the instance keeps them.
func (l *loader) takeShared(in *instance) {
	obj := in.object
	company := ""
	if ref, ok := obj.Attrs[companyAttr].(value.Ref); ok && ref.Addr.Type == companyType {
		company = ref.Addr.Label
		delete(obj.Attrs, companyAttr)
	}
	obj.Company, _ = l.cfg.Tenant.Company(company)
	if keys, ok := obj.Attrs[previousAttr]; ok {
		obj.Previous = texts(keys)
		delete(obj.Attrs, previousAttr)
	}
	life, ok := obj.Attrs[lifecycleAttr].(value.Object)
	if !ok {
		return
	}
	delete(obj.Attrs, lifecycleAttr)
	obj.Lifecycle = schema.Lifecycle{
		OnRemove: value.Text(life["on_remove"]), Seed: texts(life["seed"]), Ignore: texts(life["ignore"]),
		Protect: value.True(life["protect"]), LeaversUnit: addressIn(life["leavers_unit"]),
		DeleteAfter: l.days(in, value.Text(life["delete_after"])),
	}
	for _, list := range []string{"seed", "ignore"} {
		l.checkNames(in, life, list)
	}
}

func (l *loader) lifecycleProblem(in *instance, path value.Path, detail, fix string) {
	in.diags = append(in.diags, in.object.Report(schema.Problem{
		Code: "config.lifecycle", Path: path, Summary: "A rule for the life of an object that makes no sense", Detail: detail, Fix: fix,
	}))
}

// maxDays bounds delete_after: ten years.
const maxDays = 3660

var daysPattern = regexp.MustCompile(`^([0-9]{1,5})d$`)

func (l *loader) days(in *instance, text string) int {
	if text == "" {
		return 0
	}
	m := daysPattern.FindStringSubmatch(text)
	if m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n >= 1 && n <= maxDays {
			return n
		}
	}
	l.lifecycleProblem(in, value.Of(lifecycleAttr, "delete_after"), fmt.Sprintf("%q is no number of days.", text), fmt.Sprintf(`write days from 1d to %dd, such as "90d"`, maxDays))
	return 0
}

func (l *loader) checkNames(in *instance, life value.Object, list string) {
	var names []string
	for _, a := range in.object.Kind.Attrs {
		if !a.Steering {
			names = append(names, a.Name)
		}
	}
	for i, name := range texts(life[list]) {
		if !slices.Contains(names, name) {
			l.lifecycleProblem(in, value.Of(lifecycleAttr, list).Index(i), fmt.Sprintf("%s has no argument %s.", in.addr.Type, name),
				didYouMean(name, names, "use names of arguments"))
		}
	}
}

func (l *loader) checkAsOf() {
	if l.opts.AsOf == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, l.opts.AsOf); err != nil {
		l.problem(diag.Diagnostic{
			Code: "config.as_of", Summary: "Not a date", Detail: fmt.Sprintf("--as-of %q is no date.", l.opts.AsOf), Fix: "write it as 2026-01-31",
		})
	}
}

func addressIn(v value.Value) addr.Address {
	r, _ := v.(value.Ref)
	return r.Addr
}

func number(v value.Value) int {
	n, _ := v.(value.Int)
	return int(n)
}

func texts(v value.Value) []string {
	list, _ := v.(value.List)
	var out []string
	for _, e := range list {
		out = append(out, value.Text(e))
	}
	return out
}

func sortedNames(o value.Object) []string { return slices.Sorted(maps.Keys(o)) }
