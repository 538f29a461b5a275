package mail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

func source() *schema.Kind {
	return &schema.Kind{
		Type: SourceKind, Version: 1, Content: true,
		Attrs: []schema.Attr{
			{Name: TypeIMAP, Block: true, Doc: "A server that is read by IMAP. Folders are only examined, messages stay unread. A source has exactly one of imap, pop3, eml, mbox and maildir.", Type: schema.ObjectOf(append([]schema.Attr{
				{Name: "preset", Type: schema.Text(), Enum: presetNames(), Doc: "What kind of service it is: sets the host where it is known, and the service's habits."},
			}, serverAttrs("993 when not given, 143 with `starttls` and `none`.", "Host name or address; needed unless the preset has one.")...)...)},
			{Name: TypePOP3, Block: true, Doc: "A server that is read by POP3: the inbox only, without marks. Nothing is deleted there.", Type: schema.ObjectOf(
				serverAttrs("995 when not given, 110 with `starttls` and `none`.", "Host name or address; needed.")...)},
			{Name: TypeEML, Block: true, Doc: "Directories of .eml files; each directory is a folder.", Type: schema.ObjectOf(directoryAttr())},
			{Name: TypeMbox, Block: true, Doc: "Files in mbox format, or directories of them; each file is a folder.", Type: schema.ObjectOf(directoryAttr())},
			{Name: TypeMaildir, Block: true, Doc: "Maildirs, with their folders and marks.", Type: schema.ObjectOf(directoryAttr())},
			{Name: "limits", Block: true, Doc: "How gently the source is used. Limits hold for all accounts of its host together unless they say otherwise.", Type: schema.ObjectOf(
				schema.Attr{Name: "connections", Type: schema.Whole(), Check: whole(1, 1000), Doc: "Connections at once."},
				schema.Attr{Name: "connections_per_account", Type: schema.Whole(), Check: whole(1, 20), Doc: "Connections at once to one account."},
				schema.Attr{Name: "messages_per_second", Type: schema.Whole(), Check: whole(1, 1_000_000), Doc: "Messages read in a second."},
				schema.Attr{Name: "bytes_per_second", Type: schema.Text(), Check: texts(sizeText), Doc: "Bytes read in a second, such as 2MB."},
				schema.Attr{Name: "hours", Type: schema.Text(), Check: texts(hoursText), Doc: "Hours of the day in which the server is used, such as 22:00-07:00; outside them isa waits."},
				schema.Attr{Name: "time_zone", Type: schema.Text(), Check: texts(zoneText), Doc: "The time zone of hours; Asia/Seoul when not given."},
			)},
		},
		Prepare: prepareSource,
		Title:   sourceTitle,
	}
}

// serverAttrs are the arguments of sources that are servers.
func serverAttrs(port, host string) []schema.Attr {
	return []schema.Attr{
		{Name: "host", Type: schema.Text(), Check: texts(hostText), Doc: host},
		{Name: "port", Type: schema.Whole(), Check: whole(1, 65535), Doc: port},
		{Name: "tls", Type: schema.Text(), Enum: []string{TLSImplicit, TLSStart, TLSNone}, Doc: "`implicit` when not given. `none` sends passwords and mail readable by all on the way, with a warning."},
		{Name: "server_name", Type: schema.Text(), Check: texts(hostText), Doc: "The name in the server's certificate, where it is not the host."},
		{Name: "ca_file", Type: schema.Text(), Doc: "PEM file of certificates to trust for this server besides the system's, for one that signed its own."},
	}
}

func directoryAttr() schema.Attr {
	return schema.Attr{Name: "directory", Type: schema.Text(), Doc: "Where the paths of mail_migration begin; relative to the configuration, and the configuration's own directory when not given."}
}

// The ways of protecting a connection.
const (
	TLSImplicit = "implicit"
	TLSStart    = "starttls"
	TLSNone     = "none"
)

// types are the types of sources, in the order in which they are told.
func types() []string { return []string{TypeIMAP, TypePOP3, TypeEML, TypeMbox, TypeMaildir} }

// Files tells a type of source that is files on this machine and has no login.
func Files(sourceType string) bool {
	return sourceType == TypeEML || sourceType == TypeMbox || sourceType == TypeMaildir
}

// typesOf are the types that a block has: exactly one when it is right.
func typesOf(attrs value.Object) []string {
	return slices.DeleteFunc(types(), func(name string) bool { _, ok := attrs[name].(value.Object); return !ok })
}

