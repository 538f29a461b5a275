package sandbox

import "net/http"

// restriction says whom the members of a unit see in the org chart: reference 20 §4.11.
type restriction struct {
	Type      string          `json:"accessRestrictType"`
	Specified []specifiedUnit `json:"specifiedOrgUnits"`
}

type specifiedUnit struct {
	ID    string `json:"orgUnitId"`
	Below bool   `json:"includeSubOrgUnits"`
}

type wireRestriction struct {
	Type      string          `json:"accessRestrictType"`
	Specified []wireSpecified `json:"specifiedOrgUnits"`
}

type wireSpecified struct {
	specifiedUnit
	Key *string `json:"orgUnitExternalKey"`
}

const restrictSpecified = "ONLY_MY_AND_SPECIFIED_ORGUNIT"

func restrictionShape() []prop {
	return []prop{
		{name: "accessRestrictType", kind: text, need: true, rule: oneOf("ONLY_ME", "ONLY_MY_ORGUNIT", restrictSpecified)},
		{name: "specifiedOrgUnits", kind: list, null: true, max: 200, elem: &prop{kind: object, props: []prop{
			{name: "orgUnitId", kind: text, need: true, min: 1},
			{name: "includeSubOrgUnits", kind: flag, def: false},
			{name: "orgUnitExternalKey", readOnly: true},
		}}},
	}
}

// restriction reads the body of create and replace.
func (c *call) restriction() (*restriction, error) {
	body, err := checker{switches: c.switches}.body(restrictionShape(), c.body)
	if err != nil {
		return nil, err
	}
	out, err := overlay(restriction{}, body, false)
	switch {
	case err != nil:
		return nil, err
	case out.Type == restrictSpecified && len(out.Specified) == 0:
		return nil, missing("specifiedOrgUnits")
	case out.Type != restrictSpecified && len(out.Specified) > 0:
		return nil, invalid("specifiedOrgUnits has no role with %s", out.Type)
	}
	seen := map[string]bool{}
	for i, s := range out.Specified {
		unit := c.findUnit(s.ID)
		switch {
		case unit == nil:
			return nil, refuse(http.StatusNotFound, "ORGUNIT_NOT_EXIST", "specifiedOrgUnits[%d].orgUnitId: there is no such org unit", i)
		case seen[unit.ID]:
			return nil, invalid("specifiedOrgUnits[%d].orgUnitId: the org unit is given twice", i)
		}
		seen[unit.ID] = true
		out.Specified[i].ID = unit.ID
	}
	return &out, nil
}

func (c *call) wireRestriction(r *restriction) wireRestriction {
	out := wireRestriction{Type: r.Type, Specified: []wireSpecified{}}
	for _, s := range r.Specified {
		if unit := c.units[s.ID]; unit != nil {
			out.Specified = append(out.Specified, wireSpecified{s, unit.Props.Key})
		}
	}
	return out
}

func createRestriction(c *call) (any, error) {
	u, err := c.unit()
	if err != nil {
		return nil, err
	}
	if u.Restriction != nil && c.switches.is("access-restrict-again", "409") {
		return nil, refuse(http.StatusConflict, "ALREADY_EXIST", "the org unit has a restriction")
	}
	return c.restrict(u)
}

// restrict writes the restriction of the body.
func (c *call) restrict(u *orgUnit) (any, error) {
	r, err := c.restriction()
	if err != nil {
		return nil, err
	}
	changed := *u
	changed.Restriction = r
	c.putUnit(&changed)
	return c.wireRestriction(r), nil
}

func getRestriction(c *call) (any, error) {
	u, err := c.unit()
	if err != nil {
		return nil, err
	}
	if u = seen(c, u.ID, u); u == nil || u.Restriction == nil {
		if u != nil && c.switches.is("access-restrict-none", "empty") {
			return map[string]any{}, nil
		}
		return nil, notFound("the org unit has no restriction")
	}
	return c.wireRestriction(u.Restriction), nil
}

func putRestriction(c *call) (any, error) {
	u, err := c.unit()
	switch {
	case err != nil:
		return nil, err
	case u.Restriction == nil:
		return nil, notFound("the org unit has no restriction")
	}
	return c.restrict(u)
}

func deleteRestriction(c *call) (any, error) {
	u, err := c.unit()
	switch {
	case err != nil:
		return nil, err
	case u.Restriction == nil:
		return nil, notFound("the org unit has no restriction")
	}
	free := *u
	free.Restriction = nil
	c.putUnit(&free)
	return nil, nil
}

// unspecify takes a unit that is gone out of all restrictions; one that names no unit
// any more goes too (reference 20 §4.6, inferred).
func (t *tenant) unspecify(id string) {
	for _, u := range t.units {
		if u.Restriction == nil {
			continue
		}
		left := restriction{Type: u.Restriction.Type}
		for _, s := range u.Restriction.Specified {
			if s.ID != id {
				left.Specified = append(left.Specified, s)
			}
		}
		if len(left.Specified) == len(u.Restriction.Specified) {
			continue
		}
		changed := *u
		if changed.Restriction = &left; len(left.Specified) == 0 {
			changed.Restriction = nil
		}
		t.putUnit(&changed)
	}
}
