package mail

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers/directory"
)

// Plan is what a configuration says about the move of mail. It is read-only.
type Plan struct {
	Sources    []*Source    // by address
	Gateways   []*Gateway   // by address
	Waves      []*Wave      // by address
	Migrations []*Migration // in the order of writing
}

// Source is a server, or files, that mail comes from.
type Source struct {
	Address    addr.Address
	Type       string // TypeIMAP, TypePOP3, TypeEML, TypeMbox or TypeMaildir
	Directory  string // of files: where paths begin, relative to the configuration; "" the configuration's own
	Preset     string // "" none
	Quirk      string // QuirkGmail, QuirkExchange or ""
	Host       string
	Port       int
	TLS        string // TLSImplicit, TLSStart or TLSNone
	ServerName string // "" the host
	CAFile     string // PEM of further roots, relative to the configuration; "" none
	Limits     Limits
	Unserved   []string // what the service has and nobody can move this way
	declared   *schema.Instance
}

// Server is host:port, as limits count by; of files their kind and directory.
func (s *Source) Server() string {
	if Files(s.Type) {
		return s.Type + ":" + filepath.Clean(s.Directory)
	}
	return hostPort(s.Host, s.Port)
}

// place is what limits hold for together: the host of a server, all files of a kind in
// one directory.
func (s *Source) place() string {
	if Files(s.Type) {
		return s.Server()
	}
	return s.Host
}

// Limits is how gently a server is used; equal for all sources of one host. Zeros:
// isa's own.
type Limits struct {
	Connections       int // to the host
	PerAccount        int
	MessagesPerSecond int
	BytesPerSecond    int64
	Hours             Hours
}

// same reports whether two limits are equal.
func (l Limits) same(o Limits) bool {
	zones := l.Hours.Always() == o.Hours.Always() && (l.Hours.Always() || l.Hours.Zone.String() == o.Hours.Zone.String())
	l.Hours.Zone, o.Hours.Zone = nil, nil
	return zones && l == o
}

// Wave is a group of members who move together.
type Wave struct {
	Address     addr.Address
	Phase       Phase
	Members     []addr.Address // sorted; from the wave or from the migrations that name it
	Coexistence Coexistence
	Place       diag.Place
	declared    *schema.Instance
	listed      bool // the block lists its members
}

// Coexistence is how arriving mail reaches both sides.
type Coexistence struct {
	Mode  string    // CoexistNone, CoexistForwarding or CoexistRouting
	Since time.Time // zero when Mode is none
}

// Login is how to log in to an account of a source; zero for files. Secrets are handles.
type Login struct {
	Mode       string // LoginPassword, LoginMaster or LoginOAuth
	User       string
	Password   value.Secret // of User, or of MasterUser
	MasterUser string
	Style      string   // StyleAuthzid or StyleStar, for a master user
	Command    []string // prints a token
}

// Rules are what moves and what does not.
type Rules struct {
	Since, Before time.Time // [Since, Before); zero: no limit
	MaxSize       int64     // bytes; larger messages stay behind
	DualSince     time.Time // later mail in received folders reached the target by itself
	KeepLarge     string    // directory for .eml of what stays behind, "" none
	Folders       FolderRules
}

// Migration is the move of one account into one mailbox.
type Migration struct {
	Address     addr.Address
	Member      addr.Address
	Title       string // of the member, for people
	Mail        string // the address that the mailbox is opened by
	Source      *Source
	Path        string // of files, relative to Source.Directory
	Route       string
	Gateway     *Gateway // of RouteGateway, else nil
	Login       Login
	AppPassword value.Secret
	Wave        addr.Address // zero: none
	Phase       Phase        // of its wave; Presync without one
	Coexistence Coexistence
	Rules       Rules
	Filters     []string // Rules in words, in a stable order; part of what a reviewer approves
	Place       diag.Place
	Shared      bool // its account is meant to be copied into several mailboxes
	declared    *schema.Instance
}

// Account identifies the account at the source.
func (m *Migration) Account() string {
	if Files(m.Source.Type) {
		return filepath.Clean(m.Path) + " of " + m.Source.Server()
	}
	return strings.ToLower(m.Login.User) + " at " + m.Source.Server()
}

