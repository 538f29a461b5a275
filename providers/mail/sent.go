package mail

import (
	"strings"

	"github.com/isaworks/isa/providers"
)

// holdsSent reports whether a folder, or one above it, is for what its owner writes:
// by what the store says, or by its name in the usual programs.
func (t tree) holdsSent(f providers.Folder) bool {
	written := func(u providers.Use) bool { return u == providers.UseSent || u == providers.UseDrafts }
	path := sourcePath(f)
	if written(f.Use) {
		return true
	}
	for n, name := range path {
		if written(t.use[foldPath(path[:n+1])]) || written(UsualUse(name)) || outbox(name) {
			return true
		}
	}
	return false
}

// outbox reports whether a folder of that name holds mail that is yet to be sent.
func outbox(name string) bool {
	switch folded(name) {
	case "outbox", "unsentmessages", "보낼편지함", "보낼메일함", "送信トレイ":
		return true
	}
	return false
}

// folded is a name as usual names are compared.
func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }

// UsualUse is what a folder of that name is for with the mail programs and services
// of Korea and Japan, with Outlook and with Apple's and Mozilla's programs,
// "" for all others.
func UsualUse(name string) providers.Use {
	switch folded(name) {
	case "받은메일함", "받은편지함":
		return providers.UseInbox
	case "sent", "sentitems", "sentmessages", "sentmail", "보낸메일함", "보낸편지함", "보낸항목", "送信済み", "送信済みアイテム", "送信済みメール":
		return providers.UseSent
	case "drafts", "draft", "임시보관함", "임시저장함", "임시보관메일함", "下書き":
		return providers.UseDrafts
	case "trash", "deleteditems", "deletedmessages", "bin", "휴지통", "지운편지함", "지운메일함", "삭제된항목", "ごみ箱", "ゴミ箱", "削除済みアイテム":
		return providers.UseTrash
	case "junk", "junkemail", "junke-mail", "junkmail", "spam", "bulkmail", "스팸메일함", "스팸편지함", "스팸함", "스팸", "정크메일", "정크메일함", "정크", "迷惑メール":
		return providers.UseJunk
	case "archive", "archives", "보관함", "보관편지함", "아카이브", "アーカイブ":
		return providers.UseArchive
	}
	return ""
}
