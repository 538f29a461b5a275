package workspace

import (
	"context"
	"encoding/base64"
	"fmt"
	"mime"
	"strings"
	"time"

	mailspool "github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// ProbeMessage is one of the messages that a probe sends.
type ProbeMessage struct {
	Subject string
	Folder  string // as it is offered
	Is      string // what is special about it, for people
	use     providers.Use
	date    time.Time // of receipt
	flags   []string
}

// probeFolder is a name that no folder has by itself. It begins with a digit, so that by
// name it comes before the inbox.
const probeFolder = "1차 이사 점검"

// probeSize bounds the offer, in bytes.
const probeSize = 1 << 20

// Dates of the first message: it says that it was written on one day, and was received
// on another one, which the service is to keep.
func probeWritten() time.Time  { return time.Date(2015, 3, 2, 9, 0, 0, 0, time.FixedZone("", 9*3600)) }
func probeReceived() time.Time { return time.Date(2019, 5, 1, 9, 30, 0, 0, time.FixedZone("", 9*3600)) }

// Messages are the messages of the probe: read and old, unread in a folder of its own,
// flagged in the sent mail. now is the time of receipt of those that are not old.
func (p *Probe) Messages(now time.Time) []ProbeMessage {
	subject := func(n int) string { return fmt.Sprintf("[이사 점검 %s] %d/3", p.Mark, n) }
	return []ProbeMessage{
		{Subject: subject(1), Folder: "INBOX", Is: "read, received on 2019-05-01", use: providers.UseInbox, date: probeReceived(), flags: []string{`\Seen`}},
		{Subject: subject(2), Folder: probeFolder, Is: "unread", date: now},
		{Subject: subject(3), Folder: "Sent", Is: "read and marked as important", use: providers.UseSent, date: now, flags: []string{`\Flagged`, `\Seen`}},
	}
}

// probeText is what each message says.
const probeText = "이 메일은 isa doctor --probe-mail 이 보낸 점검용 메일입니다. 확인이 끝나면 삭제해도 됩니다.\r\n\r\n" +
	"This message was sent by isa doctor --probe-mail, to see how mail arrives here. It may be deleted when that is done.\r\n"

// raw is a message's bytes.
func (m ProbeMessage) raw(id string, n int, login string) string {
	written := m.date
	if m.use == providers.UseInbox {
		written = probeWritten()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "From: isa <%s>\r\nTo: <%s>\r\nDate: %s\r\nSubject: %s\r\n", login, login, written.Format(time.RFC1123Z), mime.BEncoding.Encode("utf-8", m.Subject))
	fmt.Fprintf(&b, "Message-ID: <%s.%d@isa.invalid>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", id, n)
	text := base64.StdEncoding.EncodeToString([]byte(probeText))
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return b.String()
}

// offer freezes the messages as a batch of the spool.
func (p *Probe) offer(ctx context.Context, spool *mailspool.Spool) (err error) {
	messages := p.Messages(p.w.env.Now())
	batch, err := spool.Begin(p.id, mailspool.Share{Items: len(messages), Bytes: probeSize})
	if err != nil {
		return err
	}
	w := batch.Writer()
	for i, m := range messages {
		folder, err := w.Create(ctx, []string{m.Folder}, m.use)
		if err != nil {
			return err
		}
		raw := m.raw(p.id, i+1, p.Login)
		item := providers.Item{Size: int64(len(raw)), Date: m.date, Flags: m.flags}
		if _, err := w.Put(ctx, folder, []providers.Message{{Item: item, Body: strings.NewReader(raw)}}); err != nil {
			return err
		}
	}
	return batch.Freeze()
}

// sweep removes what probes that were killed have left in the spool. The ledger is
// locked, so that no other probe of this directory is under way.
func (p *Probe) sweep(spool *mailspool.Spool) error {
	left, err := spool.List(p.w.probePrefix())
	if err != nil {
		return err
	}
	for _, id := range left {
		if err := spool.Remove(id); err != nil {
			return err
		}
	}
	return nil
}
