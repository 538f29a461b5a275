package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// What the reference leaves open must not matter: one broad story ends well
// whichever way the service behaves.
func TestEverySwitch(t *testing.T) {
	key := privateKey(t)
	for _, s := range sandbox.Catalogue() {
		for _, v := range s.Values[1:] {
			t.Run(s.Name+"="+v, func(t *testing.T) {
				w := newWorld(t, key, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches{s.Name: v}})
				top := "clear"
				if s.Name+"="+v == "move-without-parent=keep" {
					top = "org_unit.hq"
				}
				broad(w, top)
				if top != "clear" {
					stuck(newWorld(t, key, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches{s.Name: v}}))
				}
			})
		}
	}
	t.Run("as inferred", func(t *testing.T) { broad(newWorld(t, key, sandbox.Options{SeedValue: 1}), "clear") })
	t.Run("lists merged and null refused", func(t *testing.T) {
		w := newWorld(t, key, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches{"patch-arrays": "merge", "patch-null": "rejects"}})
		broad(w, "clear")
	})
}

// stuck: where no call moves a unit to the top level, apply says so and does not
// claim that it did.
func stuck(w *world) {
	const units = `org_unit "x" { name = "하나" }
org_unit "y" {
  name   = "둘"
  parent = %s
}
`
	w.must("a unit below", fmt.Sprintf(units, "org_unit.x"))
	cfg, list := w.load(fmt.Sprintf(units, "clear"))
	if list.HasErrors() {
		w.Fatal(list.Err())
	}
	if err := w.apply(w.plan(cfg)); err == nil || !strings.Contains(err.Error(), "old parent") {
		w.Errorf("a unit that did not move: %v", err)
	}
}

func privateKey(t testing.TB) string {
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	return server.Env()["WORKS_PRIVATE_KEY"]
}

