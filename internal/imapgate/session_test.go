package imapgate

import (
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

const letter = "From: \"Kim, Gildong\" <kim@example.com>\r\nTo: team: a@b.c, bob;\r\nSubject: =?EUC-KR?B?vsiz5w==?=\r\nDate: Wed, 6 May 2020 07:08:09 +0900\r\nMessage-ID: <1@example.com>\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain; charset=EUC-KR\r\n\r\n\xbe\xc8\xb3\xe7\r\n--b\r\n" +
	"Content-Type: application/pdf; name=\"\xb0\xdf\xc0\xfb.pdf\"\r\nContent-Disposition: attachment; filename*=UTF-8''%EA%B2%AC\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"

func small(t testing.TB) *file {
	date := time.Date(2020, 5, 6, 7, 8, 9, 0, time.FixedZone("", 9*3600))
	return messages(t,
		mailtest.Message{Folder: "INBOX", Raw: []byte(letter), Date: date, Flags: []string{`\Answered`, `\Seen`, "$Forwarded"}},
		mailtest.Message{Folder: "INBOX", Raw: []byte("Message-ID: <2@x>\n\nbare\nlines"), Date: date.AddDate(0, 0, 1), Flags: []string{"no atom"}},
		mailtest.Message{Folder: "INBOX", Raw: []byte("\x00\xff"), Date: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)},
		mailtest.Message{Folder: "프로젝트/네이버웍스 이전", Raw: []byte("a: b\r\n\r\nc"), Date: date},
		mailtest.Message{Folder: "Sent"},
		mailtest.Message{Folder: "R&D \"1\""},
	)
}