// Read turns the declared objects (all of the configuration, after Prepare) into a
// Plan, and checks the product's rules that concern more than one block. What is
// wrong in a block by itself was found before.
func Read(objs []*schema.Instance, tenant schema.Tenant) (Plan, diag.List) {
	r := reader{tenant: tenant, members: map[addr.Address]*schema.Instance{},
		sources: map[addr.Address]*Source{}, waves: map[addr.Address]*Wave{}, waveOf: map[addr.Address]*Wave{}, once: map[string]bool{}}
	r.plan.Gateways = Gateways(objs)
	for _, in := range objs {
		switch in.Kind.Type {
		case memberKind:
			r.members[in.Addr] = in
		case SourceKind:
			r.source(in)
		case WaveKind:
			r.wave(in)
		}
	}
	r.inTwoWaves()
	for _, in := range objs {
		if in.Kind.Type == MigrationKind {
			r.migration(in)
		}
	}
	r.check()
	r.list = append(r.list, r.plan.Unpromised(tenant.Facts)...)
	forwardings(objs, &r)
	slices.SortFunc(r.plan.Sources, func(a, b *Source) int { return addr.Compare(a.Address, b.Address) })
	slices.SortFunc(r.plan.Waves, func(a, b *Wave) int { return addr.Compare(a.Address, b.Address) })
	for _, w := range r.plan.Waves {
		slices.SortFunc(w.Members, addr.Compare)
		w.Members = slices.Compact(w.Members)
	}
	r.list.Sort()
	return r.plan, r.list
}

type reader struct {
	tenant  schema.Tenant
	members map[addr.Address]*schema.Instance
	sources map[addr.Address]*Source
	waves   map[addr.Address]*Wave
	waveOf  map[addr.Address]*Wave // member → the wave that lists it
	plan    Plan
	list    diag.List
	once    map[string]bool
	said    bool // that nothing tells the tenant's switches of mail
}

func (r *reader) report(in *schema.Instance, p schema.Problem) { r.list = append(r.list, in.Report(p)) }

// reportBlock reports what is wrong with all instances of a block, once.
func (r *reader) reportBlock(in *schema.Instance, p schema.Problem) {
	key := p.Code + "\x00" + in.Addr.Block().String()
	if !r.once[key] {
		r.once[key] = true
		r.report(in, p)
	}
}

func (r *reader) source(in *schema.Instance) {
	kind, server := serverOf(in.Attrs)
	limits, _ := in.Attrs["limits"].(value.Object)
	preset := presetOf(server)
	s := &Source{
		Address: in.Addr, Type: kind, Directory: value.Text(server["directory"]), Preset: preset.Name, Quirk: preset.Quirk, Host: serverHost(server), Port: number(server["port"]),
		TLS: value.Text(server["tls"]), ServerName: value.Text(server["server_name"]), CAFile: value.Text(server["ca_file"]), Unserved: unservedOf(kind, server), declared: in,
		Limits: Limits{
			Connections: number(limits["connections"]), PerAccount: number(limits["connections_per_account"]),
			MessagesPerSecond: number(limits["messages_per_second"]),
		},
	}
	if s.TLS == "" && !Files(kind) {
		s.TLS = TLSImplicit
	}
	if secure, plain := ports(kind); s.Port == 0 && s.TLS == TLSImplicit {
		s.Port = secure
	} else if s.Port == 0 {
		s.Port = plain
	}
	s.Limits.BytesPerSecond, _ = parseSize(value.Text(limits["bytes_per_second"])) // checked with the block
	s.Limits.Hours = hoursOf(limits)
	r.sources[in.Addr] = s
	r.plan.Sources = append(r.plan.Sources, s)
}

// hoursOf reads texts that were checked with the block.
func hoursOf(limits value.Object) Hours {
	text, name := value.Text(limits["hours"]), value.Text(limits["time_zone"])
	if text == "" {
		return Hours{}
	}
	from, to, err := parseHours(text)
	if err != nil {
		return Hours{}
	}
	if name == "" {
		name = "Asia/Seoul"
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = Korea()
	}
	return Hours{From: from, To: to, Zone: zone}
}

func (r *reader) wave(in *schema.Instance) {
	co, _ := in.Attrs["coexistence"].(value.Object)
	w := &Wave{Address: in.Addr, Phase: Phase(value.Text(in.Attrs["phase"])), Place: in.Where(nil), declared: in,
		Coexistence: Coexistence{Mode: value.Text(co["mode"])}}
	if w.Coexistence.Mode == "" {
		w.Coexistence.Mode = CoexistNone
	}
	w.Coexistence.Since, _ = parseMoment(value.Text(co["since"])) // checked with the block
	members, listed := in.Attrs["members"].(value.List)
	w.listed = listed
	for _, m := range members {
		if ref, ok := m.(value.Ref); ok {
			w.Members = append(w.Members, ref.Addr)
		}
	}
	r.waves[in.Addr] = w
	r.plan.Waves = append(r.plan.Waves, w)
}