// broad lives through everything that a tenant of the spine can do. top is how the
// configuration says that a unit moves to the top level.
func broad(w *world, top string) {
	w.must("everything is made", `
job_grade "a" {
  name      = "사원"
  executive = false
  names     = { en_US = "Staff", ja_JP = "社員" }
}
job_grade "b" { name = "대리" }
position "lead" {
  name  = "팀장"
  names = { en_US = "Lead", ja_JP = "長" }
}
user_type "r" { name = "정규직" }
user_type "c" {
  name         = "계약직"
  external_key = "C"
  code         = "CT"
}
org_unit "hq" {
  name  = "본사"
  email = "hq"
  names = { en_US = "HQ", ja_JP = "本社" }
  org_unit "s" {
    name        = "영업"
    aliases     = ["sales", "sell"]
    description = "팝니다"
    use_message = true
    use_note    = true
  }
  org_unit "d" { name = "개발" }
}
member "kim" {
  external_key    = "1"
  login_id        = "kim"
  last_name       = "김"
  first_name      = "하나"
  nickname        = "하나님"
  private_email   = "kim@example.com"
  aliases         = ["one", "uno"]
  names           = { en_US = { last = "Kim", first = "Hana" }, ja_JP = { last = "金" } }
  job_grade       = job_grade.a
  user_type       = user_type.r
  cell_phone      = "010-1111-2222"
  employee_number = "E1"
  location        = "서울"
  task            = "영업"
  hired_on        = "2020-01-02"
  belongs_to {
    org_unit = org_unit.s
    position = position.lead
    head     = true
  }
  belongs_to {
    org_unit = org_unit.d
    position = position.lead
  }
}
member "lee" {
  external_key  = "2"
  login_id      = "lee"
  last_name     = "이"
  first_name    = "둘"
  private_email = "lee@example.com"
  aliases       = ["two"]
  belongs_to { org_unit = org_unit.s }
}
member "park" {
  external_key = "3"
  login_id     = "park"
  last_name    = "박"
  password {
    mode  = "admin"
    value = secret_env("P")
  }
  belongs_to { org_unit = org_unit.d }
}
group "sub" {
  name           = "작은 모임"
  administrators = [member.lee]
  members        = [member.lee]
}
group "all" {
  name            = "모임"
  external_key    = "G"
  description     = "모두"
  administrators  = [member.kim, member.lee]
  members         = [member.kim, org_unit.d, group.sub]
  use_mail        = true
  email           = "all"
  aliases         = ["everyone", "alle"]
  external_emails = ["a@example.com", "b@example.com"]
  senders         = [member.kim, member.lee]
  send_as         = [member.kim]
  ownership       = "exact"
}
`)
	for _, login := range []string{"kim", "lee", "park"} {
		w.signIn(login)
	}
	byHand := w.touch()
	w.must("lists shrink, values are emptied, names and offices change hands", `
job_grade "b" { name = "사원" }
position "lead" {
  name  = "팀장"
  names = clear
}
user_type "c" {
  name         = "계약직"
  external_key = clear
  code         = "CT"
}
org_unit "hq" {
  name  = "본사"
  email = "hq"
  names = clear
  org_unit "d" { name = "개발" }
  org_unit "s" {
    name        = "영업"
    aliases     = ["sell"]
    description = clear
    use_message = true
    use_note    = false
  }
}
member "kim" {
  external_key    = "2"
  login_id        = "kim"
  last_name       = "김"
  first_name      = clear
  nickname        = clear
  private_email   = "kim@example.com"
  aliases         = ["two"]
  names           = clear
  job_grade       = clear
  user_type       = user_type.c
  cell_phone      = clear
  employee_number = clear
  location        = clear
  task            = clear
  hired_on        = clear
  belongs_to {
    org_unit = org_unit.d
    position = clear
  }
}
member "lee" {
  external_key  = "1"
  login_id      = "lee"
  last_name     = "이"
  first_name    = "둘"
  private_email = "lee@example.com"
  aliases       = ["one", "uno"]
  job_grade     = job_grade.b
  user_type     = user_type.c
  belongs_to {
    org_unit = org_unit.s
    head     = true
  }
}
member "park" {
  external_key = clear
  login_id     = "pak"
  last_name    = "박"
  belongs_to { org_unit = org_unit.d }
}
group "all" {
  name            = "모임"
  external_key    = clear
  description     = clear
  administrators  = [member.lee]
  members         = [org_unit.d]
  use_mail        = true
  email           = "all"
  aliases         = []
  external_emails = ["b@example.com"]
  senders         = clear
  send_as         = [member.lee]
  ownership       = "exact"
}
`)
	byHand()
	before := w.people()
	leavers := fmt.Sprintf(`
position "lead" { name = "팀장" }
org_unit "hq" { name = "본사" }
org_unit "d" {
  name   = "개발"
  parent = %s
}
member "lee" {
  external_key  = "1"
  login_id      = "lee"
  last_name     = "이"
  first_name    = "둘"
  private_email = "lee@example.com"
  aliases       = []
  job_grade     = clear
  user_type     = clear
  belongs_to {
    org_unit = org_unit.hq
    head     = true
    position = position.lead
  }
}
group "all" {
  name           = "모임"
  administrators = [member.lee]
  members        = [member.lee]
  use_mail       = true
  email          = "info"
  ownership      = "exact"
}
`, top)
	w.must("people leave, units go", leavers)
	w.must("and come back", leavers+`
member "kim" {
  external_key  = "2"
  login_id      = "kim"
  last_name     = "김"
  private_email = "kim@example.com"
  belongs_to { org_unit = org_unit.d }
}
`)
	after := w.people()
	for id, u := range before {
		if after[id] == nil {
			w.Errorf("%s (%s) was lost", u.Email, id)
		}
	}
	if len(after) != len(before) {
		w.Errorf("%d members before, %d after", len(before), len(after))
	}
}

// touch sets by hand what isa does not manage, and returns the check that it is
// still there.
func (w *world) touch() (check func()) {
	w.Helper()
	ids := map[string]string{}
	for id, u := range w.people() {
		ids[u.Email] = id
	}
	kim, lee := ids["kim@acme.co.kr"], ids["lee@acme.co.kr"]
	if _, err := w.client.PatchUser(w.Context(), kim, api.Props{
		"birthday": "1990-01-02", "birthdayCalendarType": "SOLAR", "searchable": false, "telephone": "02-123",
		"messenger": map[string]any{"protocol": "LINE", "messengerId": "kim"},
		"relations": []any{map[string]any{"relationUserId": lee, "relationName": "동료"}},
	}); err != nil {
		w.Fatal(err)
	}
	texts := func() string {
		u, err := w.client.User(w.Context(), kim)
		if err != nil {
			w.Fatal(err)
		}
		return fmt.Sprint(*u.Birthday, *u.BirthdayCalendarType, *u.Searchable, *u.Telephone, u.Messenger.MessengerID, u.Relations[0].RelationUserID,
			*u.Relations[0].RelationName, u.Locale, u.TimeZone, *u.PrivateEmail)
	}
	before := texts()
	return func() {
		w.Helper()
		if after := texts(); after != before {
			w.Errorf("set by hand: %s, now %s", before, after)
		}
	}
}