// TestConversation: what is said, word for word.
func TestConversation(t *testing.T) {
	g := start(t, small(t))
	k := g.converse(t)
	said := func(what string, got string, lines ...string) {
		t.Helper()
		want(t, what, got, strings.Join(lines, "\n"))
	}
	said("greeting", k.Line(), "* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL- ID AUTH=PLAIN AUTH=LOGIN] isa gateway ready")
	said("ID before the login", k.Command(`ID ("name" "x")`), `* ID ("name" "isa")`, "x OK ID completed")
	said("too early", k.Command("SELECT INBOX"), "x BAD SELECT is not possible now")
	said("unknown", k.Command("XYZZY"), "x BAD Unknown command")
	said("no tag", k.until2("\"\r\n"), "* BAD a command begins with a tag")
	said("an empty line is nothing", k.until2("\r\nx NOOP\r\n"), "x OK NOOP completed")
	said("wrong", k.Command("LOGIN a b"), "x NO [AUTHENTICATIONFAILED] Wrong name or password")
	k.Send("x LOGIN {%d}\r\n", len(testUser))
	said("literal", k.Line(), "+ Ready for literal data")
	k.Send("%s {%d+}\r\n%s\r\n", testUser, len(testPassword), testPassword)
	caps := "IMAP4rev1 SASL-IR LITERAL- ID IDLE UNSELECT NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE ESEARCH STATUS=SIZE"
	said("LOGIN", k.Line(), "x OK [CAPABILITY "+caps+"] Logged in")
	said("again", k.Command("LOGIN a b"), "x BAD LOGIN is not possible now")
	said("CAPABILITY", k.Command("capability"), "* CAPABILITY "+caps, "x OK CAPABILITY completed")
	said("NAMESPACE", k.Command("NAMESPACE"), `* NAMESPACE (("" "/")) NIL NIL`, "x OK NAMESPACE completed")

	said("delimiter", k.Command(`LIST "" ""`), `* LIST (\Noselect) "/" ""`, "x OK LIST completed")
	list := k.Command(`LIST "" *`)
	project := list[strings.Index(list, `"&`):]
	project = project[:strings.Index(project, "\n")]
	said("LIST", list, `* LIST (\HasNoChildren) "/" "INBOX"`, `* LIST (\HasNoChildren) "/" "R&-D \"1\""`, `* LIST (\HasNoChildren \Sent) "/" "Sent"`,
		`* LIST (\Noselect \HasChildren) "/" `+project, k.below(list), "x OK LIST completed")
	said("LIST %", k.Command(`LIST "" "%"`), strings.Split(list, "\n")[0], strings.Split(list, "\n")[1], strings.Split(list, "\n")[2], strings.Split(list, "\n")[3], "x OK LIST completed")
	said("LIST below", k.Command(`LIST `+strings.Trim(project, `"`)+`/ %`), k.below(list), "x OK LIST completed")
	said("LSUB", k.Command(`LSUB "" inbox`), `* LSUB (\HasNoChildren) "/" "INBOX"`, "x OK LSUB completed")
	said("SPECIAL-USE", k.Command(`LIST (SPECIAL-USE) "" * RETURN (SUBSCRIBED STATUS (MESSAGES SIZE))`), `* LIST (\HasNoChildren \Sent \Subscribed) "/" "Sent"`, `* STATUS "Sent" (MESSAGES 0 SIZE 0)`, "x OK LIST completed")
	said("patterns", k.Command(`LIST (SUBSCRIBED RECURSIVEMATCH) "" (IN* `+strings.Trim(project, `"`)+`)`), `* LIST (\HasNoChildren \Subscribed) "/" "INBOX"`,
		`* LIST (\Noselect \HasChildren) "/" `+project+` ("CHILDINFO" ("SUBSCRIBED"))`, "x OK LIST completed")
	said("STATUS", k.Command(`STATUS inbox (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE)`),
		`* STATUS "INBOX" (MESSAGES 3 RECENT 0 UIDNEXT 5 UIDVALIDITY 1700000000 UNSEEN 2 DELETED 0 SIZE `+itoa(len(letter)+29+2)+`)`, "x OK STATUS completed")
	said("raw name", k.tagged(`SELECT "프로젝트/네이버웍스 이전"`), "x OK [READ-WRITE] SELECT completed")
	said("Noselect", k.Command("SELECT "+project), "x NO [NONEXISTENT] There is no such mailbox")
	said("not selected any more", k.Command("FETCH 1 UID"), "x BAD FETCH is not possible now")
	said("SELECT", k.Command("SELECT inbox"), `* FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Forwarded)`, "* OK [PERMANENTFLAGS ()] Nothing can be set", "* 3 EXISTS", "* 0 RECENT",
		"* OK [UNSEEN 2] First unseen", "* OK [UIDVALIDITY 1700000000] UIDs valid", "* OK [UIDNEXT 5] Next UID", "x OK [READ-WRITE] SELECT completed")

	said("FAST", k.Command("FETCH 1:* FAST"), `* 1 FETCH (FLAGS (\Answered \Seen $Forwarded) INTERNALDATE " 6-May-2020 07:08:09 +0900" RFC822.SIZE `+itoa(len(letter))+")",
		`* 2 FETCH (FLAGS () INTERNALDATE " 7-May-2020 07:08:09 +0900" RFC822.SIZE 29)`, `* 3 FETCH (FLAGS () INTERNALDATE " 1-Jan-1970 00:00:00 +0000" RFC822.SIZE 2)`, "x OK FETCH completed")
	said("ENVELOPE", k.Command("FETCH 1 (ENVELOPE)"), `* 1 FETCH (ENVELOPE ("Wed, 6 May 2020 07:08:09 +0900" "=?EUC-KR?B?vsiz5w==?=" (("Kim, Gildong" NIL "kim" "example.com")) (("Kim, Gildong" NIL "kim" "example.com")) `+
		`(("Kim, Gildong" NIL "kim" "example.com")) ((NIL NIL "team" NIL)(NIL NIL "a" "b.c")(NIL NIL "bob" "")(NIL NIL NIL NIL)) NIL NIL NIL "<1@example.com>"))`, "x OK FETCH completed")
	said("BODYSTRUCTURE", k.Command("FETCH 1 BODYSTRUCTURE"), `* 1 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "EUC-KR") NIL NIL "7bit" 4 1 NIL NIL NIL NIL)("application" "pdf" ("name" {8}`,
		"\xb0\xdf\xc0\xfb.pdf"+`) NIL NIL "base64" 8 NIL ("attachment" ("filename*" "UTF-8''%EA%B2%AC")) NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL))`, "x OK FETCH completed")
	said("BODY", k.Command("FETCH 2 BODY"), `* 2 FETCH (BODY ("text" "plain" NIL NIL NIL "7bit" 10 1))`, "x OK FETCH completed")
	said("sections", k.Command(`UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (message-id "To")] BODY[1] BODY[2.MIME]<10.5> BODY[3] RFC822.HEADER)`),
		`* 1 FETCH (UID 1 BODY[HEADER.FIELDS (message-id To)] {54}`, "To: team: a@b.c, bob;", "Message-ID: <1@example.com>", "", ` BODY[1] {4}`, "\xbe\xc8\xb3\xe7 BODY[2.MIME]<10> {5}", "pe: a BODY[3] {0}",
		" RFC822.HEADER {"+itoa(strings.Index(letter, "preamble"))+"}", strings.ReplaceAll(letter[:strings.Index(letter, "preamble")], "\r\n", "\n")+")", "x OK UID FETCH completed")
	said("beyond the end", k.Command("UID FETCH 99:* UID"), "* 3 FETCH (UID 4)", "x OK UID FETCH completed")
	said("nobody", k.Command("FETCH 4:9 UID"), "x OK FETCH completed")
	said("each once", k.Command("UID FETCH 2,1:2,* UID"), "* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 4)", "x OK UID FETCH completed")
	said("wrong item", k.Command("FETCH 1 (UID NONSENSE)"), "x BAD Unknown item of FETCH")

	said("SEARCH", k.Command("SEARCH ALL"), "* SEARCH 1 2 3", "x OK SEARCH completed")
	said("UID SEARCH", k.Command("UID SEARCH OR SUBJECT {6+}\r\n안녕 (UNSEEN NOT 3)"), "* SEARCH 1 2", "x OK UID SEARCH completed")
	said("CHARSET", k.Command("UID SEARCH CHARSET EUC-KR BODY \"\xbe\xc8\""), "* SEARCH 1", "x OK UID SEARCH completed")
	said("charset nobody knows", k.Command("SEARCH CHARSET XYZ TEXT a"), "x NO [BADCHARSET (US-ASCII UTF-8 EUC-KR)] Unknown charset")
	said("dates", k.Command("SEARCH SINCE 7-May-2020 BEFORE 8-May-2020 SMALLER 100 UNKEYWORD $Forwarded"), "* SEARCH 2", "x OK SEARCH completed")
	said("ESEARCH", k.Command("UID SEARCH RETURN (MIN MAX COUNT ALL) UID 1:*"), `* ESEARCH (TAG "x") UID MIN 1 MAX 4 ALL 1:2,4 COUNT 3`, "x OK UID SEARCH completed")
	said("none", k.Command("SEARCH RETURN () NEW"), `* ESEARCH (TAG "x")`, "x OK SEARCH completed")

	said("STORE", k.Command(`UID STORE 1:* +FLAGS (\Deleted)`), `* 1 FETCH (UID 1 FLAGS (\Answered \Seen $Forwarded))`, `* 2 FETCH (UID 2 FLAGS ())`, `* 3 FETCH (UID 4 FLAGS ())`, "x OK UID STORE completed")
	said("silent", k.Command(`STORE 1 FLAGS.SILENT ()`), "x OK STORE completed")
	said("EXPUNGE", k.Command("EXPUNGE"), "x OK EXPUNGE completed")
	said("COPY", k.Command("COPY 1 Sent"), "x NO [CANNOT] This mailbox cannot be changed")
	said("CREATE", k.Command("CREATE x"), "x NO [CANNOT] This mailbox cannot be changed")
	said("SUBSCRIBE", k.Command("SUBSCRIBE Sent"), "x OK SUBSCRIBE completed")
	said("APPEND is refused before its literal", k.Command("APPEND INBOX (\\Seen) {50000000}"), "x NO [CANNOT] This mailbox takes nothing, and no long literals")
	k.Send("y APPEND INBOX {3+}\r\nabc {2+}\r\nde\r\nx NOOP\r\n")
	said("or with it", k.Until("x "), "y NO [CANNOT] This mailbox takes nothing, and no long literals", "x OK NOOP completed")
	k.Send("x IDLE\r\n")
	said("IDLE", k.Line(), "+ idling")
	said("DONE", k.until2("done\r\n"), "x OK IDLE completed")
	k.Send("x IDLE\r\n {3+}\r\nabc\r\n")
	said("a literal while idling", k.Until("x "), "+ idling", "x BAD no literal belongs here")
	k.Send("x NOOP\r\ny CHECK\r\nz CLOSE\r\n")
	said("pipelined", k.Until("z "), "x OK NOOP completed", "y OK CHECK completed", "z OK CLOSE completed")
	said("EXAMINE", k.tagged("EXAMINE INBOX"), "x OK [READ-ONLY] EXAMINE completed")
	said("STORE in EXAMINE", k.Command(`STORE 1 FLAGS (\Deleted)`), "x NO [READ-ONLY] The mailbox is open for reading only")
	said("LOGOUT", k.Command("LOGOUT"), "* BYE Logging out", "x OK LOGOUT completed")
	want(t, "the end", k.Line(), "")

	e := g.told(t, func(e Event) bool { return e.Kind == Closed })
	want(t, "batch", e.Batch, "batch-1")
	want(t, "unknown commands", e.Commands["?"], 1)
	want(t, "NOOPs", e.Commands["NOOP"], 3)
	want(t, "reason", e.Reason, "")
}