func (r *reader) migration(in *schema.Instance) {
	m := &Migration{
		Address: in.Addr, Member: refAddr(in.Attrs["member"]), Path: value.Text(in.Attrs["path"]), Route: value.Text(in.Attrs["route"]), Source: r.sources[refAddr(in.Attrs["source"])],
		Phase: Presync, Coexistence: Coexistence{Mode: CoexistNone}, Login: loginOf(in.Attrs), declared: in, Place: in.Where(nil),
		Shared: value.True(in.Attrs["shared_account"]),
	}
	m.AppPassword, _ = in.Attrs["app_password"].(value.Secret)
	if m.Source == nil {
		return // a reference to nothing was reported
	}
	if who := r.members[m.Member]; who != nil {
		m.Title = m.Member.String()
		if who.Kind.Title != nil {
			m.Title = who.Kind.Title(who.Attrs)
		}
		m.Mail = directory.FullAddress(value.Text(who.Attrs["login_id"]), who.Company)
	}
	r.choose(m)
	m.Rules = rulesOf(in.Attrs)
	if m.Route == RouteServer { // where nothing can be chosen, and max_size is refused
		m.Rules.MaxSize = serverMaxSize
	}
	if m.Coexistence.Mode != CoexistNone {
		m.Rules.DualSince = m.Coexistence.Since
	}
	m.Filters = m.filters()
	r.plan.Migrations = append(r.plan.Migrations, m)
}

// choose finds the wave of a migration: the one that it names, else the one that
// lists its member.
func (r *reader) choose(m *Migration) {
	named, lists := r.waves[refAddr(m.declared.Attrs["wave"])], r.waveOf[m.Member]
	w := named
	switch {
	case named == nil:
		w = lists
	case lists != nil && lists != named:
		r.report(m.declared, ruleWaveMember.at(value.Of("wave"), fmt.Sprintf("%s names %s, and %s lists %s", m.Address, named.Address, lists.Address, m.Member),
			fmt.Sprintf("write wave = %s, or take the member out of its members", lists.Address)))
	case lists == nil && named.listed:
		r.report(m.declared, ruleWaveMember.at(value.Of("wave"), fmt.Sprintf("%s lists its members, and %s is not one of them", named.Address, m.Member),
			fmt.Sprintf("add the member to members of %s, or name another wave", named.Address)))
	}
	if w == nil {
		return
	}
	m.Wave, m.Phase, m.Coexistence = w.Address, w.Phase, w.Coexistence
	w.Members = append(w.Members, m.Member)
}

func loginOf(attrs value.Object) Login {
	o, ok := attrs["login"].(value.Object)
	if !ok {
		return Login{}
	}
	l := Login{Mode: value.Text(o["mode"]), User: value.Text(o["user"]), MasterUser: value.Text(o["master_user"]), Style: value.Text(o["style"]), Command: list(o["command"])}
	l.Password, _ = o["password"].(value.Secret)
	if l.Mode == "" {
		l.Mode = LoginPassword
	}
	if l.Mode == LoginMaster && l.Style == "" {
		l.Style = StyleAuthzid
	}
	return l
}

func rulesOf(attrs value.Object) Rules {
	var r Rules // texts were checked with the block
	r.Since, _ = parseDay(value.Text(attrs["since"]))
	r.Before, _ = parseDay(value.Text(attrs["before"]))
	r.KeepLarge = value.Text(attrs["keep_large"])
	if r.MaxSize, _ = parseSize(value.Text(attrs["max_size"])); r.MaxSize == 0 {
		r.MaxSize = DefaultMaxSize
	}
	folders, _ := attrs["folders"].(value.Object)
	r.Folders = FolderRules{Only: list(folders["only"]), Exclude: list(folders["exclude"]), Include: list(folders["include"])}
	if rename, ok := folders["rename"].(value.Object); ok {
		r.Folders.Rename = map[string]string{}
		for from, to := range rename {
			r.Folders.Rename[from] = value.Text(to)
		}
	}
	return r
}

// filters tells in words what moves.
func (m *Migration) filters() []string {
	out := []string{}
	r := m.Rules
	add := func(form string, args ...any) { out = append(out, fmt.Sprintf(form, args...)) }
	if !r.Since.IsZero() {
		add("since %s", day(r.Since))
	}
	if !r.Before.IsZero() {
		add("before %s", day(r.Before))
	}
	if r.MaxSize != DefaultMaxSize && m.Route != RouteServer {
		add("max_size %d", r.MaxSize)
	}
	for _, l := range []struct {
		word  string
		items []string
	}{{"only", r.Folders.Only}, {"exclude", r.Folders.Exclude}, {"include", r.Folders.Include}} {
		for _, item := range slices.Sorted(slices.Values(l.items)) {
			add("%s %s", l.word, item)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(r.Folders.Rename)) {
		add("rename %s → %s", from, r.Folders.Rename[from])
	}
	if !r.DualSince.IsZero() {
		add("%s since %s", m.Coexistence.Mode, r.DualSince.In(Korea()).Format("2006-01-02 15:04:05"))
	}
	return out
}

func refAddr(v value.Value) addr.Address {
	r, _ := v.(value.Ref)
	return r.Addr
}

func number(v value.Value) int {
	n, _ := v.(value.Int)
	return int(n)
}

func list(v value.Value) []string {
	l, _ := v.(value.List)
	var out []string
	for _, e := range l {
		out = append(out, value.Text(e))
	}
	return out
}
