package mail

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// maxPOP3Accounts is how many POP3 accounts the service registers for a member
// (guide 0-40).
const maxPOP3Accounts = 10

// routes checks what routes need, and what they need of the tenant.
func (r *reader) routes() {
	pop3 := map[addr.Address]int{}
	for _, m := range r.plan.Migrations {
		r.from(m)
		switch m.Route {
		case RouteGateway:
			r.imported(m)
			r.throughGateway(m)
		case RouteServer:
			r.imported(m)
			r.byServer(m)
			if m.Source.Type != TypePOP3 {
				continue
			}
			if pop3[m.Member]++; pop3[m.Member] == maxPOP3Accounts+1 {
				r.report(m.declared, rulePOP3Accounts.at(value.Of("source"), fmt.Sprintf("%s has more than %d", m.Member, maxPOP3Accounts),
					`write route = "gateway" for the others, which needs no registration`))
			}
		}
	}
}

// from checks that a block says how its source's kind is opened.
func (r *reader) from(m *Migration) {
	_, login := m.declared.Attrs["login"].(value.Object)
	switch file := Files(m.Source.Type); {
	case file && m.Path == "":
		r.report(m.declared, rulePath.at(value.Of("path"), m.Source.Address.String()+" is files, and nothing says which are this member's", `write path = "…"`))
	case file && login:
		r.report(m.declared, rulePath.at(value.Of("login"), m.Source.Address.String()+" is files, which nobody logs in to", "remove login, and write path"))
	case !file && !login:
		r.report(m.declared, ruleLogin.at(value.Of("login"), m.Source.Address.String()+" is a server, and nothing says how to log in there", `add login { user = "…" }`))
	case !file && m.Path != "":
		r.report(m.declared, rulePath.at(value.Of("path"), m.Source.Address.String()+" is a server, where an account is opened by its login", "remove path"))
	}
	if m.Source.Type != TypePOP3 {
		return
	}
	if _, ok := m.declared.Attrs["folders"].(value.Object); ok {
		r.report(m.declared, rulePOP3.at(value.Of("folders"), "POP3 has one folder, whose mail goes into the inbox", "remove folders; a mailbox program or the member may file the mail afterwards"))
	}
}

// imported says what the service's own migration needs of the tenant (guide 0-22, 40
// §2.4). The API tells neither switch.
func (r *reader) imported(m *Migration) {
	f := r.tenant.Features
	says := func(name string) bool { return r.tenant.Features.Says(name) }
	if says("external_mail_import") && !f.ExternalMailImport {
		r.reportBlock(m.declared, ruleImport.at(value.Of("route"), "tenant.features says that external_mail_import is off",
			"switch it on (Admin > Security > Mail Security > Import external email) and write external_mail_import = true, or write route = \"append\""))
	}
	if f.IPRestricted {
		r.reportBlock(m.declared, ruleDesignated.at(value.Of("route"), "tenant.features says ip_restricted: with designated addresses only the service imports no mail",
			`lift it for the time of the move (Admin > Security > Network Security), or write route = "append"`))
	}
	if r.said || says("external_mail_import") && says("ip_restricted") {
		return
	}
	r.said = true
	r.report(m.declared, ruleImport.warn(value.Of("route"), "whether the tenant allows it is told by no API, and tenant.features does not say",
		"look at Admin > Security > Mail Security > Import external email, and > Network Security > designated IPs; write features { external_mail_import = true, ip_restricted = false } in tenant"))
}

// throughGateway finds the gateway of a migration and checks that it fits.
func (r *reader) throughGateway(m *Migration) {
	named := refAddr(m.declared.Attrs["gateway"])
	for _, g := range r.plan.Gateways {
		if g.Address == named || named.IsZero() && len(r.plan.Gateways) == 1 {
			m.Gateway = g
		}
	}
	switch {
	case m.Gateway != nil:
	case !named.IsZero():
		return // a reference to nothing was reported
	case len(r.plan.Gateways) == 0:
		r.reportBlock(m.declared, ruleGateway.at(value.Of("route"), "there is no mail_gateway block", `write mail_gateway "main" { host = "…", certificate = "…", key = "…", spool = "…" }`))
		return
	default:
		r.reportBlock(m.declared, ruleGateway.at(value.Of("gateway"), fmt.Sprintf("there are %d gateways", len(r.plan.Gateways)), "write gateway = "+r.plan.Gateways[0].Address.String()))
		return
	}
	if m.Rules.MaxSize >= serviceMaxSize {
		r.report(m.declared, ruleSize.at(value.Of("max_size"), "the service's migration leaves out messages of 50 MB and more, and counts them nowhere", `write max_size = "47MB" or less, and keep_large to keep the others as files`))
	}
	if m.Rules.MaxSize > m.Gateway.Quota {
		r.report(m.declared, ruleQuota.at(value.Of("max_size"), fmt.Sprintf("one message may have %s, and the spool of %s holds %s", bytesText(m.Rules.MaxSize), m.Gateway.Address, bytesText(m.Gateway.Quota)),
			"write a larger quota, or a smaller max_size"))
	}
}

