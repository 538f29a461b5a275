package mail_test

import (
	"testing"

	"github.com/isaworks/isa/providers/mail"
)

func TestMapTellsWhatItsOwnerWrote(t *testing.T) {
	for name, want := range map[string]bool{
		"INBOX": false, "업무/2019": false, "Presented": false, "Trash": false,
		`보낸 \Sent`: true, "Sent Items": true, "Sent/2026": true, "보낸메일함": true, "INBOX/보낸편지함/2026": true,
		"[Gmail]/Sent Mail": true, "Outbox": true, "임시보관함": true, "INBOX/Drafts": true,
	} {
		if got := mail.Map(folders(name), mail.FolderRules{})[0].Sent; got != want {
			t.Errorf("%s: sent %v", name, got)
		}
	}
	below := mail.Map(folders(`gesendet \Sent`, "gesendet/2026"), mail.FolderRules{})
	if !below[1].Sent {
		t.Error("a folder below the one for sent mail is not known as such")
	}
}
