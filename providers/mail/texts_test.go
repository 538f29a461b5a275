package mail

import (
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "1": 1, "40MB": 40 << 20, "40 MB": 40 << 20, "40m": 40 << 20, "1.5GB": 3 << 29, "512KiB": 512 << 10, "100 B": 100,
		"0": -1, "0.4": -1, "-1MB": -1, "MB": -1, "1,000": -1, "1TB": -1, "1e3": -1, "9999999999GB": -1, "１０MB": -1,
	} {
		got, err := parseSize(text)
		if want < 0 != (err != nil) || err == nil && got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-02": "2026-03-01T15:00:00Z", "2026. 3. 2.": "2026-03-01T15:00:00Z", "2026-03-02 18:00": "2026-03-02T09:00:00Z",
		"2026-03-02T18:00:05": "2026-03-02T09:00:05Z", "2026-03-02T18:00:00+00:00": "2026-03-02T18:00:00Z",
		"": "0001-01-01T00:00:00Z", "2026-02-30": "", "2026-03-02 25:00": "", "18:00": "", "soon": "",
	} {
		got, err := parseMoment(text)
		if (want == "") != (err != nil) || err == nil && got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v; want %s", text, got.UTC(), err, want)
		}
	}
}

func TestHoursOfTheDay(t *testing.T) {
	for text, want := range map[string][2]time.Duration{
		"22:00-07:00": {22 * time.Hour, 7 * time.Hour}, "9:30 – 18:00": {9*time.Hour + 30*time.Minute, 18 * time.Hour}, "18:00~24:00": {18 * time.Hour, 24 * time.Hour},
		"": {}, "22:00": {}, "22-7": {}, "22:00-22:00": {}, "24:00-07:00": {}, "25:00-07:00": {}, "07:00-08:00-09:00": {},
	} {
		from, to, err := parseHours(text)
		if (want == [2]time.Duration{}) != (err != nil) || err == nil && (from != want[0] || to != want[1]) {
			t.Errorf("%q: %v to %v, %v", text, from, to, err)
		}
	}
}

func TestHosts(t *testing.T) {
	for text, good := range map[string]bool{
		"mail.acme.co.kr": true, "10.0.0.5": true, "::1": true, "localhost": true, "메일.한국": true, "a_b.local": true, "mail.acme.co.kr.": true,
		"mail acme": false, "imap://mail": false, "mail:993": false, "a..b": false, "-a": false, "user@mail": false, ".": false,
	} {
		if got := hostText(text) == ""; got != good {
			t.Errorf("%q: %q", text, hostText(text))
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"a*b", "ab", true}, {"a*b", "axxb", true},
		{"a*b*c", "a1b2c", true}, {"a*b*c", "a1c2b", false}, {"*", "", true}, {"ab*b", "ab", false}, {"*업무*", "옛 업무 1", true},
	} {
		if glob(c.pattern, c.name) != c.want {
			t.Errorf("%q, %q: %v", c.pattern, c.name, !c.want)
		}
	}
}

func TestTargetServer(t *testing.T) {
	for _, c := range []struct{ edition, base, want string }{
		{"commercial", "", "imap.worksmobile.com:993 true"}, {"", "", "imap.worksmobile.com:993 true"}, {"gov", "", ""},
		{"gov", "imaps://imap.gov.example", "imap.gov.example:993 true"}, {"commercial", "imap://127.0.0.1:1143", "127.0.0.1:1143 false"},
		{"commercial", "imap://localhost", "localhost:143 false"}, {"commercial", "imap://[::1]:1143", "[::1]:1143 false"},
		{"commercial", "imap://10.0.0.1:143", ""}, {"commercial", "http://127.0.0.1", ""}, {"commercial", "imaps://h:0", ""}, {"commercial", "imaps://h:99999", ""},
	} {
		s, err := TargetServer(c.edition, c.base)
		if c.want == "" {
			if diag.ClassOf(err) != diag.Invalid {
				t.Errorf("%s %q: %v, %v", c.edition, c.base, s, err)
			}
			continue
		}
		tls := " false"
		if s.TLS {
			tls = " true"
		}
		if err != nil || s.Address()+tls != c.want {
			t.Errorf("%s %q: %s%s, %v; want %s", c.edition, c.base, s.Address(), tls, err, c.want)
		}
	}
}

func TestEachRuleHasAPage(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range breaches() {
		if b.code == "" || b.summary == "" || b.page == "" || seen[b.code] {
			t.Errorf("%+v", b)
		}
		seen[b.code] = true
	}
}
