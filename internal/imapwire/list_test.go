package imapwire

import (
	"fmt"
	"slices"
	"testing"
)

func TestLists(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []string
		spaces       string
	}{
		{name: "in one round trip", spaces: `{[{"" "/"}] [{"~" "/"}] [{"#shared/" "/"} {"Public/" ""}]}`, script: greeting + `
C: NAMESPACE
C: LIST "" "\*" RETURN \(SPECIAL-USE STATUS \(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ\)\)
S: * NAMESPACE (("" "/")) (("~" "/")) (("#shared/" "/" "X-PARAM" ("a" "b"))("Public/" NIL))
S: $ OK
S: * LIST (\HasNoChildren \Sent) "/" {4}\r\nS t&
S: * STATUS "S t&" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 5 HIGHESTMODSEQ 77 X-UNKNOWN 3)
S: * LIST () "/" INBOX
S: * LIST () "/" INBOX ("OLDNAME" ("x"))
S: * LIST (\Noselect) "\\" nil
S: * LIST () NIL "a\"b"
S: $ OK
C: STATUS "INBOX" .*
C: STATUS "a\\"b" .*
S: * STATUS INBOX (MESSAGES 0)
S: $ OK
S: * STATUS "a\"b" ()
S: $ OK`,
			want: []string{`S t& [\HasNoChildren \Sent] / 3 9 5 77 -1`, `INBOX [] / 0 0 0 0 -1`, `NIL [\Noselect] \`, `a"b []  0 0 0 0 -1`}},
		{name: "refusals", script: poorGreeting + `
C: LIST "" "\*"
S: * LIST () "." one
S: * LIST () "." two
S: * LIST () "." three
S: $ OK
C: STATUS "one" \(MESSAGES UIDNEXT UIDVALIDITY\)
C: STATUS "two" .*
C: STATUS "three" .*
S: $ NO now and then
S: $ NO [NOPERM] never
S: * STATUS three (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)
S: $ OK
C: STATUS "one" .*
S: * STATUS one (MESSAGES 4 UIDNEXT 5 UIDVALIDITY 6)
S: $ OK`,
			want: []string{"one [] . 4 5 6 0 -1", "two [] . ask about folder two: the server answered NO [NOPERM] never", "three [] . 1 2 3 0 -1"}, spaces: "{[] [] []}"},
		{name: "always refused", script: poorGreeting + `
C: LIST "" "\*"
S: * LIST () "." one
S: $ OK
C: STATUS .*
S: $ NO bad luck
C: STATUS .*
S: $ NO bad luck
C: STATUS .*
S: $ NO bad luck
C: STATUS .*
S: $ NO bad luck
C: STATUS .*
S: $ NO very bad luck`,
			want: []string{"one [] . ask about folder one: the server answered NO very bad luck"}, spaces: "{[] [] []}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := connect(t, c.script)
			folders, spaces, err := conn.List(t.Context(), true)
			if err != nil {
				t.Fatal(err)
			}
			var have []string
			for _, f := range folders {
				text := fmt.Sprint(f.Name, " ", f.Attrs, " ", f.Delim)
				if s := f.Status; s != nil {
					text += fmt.Sprint(" ", s.Messages, " ", s.Next, " ", s.Validity, " ", s.ModSeq, " ", s.Bytes)
				}
				if f.Refused != nil {
					text += " " + f.Refused.Error()
				}
				have = append(have, text)
			}
			if !slices.Equal(have, c.want) {
				t.Errorf("listed\n%q\nwant\n%q", have, c.want)
			}
			if got := fmt.Sprintf("%q", spaces); got != c.spaces {
				t.Errorf("namespaces %s, want %s", got, c.spaces)
			}
		})
	}
}

func TestMake(t *testing.T) {
	conn := connect(t, `S: * OK [CAPABILITY IMAP4rev1 CREATE-SPECIAL-USE] hello
C: CREATE "a"
C: SUBSCRIBE "a"
C: CREATE "a/&uAU-" \(USE \(\\Sent\)\)
C: SUBSCRIBE "a/&uAU-"
C: SELECT "a/&uAU-"
S: $ NO [ALREADYEXISTS] there
S: $ OK
S: $ OK
S: $ NO who cares
S: * OK [UIDVALIDITY 8] v
S: * OK [UIDNEXT 1] n
S: $ OK
C: CREATE "b"
C: SUBSCRIBE "b"
C: SELECT "b"
S: $ NO bad name
S: $ NO no such folder
S: $ NO no such folder
C: RENAME "b" "c"
C: SUBSCRIBE "c"
S: $ NO [NONEXISTENT] no such folder
S: $ NO no such folder
C: RENAME "b" "c"
C: SUBSCRIBE "c"
S: $ OK
S: $ OK`)
	now, err := conn.Make(t.Context(), []Making{{Name: "a"}, {Name: "a/&uAU-", Use: `\Sent`}})
	if err != nil || now.Validity != 8 || now.Next != 1 || now.Name != "a/&uAU-" {
		t.Errorf("made %v, %v", now, err)
	}
	_, err = conn.Make(t.Context(), []Making{{Name: "b"}})
	refused(t, err, "invalid", "bad name")
	refused(t, conn.Rename(t.Context(), "b", "c"), "not_found", "no such folder")
	if err := conn.Rename(t.Context(), "b", "c"); err != nil {
		t.Error(err)
	}
	if conn.Selected() != nil {
		t.Error("a folder is selected after its name changed")
	}
}

// TestNamesOfEightBits: as a literal where the server takes it unasked, else as the
// server itself wrote it.
func TestNamesOfEightBits(t *testing.T) {
	conn := connect(t, greeting+"C: EXAMINE \\{4\\+\\}.{4} .*\nS: $ OK")
	if _, err := conn.Examine(t.Context(), "\xba\xb8\xb3\xbd"); err != nil {
		t.Error(err)
	}
	conn = connect(t, poorGreeting+"C: EXAMINE \".{4}\"\nS: $ OK")
	if _, err := conn.Examine(t.Context(), "\xba\xb8\xb3\xbd"); err != nil {
		t.Error(err)
	}
}
