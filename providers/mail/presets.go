package mail

import "github.com/isaworks/isa/internal/value"

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

func presetOf(server value.Object) Preset {
	name := value.Text(server["preset"])
	for _, p := range Presets() {
		if p.Name == name {
			return p
		}
	}
	return Preset{}
}
