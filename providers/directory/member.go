package directory

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/hr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// member is a person (구성원).
func member() *schema.Kind {
	return &schema.Kind{
		Type: Member, Version: 1, Attrs: memberAttrs(),
		Key: "external_key", Natural: []string{"login_id"},
		Person:   true,
		Removals: []string{"suspend", "delete", "keep"},
		Prepare:  prepareMember,
		Claims:   memberClaims,
		Leave:    leave,
		Title:    memberTitle,
		Notices:  invitations,
		Relocate: relocation(), SuspendOn: "suspend_on", Registration: registrationDays,
		Lost: "the mailbox, personal events, the personal drive folder and all message-room data; it can be restored for 7 days, message-room data never",
	}
}

func memberAttrs() []schema.Attr {
	text := func(name, sensitive, doc string, check rule) schema.Attr {
		return schema.Attr{Name: name, Type: schema.Text(), Clearable: true, Sensitive: sensitive, Check: texts(check), Doc: doc}
	}
	personal := func(a schema.Attr) schema.Attr { a.Personal = true; return a }
	phone := func(name, sensitive, doc string) schema.Attr {
		a := text(name, sensitive, doc, phoneText)
		a.Normalise = hr.PhoneNormal
		return a
	}
	login := schema.Attr{
		Name: "login_id", Type: schema.Text(), Required: true, CaseFold: true, SignsOut: true, Sensitive: "member.login_id", Check: texts(loginAddress),
		Doc: "The login ID, which is the mail address too: 2 to 40 characters of a-z, 0-9, . - _; the company's own domain may be left out. A change signs the member out everywhere.",
	}
	privateEmail := personal(text("private_email", "member.private_email", "A mail address outside, for the invitation; up to 256 characters, lower case.", outsideAddress()))
	privateEmail.CaseFold = true
	locale := schema.Attr{Name: "locale", Type: schema.Text(), Enum: Languages(), ServerFilled: true, Doc: "The member's language."}
	zone := schema.Attr{Name: "time_zone", Type: schema.Text(), ServerFilled: true, Check: texts(zoneText), Doc: `The member's time zone, e.g. "Asia/Seoul".`}
	attrs := []schema.Attr{
		keyAttr("tenant", "member.key"),
		{Name: "previous_keys", Type: schema.ListOf(schema.Text()), Steering: true, Check: texts(length(100)),
			Doc: "External keys or for_each keys under which the same person was known before."},
		login,
		text("last_name", "member.name", "The family name; together with first_name up to 80 characters, one of the two is needed.", personText),
		text("first_name", "member.name", "The given name.", personText),
		text("phonetic_last_name", "", "The family name in katakana, up to 100 characters.", katakana),
		text("phonetic_first_name", "", "The given name in katakana, up to 100 characters.", katakana),
		namesAttr(schema.ObjectOf(
			schema.Attr{Name: "last", Type: schema.Text(), Clearable: true, Check: texts(translatedText), Doc: "The family name, up to 100 characters."},
			schema.Attr{Name: "first", Type: schema.Text(), Clearable: true, Check: texts(translatedText), Doc: "The given name, up to 100 characters."},
		), `The name in other languages: { en_US = { last = "Hong", first = "Gildong" } }.`),
		text("nickname", "", "A nickname, up to 100 characters.", both(length(100), onlySpecials(personSpecials))),
		privateEmail,
		{Name: "aliases", Type: schema.ListOf(schema.Text()), Set: true, Ownership: "exact", CaseFold: true, Clearable: true, Check: atMost(10, loginAddress),
			Doc: "Up to 10 further addresses that reach the member; plans with mail only."},
		ownershipAttr("exact", "aliases, belongs_to and relation"),
		{Name: "user_type", Type: schema.RefTo(UserType), Clearable: true, Doc: "The user type, of the member's company."},
		{Name: "job_grade", Type: schema.RefTo(JobGrade), Clearable: true, Doc: "The grade in the member's own company."},
		toggle("searchable", "Whether the member is suggested and found in search."),
		phone("telephone", "", "The office number or extension, up to 100 characters: digits and + - * # P T ( )."),
		personal(phone("cell_phone", "member.phone", "The mobile number; proves identity when ID or password is lost.")),
		text("location", "", "The place of work, up to 100 characters.", length(100)),
		text("task", "", "What the member is responsible for, up to 100 characters.", length(100)),
		personal(text("employee_number", "member.employee_number", "The employee number, 1 to 20 characters.", length(20))),
		text("hired_on", "", "The day of employment, YYYY-MM-DD or another way of writing that date() reads.", dateText),
		locale, zone,
		{Name: "belongs_to", Type: schema.ListOf(schema.ObjectOf(postAttrs()...)), Block: true, Set: true, ElemKey: "org_unit", Ownership: "exact", Vital: true,
			Doc: "A unit the member belongs to, up to 30 a company; posts in other companies too. The first is the primary one unless one says so."},
		{Name: "password", Type: schema.ObjectOf(passwordAttrs()...), Block: true, CreateOnly: true, WriteOnly: true,
			Doc: "How the first password is made. It counts at creation only and has no role with SSO."},
	}
	attrs = append(append(attrs, concurrentAttr(), preserveAttr()), dateAttrs()...)
	attrs = append(append(attrs, profileAttrs()...), customAttr(), photoAttr(), leaveAttr())
	return append(attrs, chatAttrs()...)
}