// byServer checks what the service can fetch from the old server for itself. It
// chooses nothing.
func (r *reader) byServer(m *Migration) {
	s := m.Source
	refuse := func(path value.Path, detail, fix string) { r.report(m.declared, ruleServer.at(path, detail, fix)) }
	switch {
	case Files(s.Type):
		refuse(value.Of("route"), s.Address.String()+" is files on this machine, which the service cannot fetch", `write route = "gateway" or "append"`)
		return
	case s.TLS == TLSStart:
		refuse(value.Of("route"), "the service knows TLS from the first byte and none, and "+s.Address.String()+" has starttls", `write tls = "implicit" there if the server can, or another route`)
	case s.Type == TypePOP3 && (s.TLS == TLSImplicit) != (s.Port == 995) && !loopback(s.Host):
		refuse(value.Of("route"), fmt.Sprintf("for POP3 the service is told the port and nothing of TLS, so that 995 stands for TLS, and %s has port %d with tls = %q", s.Address, s.Port, s.TLS),
			`let the server use the usual port, or write route = "gateway"`)
	}
	if m.Login.Mode != LoginPassword {
		refuse(value.Of("login", "mode"), fmt.Sprintf("the service logs in with a password, not by %q", m.Login.Mode), `write mode = "password", or route = "gateway"`)
	} else if s.Type == TypeIMAP && m.Login.User != "" && !mailAddress(m.Login.User) {
		refuse(value.Of("login", "user"), fmt.Sprintf("the service takes e-mail addresses as login names only, not %q", m.Login.User), `write the address if the old server takes it, or route = "gateway"`)
	}
	for _, name := range []string{"since", "before", "max_size", "keep_large", "folders"} {
		if m.declared.Attrs[name] != nil {
			refuse(value.Of(name), "the service fetches the whole mailbox as it is, so that "+name+" cannot be kept to", "remove "+name+`, or write route = "gateway"`)
		}
	}
	r.warnServer(m)
}

// warnServer says what the route server cannot promise, once for each block.
func (r *reader) warnServer(m *Migration) {
	s := m.Source
	if s.Type == TypePOP3 {
		r.reportBlock(m.declared, ruleServerPOP3.warn(value.Of("route"), "the service tells nothing of what it fetched by POP3: messages end as unproven. After several refused set-ups it takes no more for 24 hours",
			`try it with one member first; route = "gateway" tells of each message`))
	} else {
		r.reportBlock(m.declared, ruleServerOnce.warn(value.Of("route"), "the service fetches each mailbox once, whole; a second run would store every message twice, and isa refuses it",
			`survey first, and let no mail arrive at the old mailbox from then on; afterwards write route = "gateway" or "append" for what came later`))
	}
	if m.Coexistence.Mode != CoexistNone {
		r.reportBlock(m.declared, ruleServerDual.warn(value.Of("route"), fmt.Sprintf("mail since %s reaches both sides by %s, and the run fetches it once more", m.Coexistence.Since.In(Korea()).Format("2006-01-02 15:04"), m.Coexistence.Mode),
			`begin the coexistence after the run, or write route = "gateway"`))
	}
	if s.CAFile != "" || s.ServerName != "" {
		r.reportBlock(m.declared, ruleServerTLS.warn(value.Of("route"), s.Address.String()+" names its own certificate, which the service does not know",
			`give the old server a publicly trusted certificate, or write route = "gateway"`))
	}
}

// mailAddress reports a login that is an e-mail address, as the service's form wants
// it.
func mailAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && strings.Contains(domain, ".") && hostText(domain) == "" && !strings.ContainsAny(text, " \t")
}

// Unreachable reports the hosts that the service is to connect to and cannot, since
// their names mean something here only. On a sandbox, which runs here, they are right.
func (p Plan) Unreachable() diag.List {
	var out diag.List
	for _, g := range p.Gateways {
		if private(g.Host) {
			out = append(out, g.declared.Report(ruleGatewayHost.at(value.Of("host"), g.Host+" leads nowhere outside this network",
				"write the name by which the internet reaches the gateway, and let the port through")))
		}
	}
	said := map[addr.Address]bool{}
	for _, m := range p.Migrations {
		if m.Route == RouteServer && !said[m.Source.Address] && !Files(m.Source.Type) && private(m.Source.Host) {
			said[m.Source.Address] = true
			out = append(out, m.declared.Report(ruleServer.at(value.Of("route"), "the service cannot reach "+m.Source.Host+", which leads nowhere outside this network",
				`write the old server's public name, or route = "gateway"`)))
		}
	}
	out.Sort()
	return out
}

