package imapwire

import (
	"maps"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

// TestMove: where messages went is believed only as far as it was told; what may have
// happened is never called refused.
func TestMove(t *testing.T) {
	const (
		selected = greeting + "C: SELECT \"INBOX\" .*\nS: * 9 EXISTS\nS: * OK [UIDVALIDITY 3] ok\nS: * OK [UIDNEXT 20] ok\nS: $ OK [READ-WRITE] in\n"
		asked    = selected + "C: UID MOVE 5:6,9 \"Archive\"\n"
	)
	for _, c := range []struct {
		name, script string
		want         map[uint32]uint32
		class        diag.Class
		unknown      bool
		words        string
		usable       bool
	}{
		{name: "told before", want: map[uint32]uint32{5: 11, 6: 12, 9: 13}, usable: true,
			script: asked + "S: * OK [COPYUID 7 5:6,9 11:13] Moved\nS: * 1 EXPUNGE\nS: * 1 EXPUNGE\nS: * 3 EXPUNGE\nS: $ OK done"},
		{name: "told with the answer", want: map[uint32]uint32{5: 11, 6: 12, 9: 20}, usable: true,
			script: asked + "S: * 1 EXPUNGE\nS: $ OK [COPYUID 7 5,6,9 11,12,20] done"},
		{name: "one was gone", want: map[uint32]uint32{5: 11, 9: 12}, usable: true,
			script: asked + "S: * OK [COPYUID 7 5,9 11:12] Moved\nS: $ OK done"},
		{name: "all were gone", usable: true, script: asked + "S: $ OK nothing to move"},
		{name: "not told", usable: true, script: asked + "S: * 1 EXPUNGE\nS: $ OK done"},
		{name: "told badly", usable: true, script: asked + "S: * OK [COPYUID 7 5:6,9 11:12] what\nS: $ OK done"},
		{name: "told of millions", usable: true, script: asked + "S: * OK [COPYUID 7 1:4000000000 1:4000000000] what\nS: $ OK done"},
		{name: "refused", class: diag.Invalid, words: "not from here", usable: true, script: asked + "S: $ NO not from here"},
		{name: "full", class: diag.Limited, words: "Quota", usable: true, script: asked + "S: $ NO [OVERQUOTA] Quota exceeded"},
		{name: "folder gone", class: diag.NotFound, words: "no such", usable: true, script: asked + "S: $ NO [TRYCREATE] no such mailbox"},
		{name: "some were moved, then refused", class: diag.Invalid, unknown: true, words: "half way", usable: true,
			script: asked + "S: * OK [COPYUID 7 5 11] Moved\nS: * 1 EXPUNGE\nS: $ NO half way"},
		{name: "some were moved, not told, then refused", class: diag.Invalid, unknown: true, words: "half way", usable: true,
			script: asked + "S: * 1 EXPUNGE\nS: $ NO half way"},
		{name: "answer lost", class: diag.Unavailable, unknown: true, words: "may be moved", script: asked},
		{name: "answer lost in the middle", class: diag.Unavailable, unknown: true, words: "may be moved",
			script: asked + "S: * OK [COPYUID 7 5 11] Moved"},
		{name: "thrown out", class: diag.Limited, unknown: true, words: "Too many", script: asked + "S: * BYE Too many requests"},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := c.script
			if c.usable {
				script += "\nC: NOOP\nS: $ OK"
			}
			conn := connect(t, script)
			if _, err := conn.Select(t.Context(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			moved, err := conn.Move(t.Context(), []uint32{5, 6, 9}, "Archive")
			if c.class != "" {
				refused(t, err, c.class, c.words)
			} else if err != nil {
				t.Fatal(err)
			}
			if diag.MayHaveHappened(err) != c.unknown {
				t.Errorf("unknown is %v after %v", !c.unknown, err)
			}
			if !maps.Equal(moved.To, c.want) || c.want != nil && moved.Validity != 7 {
				t.Errorf("moved %v, want %v", moved, c.want)
			}
			if err := conn.Noop(t.Context()); (err == nil) != c.usable {
				t.Errorf("the connection afterwards: %v", err)
			}
		})
	}
}