func postAttrs() []schema.Attr {
	primary := toggle("primary", "Whether this is the member's main unit, which lies in the member's own company.")
	primary.Sensitive = "member.primary_unit"
	return []schema.Attr{
		{Name: "org_unit", Type: schema.RefTo(OrgUnit), Required: true, Doc: "The unit."},
		{Name: "position", Type: schema.RefTo(Position), Clearable: true, Doc: "The position in this unit; clear takes it away."},
		toggle("head", "Whether the member is the head of this unit. A unit has one head."),
		primary,
		toggle("visible", "Whether the member is shown in this unit of the org chart."),
		toggle("team_features", "Whether the member takes part in the unit's room, mail, calendar and folder."),
	}
}

func passwordAttrs() []schema.Attr {
	return []schema.Attr{
		{Name: "mode", Type: schema.Text(), Required: true, Enum: []string{"member", "admin"},
			Doc: `"member": an invitation goes to private_email; "admin": isa sets the first password.`},
		{Name: "value", Type: schema.SecretType(), Doc: "The first password, a secret."},
		toggle("generate", "Whether isa makes a password and hands it out encrypted."),
		toggle("change_at_next_login", "Whether it must be changed at the first login; default true."),
	}
}

// memberTitle writes 홍길동 gildong.hong, or Hong Gildong gildong.hong.
func memberTitle(attrs value.Object) string {
	last, first := value.Text(attrs["last_name"]), value.Text(attrs["first_name"])
	between := ""
	if strings.IndexFunc(last+first, func(r rune) bool { return unicode.Is(unicode.Latin, r) }) >= 0 {
		between = " "
	}
	return join(strings.TrimSpace(last+between+first), value.Text(attrs["login_id"]))
}

// leave tells what a leaver gives up: the office of head everywhere and, when
// unit is given, every post but a plain one in that unit.
func leave(attrs value.Object, unit value.Value) value.Object {
	if unit != nil {
		return value.Object{"belongs_to": value.List{value.Object{
			"org_unit": unit, "primary": value.Bool(true), "head": value.Bool(false), "position": value.Clear{},
		}}}
	}
	posts, _ := attrs["belongs_to"].(value.List)
	out, heads := make(value.List, len(posts)), false
	for i, p := range posts {
		out[i] = p
		if post, ok := p.(value.Object); ok && value.True(post["head"]) {
			out[i], heads = withoutHead(post), true
		}
	}
	if !heads {
		return value.Object{}
	}
	return value.Object{"belongs_to": out}
}

func withoutHead(post value.Object) value.Object {
	post = clone(post)
	post["head"] = value.Bool(false)
	return post
}

func memberClaims(attrs value.Object, company schema.Company, id func(value.Value) string) []schema.Claim {
	claims := keyClaim(Member, "", attrs)
	logins := addressClaim("login_id", attrs, company)
	for i := range logins { // isa doctor --calibrate tries a login; aliases, keys and offices stay held
		logins[i].Forgotten = schema.Fact{Name: "deleted-reserved", Value: "no"}
	}
	names := append(logins, listClaims("aliases", attrs, company)...)
	names = append(names, concurrentClaims(attrs)...)
	for i := range names {
		names[i].Person = true
	}
	claims = append(claims, names...)
	posts, _ := attrs["belongs_to"].(value.List)
	for i, p := range posts {
		post, ok := p.(value.Object)
		if !ok || !value.True(post["head"]) || id(post["org_unit"]) == "" {
			continue
		}
		rest := append(value.List{}, posts...)
		rest[i] = withoutHead(post)
		claims = append(claims, schema.Claim{
			Space: "head", Name: id(post["org_unit"]), Path: value.Of("belongs_to").Index(i).Name("head"),
			Vacate: value.Object{"belongs_to": rest},
		})
	}
	return claims
}

