package sandbox

import "time"

// leave is a leave of absence as it was set: reference 10 §9.4.
type leave struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

func (l *leave) over(now time.Time) bool {
	end, err := time.Parse(time.RFC3339, l.End)
	return err == nil && end.Before(now)
}

// wireLeave renders the leave of a member.
func (c *call) wireLeave(u *user) wireLeave {
	l := u.Leave
	if l == nil || l.over(c.now) && c.switches.is("leave-over", "dropped") {
		return wireLeave{}
	}
	start, err := time.Parse(time.RFC3339, l.Start)
	return wireLeave{StartTime: &l.Start, EndTime: &l.End, OnLeave: err == nil && !start.After(c.now) && !l.over(c.now)}
}

// setLeave: both times or neither, and the new leave takes the place of the old one
// (reference 10 §2.11).
func setLeave(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	at := func(name string) prop { return prop{name: name, kind: text, null: true, max: 25, rule: dateTimeRule} }
	body, err := checker{switches: c.switches}.body([]prop{at("startTime"), at("endTime")}, c.body)
	if err != nil {
		return nil, err
	}
	start, _ := body["startTime"].(string)
	end, _ := body["endTime"].(string)
	changed := *u
	switch {
	case u.DeletedAt != nil:
		return nil, denied("the member is deleted")
	case (start == "") != (end == ""):
		return nil, badRequest("startTime and endTime are given together")
	case start == "" && c.switches.is("leave-null", "rejected"):
		return nil, badRequest("startTime and endTime are required")
	case start == "":
		changed.Leave = nil
	case !before(start, end):
		return nil, badRequest("endTime is not after startTime")
	default:
		changed.Leave = &leave{start, end}
	}
	c.putUser(&changed)
	return nil, nil
}

func before(a, b string) bool {
	from, err := time.Parse(time.RFC3339, a)
	until, too := time.Parse(time.RFC3339, b)
	return err == nil && too == nil && from.Before(until)
}

// clearLeave ends a leave; there being none is no error.
func clearLeave(c *call) (any, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case u.DeletedAt != nil:
		return nil, denied("the member is deleted")
	case u.Leave != nil:
		back := *u
		back.Leave = nil
		c.putUser(&back)
	}
	return nil, nil
}
