package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

// TestListings runs scripted pages. Each page is the answer to the cursor it
// stands under, at the nth request if the key ends with "#n".
func TestListings(t *testing.T) {
	type page struct {
		from, to int
		next     any // "absent": no responseMetaData
		status   int
	}
	for name, c := range map[string]struct {
		pages map[string]page
		want  int // users u0 …
		calls int
		class diag.Class
	}{
		"empty":           {map[string]page{"": {0, 0, "absent", 0}}, 0, 1, ""},
		"next null":       {map[string]page{"": {0, 3, nil, 0}}, 3, 1, ""},
		"next empty":      {map[string]page{"": {0, 3, "", 0}}, 3, 1, ""},
		"three pages":     {map[string]page{"": {0, 100, "a=+/&", 0}, "a=+/&": {100, 200, "b", 0}, "b": {200, 250, "absent", 0}}, 250, 3, ""},
		"twice on pages":  {map[string]page{"": {0, 100, "a", 0}, "a": {90, 150, nil, 0}}, 150, 2, ""},
		"expired once":    {map[string]page{"": {0, 100, "a", 0}, "a#2": {0, 0, nil, 400}, "a": {100, 120, nil, 0}}, 120, 4, ""},
		"always expired":  {map[string]page{"": {0, 100, "a", 0}, "a": {0, 0, nil, 400}}, 100, 6, diag.Invalid},
		"circle":          {map[string]page{"": {0, 100, "a", 0}, "a": {100, 120, "a", 0}}, 120, 6, diag.Unavailable},
		"first refused":   {map[string]page{"": {0, 0, nil, 400}}, 0, 1, diag.Invalid},
		"denied later on": {map[string]page{"": {0, 100, "a", 0}, "a": {0, 0, nil, 403}}, 100, 2, diag.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTenant(t, func(w http.ResponseWriter, r *request) {
				q := r.URL.Query()
				if q.Get("count") != "100" || q.Get("domainId") != "10000001" {
					t.Errorf("query %s", r.URL.RawQuery)
				}
				p, ok := c.pages[fmt.Sprint(q.Get("cursor"), "#", r.nth)]
				if !ok {
					p, ok = c.pages[q.Get("cursor")]
				}
				switch {
				case !ok:
					t.Errorf("cursor %q", q.Get("cursor"))
					fail(w, 500, "", "")
				case p.status != 0:
					fail(w, p.status, "INVALID_PARAMETER", "cursor")
				default:
					users(w, p.from, p.to, p.next)
				}
			})
			progress := -1
			list, err := Collect(s.inside().Users(t.Context(), ListOptions{DomainID: 10000001, Page: func(n int) { progress = n }}))
			if diag.ClassOf(err) != c.class || len(s.seen()) != c.calls || len(list) != c.want {
				t.Errorf("%d users in %d calls, %v", len(list), len(s.seen()), err)
			}
			for i, u := range list {
				if u.UserID != fmt.Sprint("u", i) {
					t.Errorf("user %d is %s", i, u.UserID)
				}
			}
			if c.want > 0 && progress != c.want {
				t.Errorf("progress %d", progress)
			}
		})
	}
}

func TestAPageWithoutItsListIsNoEmptyList(t *testing.T) {
	for _, body := range []string{`{}`, `{"users":null}`, `{"users":{}}`, `{"users":[{}]}`, `{"users":[null]}`, `[]`, `{"users":[],"responseMetaData":[]}`, `{"users":[{"userId":`} {
		s := newTenant(t, func(w http.ResponseWriter, r *request) { _, _ = w.Write([]byte(body)) })
		if _, err := Collect(s.inside().Users(t.Context(), ListOptions{})); diag.ClassOf(err) != diag.Unavailable {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestBreakingOffAListing(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, r *request) { users(w, 0, 100, fmt.Sprint(r.nth)) })
	for range s.inside().Users(t.Context(), ListOptions{}) {
		break
	}
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestObjectsAreRead(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, r *request) {
		_, _ = w.Write([]byte(strings.ReplaceAll(`{"userId":"u","groupId":"u","orgUnitId":"u","levelId":"u","positionId":"u","userTypeId":"u",
			"email":null,"i18nName":[{"language":"en_US","name":"N","lastName":"L"}],"future":{"a":[1]},"nickName":null,"telephone":"02",
			"organizations":[{"domainId":1,"primary":true,"orgUnits":[{"orgUnitId":"o","isManager":true,"visible":false}]}],
			"customProperties":{"a":["x"]},"visible":false,"members":[{"id":"m","type":"GROUP"}],"displayOrder":-3}`, "\n", "")))
	})
	c := s.inside()
	user, err := c.User(t.Context(), "u")
	if err != nil || user.NickName != nil || *user.Telephone != "02" || len(user.I18nNames) != 1 || *user.I18nNames[0].LastName != "L" ||
		!user.Organizations[0].OrgUnits[0].IsManager || *user.Organizations[0].OrgUnits[0].Visible {
		t.Errorf("%+v, %v", user, err)
	}
	unit, err := c.OrgUnit(t.Context(), "u")
	if err != nil || *unit.Visible || unit.I18nNames[0].Name != "N" || unit.I18nName != nil {
		t.Errorf("%+v, %v", unit, err)
	}
	level, err := c.Level(t.Context(), 7, "u")
	if err != nil || level.DisplayOrder != -3 || level.I18nNames[0].Name != "N" {
		t.Errorf("%+v, %v", level, err)
	}
	if last := s.seen()[2]; last.URL.RawQuery != "domainId=7" {
		t.Errorf("query %s", last.URL.RawQuery)
	}
	if kind, err := c.UserType(t.Context(), "u"); err != nil || kind.I18nNames[0].Name != "N" {
		t.Errorf("%+v, %v", kind, err)
	}
	if position, err := c.Position(t.Context(), 0, "u"); err != nil || position.I18nNames[0].Name != "N" {
		t.Errorf("%+v, %v", position, err)
	}
	if group, err := c.Group(t.Context(), "u"); err != nil || group.Members[0].Type != MemberGroup || *group.Visible {
		t.Errorf("%+v, %v", group, err)
	}
}

func TestACreationWithoutIDIsUnknown(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, r *request) { answer(w, 201, Props{}) })
	c := s.inside()
	_, user := c.CreateUser(t.Context(), Props{})
	_, unit := c.CreateOrgUnit(t.Context(), 1, Props{})
	_, level := c.CreateLevel(t.Context(), Props{})
	_, group := c.CreateGroup(t.Context(), &Group{GroupName: "g"})
	for _, err := range []error{user, unit, level, group} {
		if !diag.MayHaveHappened(err) {
			t.Errorf("%v", err)
		}
	}
}