// serverOf is the type of a source and the block that says so.
func serverOf(attrs value.Object) (string, value.Object) {
	for _, name := range typesOf(attrs) {
		o, _ := attrs[name].(value.Object)
		return name, o
	}
	return "", nil
}

func sourceTitle(attrs value.Object) string {
	name, o := serverOf(attrs)
	if Files(name) {
		return name
	}
	return serverHost(o)
}

// serverHost is the host of a server, from its preset when it says none.
func serverHost(server value.Object) string {
	if host := value.Text(server["host"]); host != "" {
		return strings.ToLower(host)
	}
	return presetOf(server).Host
}

func prepareSource(in *schema.Instance) []schema.Problem {
	p := &problems{}
	found := typesOf(in.Attrs)
	switch {
	case len(found) == 0:
		p.add(ruleSource.at(nil, "nothing says where the mail is", `write one of imap { host = "…" }, pop3 { host = "…" }, eml {}, mbox {} and maildir {}`))
	case len(found) > 1:
		p.add(ruleSource.at(value.Of(found[1]), fmt.Sprintf("the block has %s", strings.Join(found, " and ")), "write a mail_source for each, and keep one block here"))
	case !Files(found[0]):
		p.server(in.Attrs, found[0])
		if found[0] == TypePOP3 {
			p.add(rulePOP3.warn(value.Of(TypePOP3), "sent mail, drafts and other folders stay behind, and every message arrives as unread", "write imap { … } if the old server has IMAP"))
		}
	}
	p.sourceLimits(in.Attrs)
	return p.list
}

// secure is the port with implicit TLS of a type of server, plain the other one.
func ports(sourceType string) (secure, plain int) {
	if sourceType == TypePOP3 {
		return 995, 110
	}
	return 993, 143
}

// server checks what a block says about a server.
func (p *problems) server(attrs value.Object, sourceType string) {
	server, _ := attrs[sourceType].(value.Object)
	at := value.Of(sourceType)
	host := serverHost(server)
	if host == "" {
		detail := "the block names no server"
		if preset := presetOf(server); preset.Name != "" {
			detail = fmt.Sprintf("the preset %s has no host of its own, since customers have different ones", preset.Name)
		}
		p.add(ruleHost.at(at, detail, `write host = "…", as the old service tells its users for mail programs`))
	}
	tls := value.Text(server["tls"])
	if tls == TLSNone && !loopback(host) {
		p.add(rulePlain.warn(at.Name("tls"), "passwords and mail can be read by everyone on the way to "+host,
			`write tls = "implicit" or "starttls" if the server can; else use a line that others cannot read`))
	}
	if tls == TLSNone {
		for _, name := range []string{"ca_file", "server_name"} {
			if server[name] != nil {
				p.add(ruleTLS.at(at.Name(name), `tls is "none", so that no certificate is looked at`, "remove "+name+", or use TLS"))
			}
		}
	}
	secure, plain := ports(sourceType)
	switch port := number(server["port"]); {
	case port == plain && (tls == "" || tls == TLSImplicit):
		p.add(ruleTLS.warn(at.Name("port"), fmt.Sprintf("port %d usually speaks STARTTLS, not implicit TLS", plain), fmt.Sprintf(`write tls = "starttls", or port = %d`, secure)))
	case port == secure && (tls == TLSStart || tls == TLSNone):
		p.add(ruleTLS.warn(at.Name("port"), fmt.Sprintf("port %d usually speaks implicit TLS, not %s", secure, tls), fmt.Sprintf(`write tls = "implicit", or port = %d`, plain)))
	}
}

func (p *problems) sourceLimits(attrs value.Object) {
	limits, _ := attrs["limits"].(value.Object)
	all, ok1 := limits["connections"].(value.Int)
	each, ok2 := limits["connections_per_account"].(value.Int)
	if ok1 && ok2 && each > all {
		p.add(ruleLimits.at(value.Of("limits", "connections_per_account"), fmt.Sprintf("%d connections to one account, and %d to all of them", each, all),
			"write a number not above connections"))
	}
	if limits["time_zone"] != nil && limits["hours"] == nil {
		p.add(ruleLimits.at(value.Of("limits", "time_zone"), "there are no hours that it could be the time zone of", `write hours = "22:00-07:00", or remove time_zone`))
	}
}

// unservedOf lists what a source has and nobody can move, by its type and preset.
func unservedOf(sourceType string, server value.Object) []string {
	if sourceType == TypePOP3 {
		return []string{"sent mail, drafts and all folders but the inbox (POP3 does not reach them)", "read, answered and flagged marks (POP3 has none)"}
	}
	return presetOf(server).Unserved // made anew by each call
}