// private reports a host that only this machine or network knows.
func private(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	host = strings.TrimSuffix(host, ".")
	if !strings.Contains(host, ".") {
		return true
	}
	for _, end := range []string{".local", ".localhost", ".internal", ".intranet", ".lan", ".home.arpa", ".test", ".invalid", ".example"} {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return false
}

// gatewayRules are the rules of gateways and of the service's own migration.
func gatewayRules() []breach {
	return []breach{ruleSource, rulePath, rulePOP3, ruleGateway, ruleGatewayHost, ruleGatewayTwice, ruleQuota, ruleBatch,
		ruleImport, ruleDesignated, ruleServer, ruleServerOnce, ruleServerPOP3, ruleServerDual, ruleServerTLS, rulePOP3Accounts}
}

var (
	ruleSource = breach{"mail.source", "Source of no kind, or of two",
		"A mail_source is one of imap, pop3, eml, mbox and maildir: two kinds of servers by protocol, three kinds of files on this machine. Write exactly one of these blocks in it."}
	rulePath = breach{"mail.path", "Path and source do not go together",
		"Files (eml, mbox, maildir) are opened by a path, which begins in the directory of the source; accounts of servers (imap, pop3) by a login block. Write the one that fits the source and remove the other."}
	rulePOP3 = breach{"mail.inbox_only", "POP3 reaches the inbox only",
		"POP3 shows one list of messages, the inbox, without marks. Sent mail and other folders stay behind, and there is nothing to choose or to rename by folder. Read the server by IMAP if it has that."}
	ruleGateway = breach{"mail.gateway", "No gateway for the route",
		"The route gateway offers batches of messages to the service's own migration, which fetches them from a mail_gateway: a public name, a port and a certificate on a machine that keeps running. Write the block; with several of them name one in each mail_migration."}
	ruleGatewayHost = breach{"mail.gateway_host", "Gateway that the service cannot reach",
		"NAVER WORKS connects to the gateway from outside, by TLS. It needs a public name, for which a certificate of a public authority is possible, and a port that firewalls let through. Private names and addresses work with a sandbox only, which runs on the same machine."}
	ruleGatewayTwice = breach{"mail.gateway_twice", "Two gateways in one place",
		"Each gateway has a public port, a place to listen and a spool of its own. One gateway serves any number of members: usually one is enough."}
	ruleQuota = breach{"mail.gateway_quota", "Spool too small",
		"The spool holds whole batches until the service has confirmed them, and one message is never divided. Its quota is not below the size of a batch and of the largest message; with room for eight batches as many members move at once."}
	ruleBatch = breach{"mail.gateway_batch", "Batch rules that do not go together",
		"smallest is the number of messages below which a run is not worth its two notices; it is not above messages, the largest number. Correct one of the two."}
	ruleImport = breach{"mail.import_switch", "Import of external mail",
		"The routes gateway and server use the service's own migration. The administrator can switch it off (Admin > Security > Mail Security > Import external email; on when nobody changed it), which also deletes running migrations of all members. No API tells it, so that tenant.features says it: external_mail_import."}
	ruleDesignated = breach{"mail.designated_addresses", "Designated addresses only",
		"With Admin > Security > Network Security set to designated addresses, the service imports no external mail. Lift it for the time of the move, or use the route append from an address that is designated. tenant.features says it: ip_restricted."}
	ruleServer = breach{"mail.server", "The service cannot fetch this for itself",
		"With the route server NAVER WORKS logs in to the old server and copies all of the mailbox. It takes an IMAP server with implicit TLS or none, an e-mail address and its password (or POP3 with a login), reachable from the internet. It chooses no folders, dates or sizes. For everything else there is the route gateway."}
	ruleServerOnce = breach{"mail.server_once", "The route server runs once",
		"The service's migration is no synchronisation: a second run copies everything again. isa writes down what the old mailbox held when the run began and refuses another one. What arrives later is moved by the route gateway or append, which take those messages as delivered. Each run mails the member at its start and its end."}
	ruleServerPOP3 = breach{"mail.server_inbox", "POP3 by the service itself",
		"The service registers a POP3 account (at most 10 a member) and fetches its inbox; sent mail and folders stay behind, and messages of 50 MB and more. It has no call that tells how far it is: isa cannot prove that a message arrived. After several failures it refuses new accounts for 24 hours, so that isa logs in first and hands over only what works."}
	ruleServerDual = breach{"mail.server_dual", "Mail that arrives twice",
		"With coexistence arriving mail reaches NAVER WORKS by itself, and the route server fetches the whole old mailbox, that mail included. Let the run be over before the coexistence begins, or use the route gateway, which leaves such mail out."}
	ruleServerTLS = breach{"mail.server_certificate", "Certificate that the service may not trust",
		"ca_file and server_name tell isa which certificate to trust. The service's migration knows the public authorities only, as far as it looks at certificates at all (that is published nowhere). Give the old server a publicly trusted certificate, or use the route gateway."}
	rulePOP3Accounts = breach{"mail.import_accounts", "Too many POP3 accounts",
		"The service registers at most 10 external POP3 accounts for a member. Use the route gateway for the others: isa reads them itself."}
)
