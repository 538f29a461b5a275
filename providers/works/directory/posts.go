package directory

import (
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// readOrganizations reads a member's posts, of all companies, and the grade in
// the member's own. The primary post is the primary unit of the own company.
func (d *directory) readOrganizations(attrs value.Object, u *api.User) {
	posts, concurrent := value.List{}, value.Object{}
	for _, org := range u.Organizations {
		if org.DomainID == u.DomainID {
			putNull(attrs, "job_grade", org.LevelID)
		} else if company := d.company(org.DomainID); company.Domain != "" {
			readConcurrent(concurrent, company, u, &org)
		}
		for _, unit := range org.OrgUnits {
			post := make(value.Object, 6)
			put(post, "org_unit", unit.OrgUnitID)
			putNull(post, "position", unit.PositionID)
			putBool(post, "head", unit.IsManager)
			putBool(post, "primary", unit.Primary && org.DomainID == u.DomainID)
			putDefault(post, "visible", unit.Visible)
			putDefault(post, "team_features", unit.UseTeamFeature)
			posts = append(posts, post)
		}
	}
	attrs["belongs_to"] = posts
	if len(concurrent) > 0 {
		attrs["concurrent"] = concurrent
	}
}

// readConcurrent reads what a member has of their own in another company: the service
// fills in the login ID where there is no address.
func readConcurrent(all value.Object, company schema.Company, u *api.User, org *api.UserOrganization) {
	entry := value.Object{}
	putNull(entry, "job_grade", org.LevelID)
	if !strings.EqualFold(org.Email, u.Email) {
		put(entry, "email", model.LocalName(org.Email, company))
	}
	if len(entry) > 0 {
		all[strings.ToLower(company.Domain)] = entry
	}
}

// organizations writes a member's posts by company, with what the member has there.
func organizations(w *writing[api.User]) (any, error) {
	own := w.request.Company.DomainID
	if w.was != nil && w.was.DomainID != 0 && w.request.Verb != doRelocate {
		own = w.was.DomainID
	}
	posts, order, err := postsByCompany(w, own)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(order))
	for _, domainID := range order {
		was := organizationOf(w.was, domainID)
		units, err := unitsOf(posts[domainID], was)
		if err != nil {
			return nil, err
		}
		org := map[string]any{"domainId": domainID, "primary": domainID == own, "orgUnits": units}
		if domainID == own {
			if grade := value.Text(w.merged["job_grade"]); grade != "" {
				org["levelId"] = grade
			}
		} else {
			putThere(org, w, w.company(domainID), was)
		}
		out = append(out, org)
	}
	return out, nil
}

// putThere writes the grade and the address of a member in another company. In a
// company that the configuration does not declare they keep what they have, and the grade
// in the one that they leave but have posts in.
func putThere(org map[string]any, w *writing[api.User], company schema.Company, was *api.UserOrganization) {
	all, _ := w.merged["concurrent"].(value.Object)
	entry, _ := all[strings.ToLower(company.Domain)].(value.Object)
	grade, email := value.Text(entry["job_grade"]), model.FullAddress(value.Text(entry["email"]), company)
	switch leaves := w.request.Verb == doRelocate && was != nil && was.Primary; {
	case was == nil:
	case company.Domain == "":
		grade, email = dereference(was.LevelID), was.Email
	case leaves && grade == "": // the address is the account's, and moves
		grade = dereference(was.LevelID)
	}
	if grade != "" {
		org["levelId"] = grade
	}
	if email != "" {
		org["email"] = email
	}
}

// postsByCompany sorts posts by the company of their unit, the own one first.
func postsByCompany(w *writing[api.User], own int) (map[int][]value.Object, []int, error) {
	known := map[string]int{}
	if w.was != nil {
		for _, org := range w.was.Organizations {
			for _, unit := range org.OrgUnits {
				known[unit.OrgUnitID] = org.DomainID
			}
		}
	}
	list, _ := w.merged["belongs_to"].(value.List)
	posts, order := map[int][]value.Object{}, []int{own}
	for _, p := range list {
		post, ok := p.(value.Object)
		if !ok || value.Text(post["org_unit"]) == "" {
			return nil, nil, unresolved("belongs_to", p)
		}
		domainID, ok := known[value.Text(post["org_unit"])]
		if !ok {
			var err error
			if domainID, err = w.unit(value.Text(post["org_unit"])); err != nil {
				return nil, nil, err
			}
		}
		if posts[domainID] == nil && domainID != own {
			order = append(order, domainID)
		}
		posts[domainID] = append(posts[domainID], post)
	}
	return posts, order, nil
}

func organizationOf(u *api.User, domainID int) *api.UserOrganization {
	if u != nil {
		for i := range u.Organizations {
			if u.Organizations[i].DomainID == domainID {
				return &u.Organizations[i]
			}
		}
	}
	return nil
}

// unitsOf writes the posts of one company with exactly one primary: the one that
// says so now, else the one that was, else the first (10 §9.6). Where only some
// posts are isa's, the one that was still says so beside it.
func unitsOf(posts []value.Object, was *api.UserOrganization) ([]any, error) {
	primary := primaryOf(posts, was)
	out := make([]any, len(posts))
	for i, post := range posts {
		unit := map[string]any{"orgUnitId": value.Text(post["org_unit"]), "primary": i == primary}
		for wire, attr := range map[string]string{
			"positionId": "position", "isManager": "head", "visible": "visible", "useTeamFeature": "team_features",
		} {
			v, err := scalar(post[attr])
			if err != nil {
				return nil, err
			}
			if v != nil {
				unit[wire] = v
			}
		}
		out[i] = unit
	}
	return out, nil
}

func primaryOf(posts []value.Object, was *api.UserOrganization) int {
	before := ""
	if was != nil {
		for _, unit := range was.OrgUnits {
			if unit.Primary {
				before = unit.OrgUnitID
			}
		}
	}
	kept := 0
	for i, post := range posts {
		switch {
		case value.Text(post["org_unit"]) == before:
			kept = i
		case value.True(post["primary"]):
			return i
		}
	}
	return kept
}