// TestAuthenticate: each mechanism, with the response in the command or after it.
func TestAuthenticate(t *testing.T) {
	g := start(t, small(t))
	plain := base64Of("\x00" + testUser + "\x00" + testPassword)
	for _, tc := range []struct{ name, first, then string }{
		{"PLAIN", "AUTHENTICATE PLAIN " + plain, ""},
		{"PLAIN later", "AUTHENTICATE PLAIN", plain + "\r\n"},
		{"PLAIN for somebody", "AUTHENTICATE PLAIN " + base64Of(testUser+"\x00"+testUser+"\x00"+testPassword), ""},
		{"LOGIN", "AUTHENTICATE LOGIN", base64Of(testUser) + "\r\n" + base64Of(testPassword) + "\r\n"},
		{"LOGIN early", "authenticate login " + base64Of(testUser), base64Of(testPassword) + "\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := g.converse(t)
			k.Line()
			k.Send("x %s\r\n%s", tc.first, tc.then)
			if got := k.Until("x "); !strings.Contains(got, "x OK [CAPABILITY") {
				t.Error(got)
			}
		})
	}
	for first, answer := range map[string]string{
		"AUTHENTICATE PLAIN\r\n*":           "x BAD The login was given up",
		"AUTHENTICATE PLAIN\r\n{3+}\r\nabc": "x BAD no literal belongs here",
		"AUTHENTICATE PLAIN ====":           "x BAD that is no base64",
		"AUTHENTICATE PLAIN =":              "x BAD PLAIN has three parts",
		"AUTHENTICATE CRAM-MD5":             "x NO [CANNOT] This mechanism is not offered",
		"AUTHENTICATE PLAIN AGEAYg== extra": "x BAD something follows that does not belong to the command",
	} {
		k := g.converse(t)
		k.Line()
		got := k.Command(first)
		want(t, first, strings.TrimPrefix(got, "+ \n"), answer)
	}
}
