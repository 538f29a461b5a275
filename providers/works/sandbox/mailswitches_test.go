package sandbox

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestMailSwitches: what each switch of IMAP changes, seen from outside.
func TestMailSwitches(t *testing.T) {
	has := func(name string) func(*Server) string {
		return func(s *Server) string {
			k := mailClient(t, s)
			return fmt.Sprint(strings.Contains(k.do("CAPABILITY")+" ", " "+name+" ") || strings.Contains(k.do("CAPABILITY"), " "+name+"\n"))
		}
	}
	first := func(answer string) string { return strings.Join(strings.Fields(answer)[:3], " ") }
	tagged := func(answer string) string { return answer[strings.LastIndex(answer, "x "):] }
	create := func(n int) func(*Server) string {
		return func(s *Server) string {
			k := mailClient(t, s)
			answer := ""
			for i := range n {
				answer = k.do("CREATE f%d", i)
			}
			return first(answer)
		}
	}
	flags := func(s *Server) string {
		k := mailClient(t, s)
		k.put("a")
		k.do("EXAMINE INBOX")
		_, got, _ := strings.Cut(k.do("FETCH 1 FLAGS"), "FLAGS ")
		return strings.TrimSuffix(strings.Split(got, "\n")[0], ")")
	}
	size := func(body string) func(*Server) string {
		return func(s *Server) string {
			k := mailClient(t, s)
			if got := k.put(body); !strings.HasPrefix(got, "x OK") {
				return first(got)
			}
			k.do("SELECT INBOX")
			return regexp.MustCompile(`SIZE (\d+)`).FindStringSubmatch(k.do("FETCH 1 RFC822.SIZE"))[1]
		}
	}
	validity := func(s *Server) string {
		k := mailClient(t, s)
		return regexp.MustCompile(`UIDVALIDITY (\d+)`).FindStringSubmatch(k.do("STATUS INBOX (UIDVALIDITY)"))[1]
	}
	big := strings.Repeat("x", 1<<20+1)
	cases := map[string]struct {
		see   func(*Server) string
		wants map[string]string
	}{
		"imap-admin":  {loginAnswer(t), map[string]string{"on": "OK", "off": "IMAP is not allowed by the administrator"}},
		"imap-member": {loginAnswer(t), map[string]string{"on": "OK", "off": "IMAP is switched off in the member's mail settings"}},
		"imap-lockout": {func(s *Server) string {
			k := dialMail(t, s)
			for range 5 {
				k.do("LOGIN %s wrong", administrator)
			}
			return loginAnswer(t)(s)
		}, map[string]string{"none": "OK", "5": "Too many wrong passwords; try again later"}},
		"imap-connections": {func(s *Server) string {
			made, err := s.AppPassword(administrator, false)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for n < 12 && strings.HasPrefix(dialMail(t, s).do("LOGIN %s %s", administrator, made.Password), "x OK") {
				n++
			}
			return fmt.Sprint(n)
		}, map[string]string{"10": "10", "2": "2", "1": "1", "unlimited": "12"}},
		"imap-uidplus":      {has("UIDPLUS"), map[string]string{"offered": "true", "missing": "false"}},
		"imap-literal-plus": {has("LITERAL+"), map[string]string{"offered": "true", "missing": "false"}},
		"imap-idle":         {has("IDLE"), map[string]string{"offered": "true", "missing": "false"}},
		"imap-special-use": {func(s *Server) string {
			k := mailClient(t, s)
			return fmt.Sprint(has("SPECIAL-USE")(s), " ", strings.Contains(k.do(`LIST "" *`), `\Sent`))
		}, map[string]string{"offered": "true true", "missing": "false false"}},
		"imap-more": {func(s *Server) string {
			k := mailClient(t, s)
			return fmt.Sprint(has("MOVE")(s), " ", has("APPENDLIMIT=41943040")(s), " ", first(k.do("NAMESPACE")))
		}, map[string]string{"missing": "false false x BAD Unknown", "offered": "true true * NAMESPACE ((\"\""}},
		"imap-delimiter": {func(s *Server) string {
			k := mailClient(t, s)
			k.do("CREATE a.b")
			k.do("CREATE c/d")
			return strings.Join(regexp.MustCompile(`"." "[ac]\b\S*`).FindAllString(k.do(`LIST "" *`), -1), " ")
		}, map[string]string{"/": `"/" "a.b" "/" "c" "/" "c/d"`, ".": `"." "a" "." "a.b" "." "c/d"`}},
		"imap-folder-language": {func(s *Server) string {
			return regexp.MustCompile(`\\Sent\) "/" "(\S+)"`).FindStringSubmatch(mailClient(t, s).do(`LIST "" *`))[1]
		}, map[string]string{"account": "&vPSwuLpUx3zVaA-", "korean": "&vPSwuLpUx3zVaA-", "english": "Sent"}},
		"imap-folder-name":  {func(s *Server) string { return first(mailClient(t, s).do("CREATE %s", strings.Repeat("a", 101))) }, map[string]string{"100": "x NO [LIMIT]", "unlimited": "x OK CREATE"}},
		"imap-folder-depth": {func(s *Server) string { return first(mailClient(t, s).do("CREATE a/b/c/d/e/f")) }, map[string]string{"unlimited": "x OK CREATE", "5": "x NO [LIMIT]"}},
		"imap-folder-count": {create(15), map[string]string{"unlimited": "x OK CREATE", "20": "x NO [LIMIT]"}},
		"imap-system-folders": {func(s *Server) string {
			k := mailClient(t, s)
			return first(k.do("DELETE &1zTJwNG1-")) + first(k.do("RENAME &1zTJwNG1- x")) + first(k.do("RENAME INBOX x"))
		}, map[string]string{"fixed": "x NO [CANNOT]x NO [CANNOT]x NO [CANNOT]", "free": "x OK DELETEx NO [NONEXISTENT]x NO [CANNOT]"}},
		"imap-append-limit": {func(s *Server) string { return first(mailClient(t, s).put(big)) },
			map[string]string{"40MB": "x OK [APPENDUID", "25MB": "x OK [APPENDUID", "1MB": "x NO [TOOBIG]", "unlimited": "x OK [APPENDUID"}},
		"imap-append-flags": {flags, map[string]string{"kept": `(\Seen Blue)`, "ignored": "()"}},
		"imap-keywords":     {flags, map[string]string{"kept": `(\Seen Blue)`, "dropped": `(\Seen)`}},
		"imap-append-date": {func(s *Server) string {
			k := mailClient(t, s)
			k.put("a")
			k.do("SELECT INBOX")
			return fmt.Sprint(strings.Contains(k.do("FETCH 1 INTERNALDATE"), `" 1-Feb-2003 04:05:06 +0900"`))
		}, map[string]string{"kept": "true", "ignored": "false"}},
		"imap-append-duplicates": {func(s *Server) string {
			k := mailClient(t, s)
			return strings.Fields(k.put("same"))[4] + strings.Fields(k.put("else"))[4] + strings.Fields(k.put("same"))[4]
		}, map[string]string{"kept": "1]2]3]", "dropped": "1]2]1]"}},
		"imap-append-rate": {func(s *Server) string {
			k := mailClient(t, s)
			answer := ""
			for range 601 {
				answer = k.put("a")
			}
			return first(answer)
		}, map[string]string{"unlimited": "x OK [APPENDUID", "600": "x NO [LIMIT]"}},
		"imap-bare-lf": {size("a\nb\r\nc\n"), map[string]string{"kept": "7", "mended": "9"}},
		"imap-nul":     {size("a\x00b"), map[string]string{"kept": "3", "refused": "x NO Message"}},
		"imap-uidvalidity": {func(s *Server) string {
			return fmt.Sprint(validity(s) == validity(s))
		}, map[string]string{"kept": "true", "start": "true", "login": "true"}}, // both are logged in: see TestEpochs
	}
	cases["imap-connections-refusal"] = struct {
		see   func(*Server) string
		wants map[string]string
	}{func(s *Server) string {
		made, err := s.AppPassword(administrator, false)
		if err != nil {
			t.Fatal(err)
		}
		answer := ""
		for range 11 {
			answer = dialMail(t, s).do("LOGIN %s %s", administrator, made.Password)
		}
		return first(answer + " - -")
	}, map[string]string{"no": "x NO [LIMIT]", "bye": "* BYE Too"}}
	cases["imap-append-refusal"] = struct {
		see   func(*Server) string
		wants map[string]string
	}{nil, map[string]string{"code": "x NO [TOOBIG]", "text": "x NO The"}}
	for _, sw := range mailSwitches() {
		tc, ok := cases[sw.Name]
		if !ok {
			t.Errorf("the switch %s is not tried", sw.Name)
			continue
		}
		for _, value := range sw.Values {
			t.Run(sw.Name+"="+value, func(t *testing.T) {
				w := Switches{sw.Name: value}
				see := tc.see
				if see == nil { // needs a smaller limit too
					w["imap-append-limit"] = "1MB"
					see = func(s *Server) string { return first(tagged(mailClient(t, s).put(big))) }
				}
				expected, ok := tc.wants[value]
				if !ok {
					t.Fatal("the value is not tried")
				}
				want(t, "behaviour", see(mailServer(t, Options{Switches: w})), expected)
			})
		}
	}
}

// loginAnswer tells how the administrator's login ends.
func loginAnswer(t testing.TB) func(*Server) string {
	return func(s *Server) string {
		made, err := s.AppPassword(administrator, false)
		if err != nil {
			t.Fatal(err)
		}
		answer := dialMail(t, s).do("LOGIN %s %s", administrator, made.Password)
		if strings.HasPrefix(answer, "x OK") {
			return "OK"
		}
		return strings.TrimPrefix(answer, "x NO [AUTHENTICATIONFAILED] ")
	}
}
