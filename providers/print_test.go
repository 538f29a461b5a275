package providers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// TestHeads: what servers tell of a message in different ways gives one head, and
// different messages different ones.
func TestHeads(t *testing.T) {
	id := Head("<a@b>", 10)
	for _, header := range []string{
		"Message-ID: <a@b>\r\n\r\n",
		"message-id:<a@b>",
		"MESSAGE-ID :  <a@b> \n",
		"Subject: x\r\nMessage-Id:\r\n <a@b>\r\nMessage-ID: <other@b>\r\n\r\n",
		"From someone Mon Feb  1 09:00:00 2024\r\nMessage-ID: <a@b>\r\n\r\nMessage-ID: <body@b>",
		"Message-ID: <a@\x80b>\xff\r\n\r\n",
	} {
		if h := HeadOf([]byte(header), 10); h != id {
			t.Errorf("%q is another message", header)
		}
	}
	if id[15]&1 != 1 {
		t.Error("a head by Message-ID does not say so")
	}
	none := HeadOf([]byte("Subject: x\r\n\r\n"), 10)
	if none[15]&1 != 0 {
		t.Error("a head without Message-ID does not say so")
	}
	seen := map[[16]byte]string{}
	for name, h := range map[string][16]byte{
		"id": id, "other id": Head("<b@b>", 10), "other size": Head("<a@b>", 11),
		"none": none, "nothing": HeadOf(nil, 10), "empty id": HeadOf([]byte("Message-ID: \r\nFrom: x\r\n"), 10),
		"other field": HeadOf([]byte("From: x\r\nTo: y\r\n"), 10), "fields swapped": HeadOf([]byte("From: y\r\nTo: x\r\n"), 10),
		"behind the header": HeadOf([]byte("X: y\r\n\r\nSubject: z\r\n"), 11),
	} {
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s are one message", name, other)
		}
		seen[h] = name
	}
}

// TestAPrinterSeesWhatTheWholeShows, however the bytes arrive.
func TestAPrinterSeesWhatTheWholeShows(t *testing.T) {
	p := NewPrinter()
	for _, message := range []string{
		"", "\r\n", "\r\nMessage-ID: <no@header>", "Message-ID: <a@b>", "Message-ID: <a@b>\r\n\r\nbody\r\n\r\nSubject: x\r\n", "A: b\n\nMessage-ID: <body@b>\n",
		"Subject: long\r\n" + strings.Repeat("X: y\r\n", printedHeader/6+10) + "Message-ID: <too@late>\r\n\r\n",
		"Subject: s\r\nX: " + strings.Repeat("y", 5000) + "\r\nMessage-ID: <a@b>\r\n\r\n" + strings.Repeat("z", 5000),
	} {
		header := message[:min(len(message), printedHeader)]
		want := Print{Head: HeadOf([]byte(header), int64(len(message)))}
		sum := sha256.Sum256([]byte(message))
		copy(want.Body[:], sum[:])
		p.Reset()
		if _, err := p.Write([]byte(message)); err != nil || p.Print() != want || p.Size() != int64(len(message)) {
			t.Errorf("%.40q at once has another print", message)
		}
		if len(message) > 100_000 {
			continue
		}
		p.Reset()
		if _, err := fmt.Fprint(p, ""); err != nil {
			t.Error(err)
		}
		r := iotest.OneByteReader(strings.NewReader(message))
		for buf := make([]byte, 4); ; {
			n, err := r.Read(buf)
			p.Write(buf[:n])
			if err != nil {
				break
			}
		}
		if p.Print() != want {
			t.Errorf("%.40q byte by byte has another print", message)
		}
	}
}

type patient struct{ error }

func (patient) RetryAfter() time.Duration { return time.Minute }

func TestRetryAfter(t *testing.T) {
	err := fmt.Errorf("more: %w", &diag.Failure{Class: diag.Limited, Err: patient{errors.New("slowly")}})
	if d := RetryAfter(err); d != time.Minute {
		t.Errorf("after %v", d)
	}
	if d := RetryAfter(errors.New("x")) + RetryAfter(nil); d != 0 {
		t.Errorf("after %v", d)
	}
}
