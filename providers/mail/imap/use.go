package imap

import (
	"strings"

	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
)

// attributes are the special uses of RFC 6154 by attribute.
func attributes() map[providers.Use]string {
	return map[providers.Use]string{
		providers.UseSent: `\Sent`, providers.UseDrafts: `\Drafts`, providers.UseTrash: `\Trash`, providers.UseJunk: `\Junk`,
		providers.UseArchive: `\Archive`, providers.UseAll: `\All`, providers.UseFlagged: `\Flagged`,
	}
}

// useOf is what a folder says it is for.
func useOf(l *imapwire.Listed) providers.Use {
	if strings.EqualFold(l.Name, "INBOX") {
		return providers.UseInbox
	}
	for use, attr := range attributes() {
		if l.Is(attr) {
			return use
		}
	}
	if l.Is(`\Spam`) { // as XLIST servers still say
		return providers.UseJunk
	}
	return ""
}

// uses guesses by well-known names what folders are for, where none says so, and
// leaves at most one folder for each use. Folders within folders are not guessed.
func uses(folders []providers.Folder) {
	taken := map[providers.Use]bool{}
	for i, f := range folders {
		if f.Use == providers.UseAll || f.Use == providers.UseFlagged {
			continue
		}
		if f.Use != "" && taken[f.Use] {
			folders[i].Use = ""
		}
		taken[f.Use] = true
	}
	for i, f := range folders {
		if f.Use != "" || len(f.Path) != 1 || f.Unserved != "" {
			continue
		}
		use := mail.UsualUse(f.Path[0])
		if use != "" && !taken[use] {
			folders[i].Use, taken[use] = use, true
		}
	}
}

// exchangeHolds is what a folder of Exchange holds that is no mail, "" for mail. The
// folders are at the top, named in the language of the account.
func exchangeHolds(path []string) string {
	switch strings.ToLower(strings.ReplaceAll(path[0], " ", "")) {
	case "calendar", "일정", "予定表":
		return "holds appointments"
	case "contacts", "suggestedcontacts", "연락처", "제안된연락처", "連絡先":
		return "holds contacts"
	case "tasks", "작업", "タスク", "仕事":
		return "holds tasks"
	case "journal", "업무일지", "履歴":
		return "holds journal entries"
	case "notes", "메모", "メモ":
		return "holds notes"
	case "syncissues", "동기화문제", "同期の失敗":
		return "holds reports of Outlook about itself"
	}
	return ""
}
