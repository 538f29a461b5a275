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
			{Name: "imap", Block: true, Required: true, Doc: "A server that is read by IMAP. Folders are only examined, messages stay unread.", Type: schema.ObjectOf(
				schema.Attr{Name: "preset", Type: schema.Text(), Enum: presetNames(), Doc: "What kind of service it is: sets the host where it is known, and the service's habits."},
				schema.Attr{Name: "host", Type: schema.Text(), Check: texts(hostText), Doc: "Host name or address; needed unless the preset has one."},
				schema.Attr{Name: "port", Type: schema.Whole(), Check: whole(1, 65535), Doc: "993 when not given, 143 with `starttls` and `none`."},
				schema.Attr{Name: "tls", Type: schema.Text(), Enum: []string{TLSImplicit, TLSStart, TLSNone}, Doc: "`implicit` when not given. `none` sends passwords and mail readable by all on the way, with a warning."},
				schema.Attr{Name: "server_name", Type: schema.Text(), Check: texts(hostText), Doc: "The name in the server's certificate, where it is not the host."},
				schema.Attr{Name: "ca_file", Type: schema.Text(), Doc: "PEM file of certificates to trust for this server besides the system's, for one that signed its own."},
			)},
			{Name: "limits", Block: true, Doc: "How gently the server is used. Limits hold for all accounts of its host together unless they say otherwise.", Type: schema.ObjectOf(
				schema.Attr{Name: "connections", Type: schema.Whole(), Check: whole(1, 1000), Doc: "Connections at once."},
				schema.Attr{Name: "connections_per_account", Type: schema.Whole(), Check: whole(1, 20), Doc: "Connections at once to one account."},
				schema.Attr{Name: "messages_per_second", Type: schema.Whole(), Check: whole(1, 1_000_000), Doc: "Messages read in a second."},
				schema.Attr{Name: "bytes_per_second", Type: schema.Text(), Check: texts(sizeText), Doc: "Bytes read in a second, such as 2MB."},
				schema.Attr{Name: "hours", Type: schema.Text(), Check: texts(hoursText), Doc: "Hours of the day in which the server is used, such as 22:00-07:00; outside them isa waits."},
				schema.Attr{Name: "time_zone", Type: schema.Text(), Check: texts(zoneText), Doc: "The time zone of hours; Asia/Seoul when not given."},
			)},
		},
		Prepare: prepareSource,
		Title:   func(o value.Object) string { return sourceHost(o) },
	}
}

// The ways of protecting a connection.
const (
	TLSImplicit = "implicit"
	TLSStart    = "starttls"
	TLSNone     = "none"
)

// The habits of services that reading must know (Source.Quirk).
const (
	QuirkGmail    = "gmail"    // labels are folders: one message shows in several
	QuirkExchange = "exchange" // lists calendars and contacts as folders
)

// Preset is what is known of a service.
type Preset struct {
	Name  string
	Host  string // "" where each customer has one of their own, or it is not certain
	Quirk string
	// Unserved is what IMAP cannot reach there, and so nobody can move this way.
	Unserved []string
}

// Presets are the services that are known by name. Hosts are the ones that the
// services tell their users to enter in mail programs, all with implicit TLS on
// port 993; where that is not certain the host must be said.
func Presets() []Preset {
	return []Preset{
		{Name: "microsoft365", Host: "outlook.office365.com", Quirk: QuirkExchange, Unserved: []string{
			"public folders", "in-place archives", "folders of others that were delegated to the member",
			"calendars, contacts and tasks (they are not mail)"}},
		{Name: "gmail", Host: "imap.gmail.com", Quirk: QuirkGmail, Unserved: []string{
			"mailboxes of others that were delegated to the member", "filters and scheduled messages"}},
		{Name: "naver", Host: "imap.naver.com"},
		{Name: "daum", Host: "imap.daum.net"},
		{Name: "kakao", Host: "imap.kakao.com"},
		{Name: "hiworks"},
		{Name: "zimbra", Unserved: []string{"folders of others that were shared with the member"}},
		{Name: "dovecot"},
	}
}

func presetNames() []string {
	var names []string
	for _, p := range Presets() {
		names = append(names, p.Name)
	}
	return names
}

func presetOf(imap value.Object) Preset {
	name := value.Text(imap["preset"])
	for _, p := range Presets() {
		if p.Name == name {
			return p
		}
	}
	return Preset{}
}

// sourceHost is the host of a source, from its preset when it says none.
func sourceHost(o value.Object) string {
	imap, _ := o["imap"].(value.Object)
	if host := value.Text(imap["host"]); host != "" {
		return strings.ToLower(host)
	}
	return presetOf(imap).Host
}

func prepareSource(in *schema.Instance) []schema.Problem {
	imap, ok := in.Attrs["imap"].(value.Object)
	if !ok {
		return nil
	}
	at := value.Of("imap")
	var out []schema.Problem
	if sourceHost(in.Attrs) == "" {
		detail := "the block names no server"
		if p := presetOf(imap); p.Name != "" {
			detail = fmt.Sprintf("the preset %s has no host of its own, since customers have different ones", p.Name)
		}
		out = append(out, ruleHost.at(at, detail, `write host = "…", as the old service tells its users for mail programs`))
	}
	tls := value.Text(imap["tls"])
	if tls == TLSNone && !loopback(sourceHost(in.Attrs)) {
		out = append(out, rulePlain.warn(at.Name("tls"), "passwords and mail can be read by everyone on the way to "+sourceHost(in.Attrs),
			`write tls = "implicit" or "starttls" if the server can; else use a line that others cannot read`))
	}
	if tls == TLSNone {
		for _, name := range []string{"ca_file", "server_name"} {
			if imap[name] != nil {
				out = append(out, ruleTLS.at(at.Name(name), `tls is "none", so that no certificate is looked at`, "remove "+name+", or use TLS"))
			}
		}
	}
	if port, ok := imap["port"].(value.Int); ok {
		switch {
		case port == 143 && (tls == "" || tls == TLSImplicit):
			out = append(out, ruleTLS.warn(at.Name("port"), "port 143 usually speaks STARTTLS, not implicit TLS", `write tls = "starttls", or port = 993`))
		case port == 993 && (tls == TLSStart || tls == TLSNone):
			out = append(out, ruleTLS.warn(at.Name("port"), fmt.Sprintf("port 993 usually speaks implicit TLS, not %s", tls), `write tls = "implicit", or port = 143`))
		}
	}
	limits, _ := in.Attrs["limits"].(value.Object)
	all, ok1 := limits["connections"].(value.Int)
	each, ok2 := limits["connections_per_account"].(value.Int)
	if ok1 && ok2 && each > all {
		out = append(out, ruleLimits.at(value.Of("limits", "connections_per_account"), fmt.Sprintf("%d connections to one account, and %d to all of them", each, all),
			"write a number not above connections"))
	}
	if limits["time_zone"] != nil && limits["hours"] == nil {
		out = append(out, ruleLimits.at(value.Of("limits", "time_zone"), "there are no hours that it could be the time zone of", `write hours = "22:00-07:00", or remove time_zone`))
	}
	return out
}

// unservedOf lists what a source has and nobody can move, by its preset.
func unservedOf(in *schema.Instance) []string {
	imap, _ := in.Attrs["imap"].(value.Object)
	return slices.Clone(presetOf(imap).Unserved)
}
