package sandbox

import (
	"encoding/base64"
	"fmt"
	"mime"
	"strings"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox/mailbox"
)

// notice is a mail that the service writes to a member.
type notice struct {
	subject, text string
	at            time.Time
}

// startNotice and endNotice are the mails that each run sends: admin-formats §7.1.
func startNotice(run *migrationRun, at time.Time) notice {
	return notice{"외부 메일 가져오기를 시작합니다", "The import of mail from " + run.from.login + " has begun.", at}
}

func endNotice(run *migrationRun, failed error, at time.Time) notice {
	if failed != nil {
		return notice{"외부 메일 가져오기에 실패했습니다",
			"The import of mail from " + run.from.login + " failed, and the mailbox is as it was before: " + trimmed(failed), at}
	}
	return notice{"외부 메일 가져오기가 완료되었습니다", fmt.Sprintf("The import of mail from %s is complete. Copied: %d. Skipped since they have 50 MB or more: %d.",
		run.from.login, run.copied.Load(), run.skipped.Load()), at}
}

// notice puts a notice into the member's inbox.
func (s *Server) notice(to mailbox.Account, n notice) error {
	var b strings.Builder
	fmt.Fprintf(&b, "From: NAVER WORKS <no-reply@isa-sandbox.invalid>\r\nTo: %s\r\nDate: %s\r\nSubject: %s\r\n", to.Login, n.at.Format(time.RFC1123Z), mime.BEncoding.Encode("utf-8", n.subject))
	fmt.Fprintf(&b, "Message-ID: <%s@isa-sandbox.invalid>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", newAppPassword())
	body := base64.StdEncoding.EncodeToString([]byte(n.text + "\r\n"))
	for len(body) > 76 {
		b.WriteString(body[:76] + "\r\n")
		body = body[76:]
	}
	b.WriteString(body + "\r\n")
	text := b.String()
	return s.mail.server.Load().Deliver(to, mailbox.Letter{Place: mailbox.Place{Path: []string{"INBOX"}}, Date: n.at,
		Size: int64(len(text)), Body: strings.NewReader(text)})
}