func prepareMember(in *schema.Instance) []schema.Problem {
	attrs := clone(in.Attrs)
	problems := canonicalAddress(attrs, "login_id", in.Company)
	problems = append(problems, canonicalAddress(attrs, "private_email", schema.Company{})...)
	problems = append(problems, canonicalAddresses(attrs, "aliases", in.Company)...)
	problems = append(problems, translations(attrs, translatedText)...)
	problems = append(problems, nameProblems(attrs)...)
	problems = append(problems, aliasProblems(attrs)...)
	problems = append(problems, preparePosts(attrs)...)
	problems = append(problems, passwordProblems(attrs)...)
	problems = append(problems, profileProblems(attrs)...)
	problems = append(problems, prepareLeave(attrs)...)
	problems = append(problems, chatProblems(attrs)...)
	problems = append(problems, prepareConcurrent(attrs, in.Company)...)
	canonicalDate(attrs, "hired_on")
	canonicalDates(attrs)
	in.Attrs = attrs
	return problems
}

// canonicalDate writes a date that can be read as YYYY-MM-DD; one that cannot is
// reported by the attribute's Check.
func canonicalDate(attrs value.Object, attr string) {
	if day, err := hr.Date(value.Text(attrs[attr])); err == nil {
		attrs[attr] = value.String(day)
	}
}

// nameProblems: one of both names, together at most 80 characters (10 §9.2). A
// member with neither may be one whose name isa does not manage, but could not
// be created.
func nameProblems(attrs value.Object) []schema.Problem {
	last, first := value.Text(attrs["last_name"]), value.Text(attrs["first_name"])
	known := func(name string) bool { _, other := attrs[name].(value.Ref); return !other }
	n := utf8.RuneCountInString(last + first)
	switch {
	case n > 80:
		return []schema.Problem{ruleMemberName.at(value.Of("first_name"), fmt.Sprintf("last and first name have %d characters together", n), "shorten them to 80")}
	case n == 0 && known("last_name") && known("first_name"):
		return []schema.Problem{ruleMemberName.at(nil, "neither last_name nor first_name is given", "write one of them; split_name() takes a full name apart")}
	}
	return nil
}

func aliasProblems(attrs value.Object) []schema.Problem {
	aliases, _ := attrs["aliases"].(value.List)
	for i, a := range aliases {
		if a == attrs["login_id"] {
			return []schema.Problem{ruleAliasLogin.at(value.Of("aliases").Index(i), value.Text(a)+" is the login ID", "remove the alias")}
		}
	}
	return nil
}

// preparePosts makes the primary unit explicit: the one that says so, else the
// first (10 §9.6). Where isa owns only the listed posts, nobody is primary
// unless it says so.
func preparePosts(attrs value.Object) []schema.Problem {
	posts, ok := attrs["belongs_to"].(value.List)
	if !ok {
		return nil
	}
	var problems []schema.Problem
	primary, seen := -1, map[value.Value]bool{}
	for i, p := range posts {
		post, ok := p.(value.Object)
		if !ok {
			continue
		}
		at := value.Of("belongs_to").Index(i)
		if value.True(post["primary"]) {
			if primary >= 0 {
				problems = append(problems, rulePrimary.at(at.Name("primary"), "another belongs_to block is primary already", "write primary = true at one block only"))
			}
			primary = i
		}
		if unit := post["org_unit"]; comparable(unit) {
			if seen[unit] {
				problems = append(problems, ruleUnitTwice.at(at.Name("org_unit"), "another belongs_to block names this unit", "put both into one block"))
			}
			seen[unit] = true
		}
	}
	if primary < 0 && value.Text(attrs["ownership"]) == "listed" {
		return problems
	}
	attrs["belongs_to"] = withPrimary(posts, max(primary, 0))
	return problems
}

func comparable(v value.Value) bool {
	switch v.(type) {
	case value.Ref, value.String:
		return true
	}
	return false
}

func withPrimary(posts value.List, primary int) value.List {
	out := make(value.List, len(posts))
	for i, p := range posts {
		out[i] = p
		if post, ok := p.(value.Object); ok {
			post = clone(post)
			post["primary"] = value.Bool(i == primary)
			out[i] = post
		}
	}
	return out
}

func passwordProblems(attrs value.Object) []schema.Problem {
	password, ok := attrs["password"].(value.Object)
	if !ok {
		return nil
	}
	at := value.Of("password")
	given, generate := password["value"] != nil, value.True(password["generate"])
	switch admin := value.Text(password["mode"]) == "admin"; {
	case admin && given == generate:
		return []schema.Problem{rulePassword.at(at.Name("mode"), `mode "admin" needs exactly one of value and generate`, "write value = secret_…() or generate = true")}
	case !admin && (given || generate):
		return []schema.Problem{rulePassword.at(at.Name("mode"), `in mode "member" the member sets the password`, `remove value and generate, or write mode = "admin"`)}
	}
	return nil
}

// invitations counts the mail that creating the member sends: one to
// private_email, unless isa sets the password (10 §2.2).
func invitations(attrs value.Object) int {
	password, _ := attrs["password"].(value.Object)
	if value.Text(attrs["private_email"]) == "" || value.Text(password["mode"]) == "admin" {
		return 0
	}
	return 1
}
