package sandbox

// userShape is the body of create, full and partial update: reference 10 §9.
func userShape(sw Switches) []prop {
	name := func(n string, most int) prop {
		return prop{name: n, kind: text, null: true, max: most, rule: namedWith(nameSpecials)}
	}
	ro := func(n string) prop { return prop{name: n, readOnly: true} }
	phone := phoneRule(sw.is("phone-space", "accepted"))
	return []prop{
		{name: "domainId", kind: number, need: true},
		ro("userId"), ro("isAdministrator"), ro("isPending"), ro("isSuspended"), ro("isDeleted"), ro("isAwaiting"),
		ro("suspendedReason"), ro("leaveOfAbsence"), ro("employmentTypeExternalKey"), ro("employmentTypeName"),
		ro("userTypeExternalKey"), ro("userTypeName"), ro("userTypeCode"),
		{name: "userExternalKey", kind: text, null: true, max: 100, rule: keyRule},
		{name: "email", kind: text, need: true, max: 90, rule: loginRule},
		{name: "userName", kind: object, need: true, props: []prop{name("lastName", 80), name("firstName", 80),
			{name: "phoneticLastName", kind: text, null: true, max: 100, rule: katakanaRule},
			{name: "phoneticFirstName", kind: text, null: true, max: 100, rule: katakanaRule}}},
		{name: "i18nNames", kind: list, elem: &prop{kind: object, props: []prop{
			{name: "language", kind: text, need: true, rule: oneOf(languages()...)}, name("firstName", 100), name("lastName", 100)}}},
		name("nickName", 100),
		{name: "privateEmail", kind: text, null: true, max: 256, rule: outsideAddressRule},
		{name: "aliasEmails", kind: list, max: 10, elem: &prop{kind: text, max: 90, rule: loginRule}},
		{name: "employmentTypeId", kind: text, null: true, min: 1},
		{name: "userTypeId", kind: text, null: true, min: 1},
		{name: "searchable", kind: flag},
		{name: "organizations", kind: list, elem: &prop{kind: object, props: organizationShape()}},
		{name: "telephone", kind: text, null: true, max: 100, rule: phone},
		{name: "cellPhone", kind: text, null: true, max: 100, rule: phone},
		{name: "location", kind: text, null: true, max: 100},
		{name: "task", kind: text, null: true, max: 100},
		{name: "messenger", kind: object, null: true, props: []prop{
			{name: "protocol", kind: text, need: true, rule: oneOf("LINE", "FACEBOOK", "TWITTER", "X", "CUSTOM")},
			{name: "customProtocol", kind: text, null: true, max: 100},
			{name: "messengerId", kind: text, need: true, min: 1, max: 100}}},
		{name: "birthdayCalendarType", kind: text, null: true, rule: oneOf("SOLAR", "LUNAR")},
		{name: "birthday", kind: text, null: true, max: 10, rule: dateRule},
		{name: "locale", kind: text, rule: oneOf(languages()...)},
		{name: "hiredDate", kind: text, null: true, max: 10, rule: dateRule},
		{name: "timeZone", kind: text, rule: timeZoneRule},
		{name: "customFields", kind: list, max: 50, elem: &prop{kind: object, props: []prop{
			{name: "customFieldId", kind: text, need: true}, ro("customFieldExternalKey"),
			{name: "value", kind: text, null: true, max: 100}, {name: "link", kind: text, null: true, max: 300}}}},
		{name: "relations", kind: list, max: 10, elem: &prop{kind: object, props: []prop{
			{name: "relationUserId", kind: text, need: true, min: 1},
			{name: "relationName", kind: text, null: true, max: 50}, ro("externalKey")}}},
		{name: "activationDate", kind: text, null: true, max: 25, rule: dateTimeRule},
		{name: "employeeNumber", kind: text, null: true, min: 1, max: 20},
	}
}

func organizationShape() []prop {
	ro := func(n string) prop { return prop{name: n, readOnly: true} }
	return []prop{
		{name: "domainId", kind: number, need: true},
		{name: "primary", kind: flag, need: true},
		// Documented as ignored, not as read-only: reference 10 §9.5.
		{name: "userExternalKey", kind: text, null: true, max: 100},
		{name: "email", kind: text, max: 90, rule: loginRule},
		{name: "levelId", kind: text, null: true, min: 1},
		ro("levelExternalKey"), ro("levelName"), ro("executive"), ro("organizationName"),
		{name: "orgUnits", kind: list, max: 30, elem: &prop{kind: object, props: []prop{
			{name: "orgUnitId", kind: text, need: true, min: 1},
			ro("orgUnitExternalKey"), ro("orgUnitName"), ro("orgUnitEmail"),
			{name: "primary", kind: flag, need: true},
			{name: "positionId", kind: text, null: true, min: 1}, ro("positionExternalKey"), ro("positionName"),
			{name: "isManager", kind: flag, def: false},
			{name: "visible", kind: flag, def: true},
			{name: "useTeamFeature", kind: flag, def: true},
		}}},
	}
}

func passwordShape(sw Switches) prop {
	rule := passwordRule
	if sw.is("password-policy", "none") {
		rule = anyText
	}
	return prop{name: "passwordConfig", kind: object, props: []prop{
		{name: "passwordCreationType", kind: text, rule: oneOf("ADMIN", "MEMBER"), def: "MEMBER"},
		{name: "password", kind: text, min: 1, max: 100, rule: rule},
		{name: "changePasswordAtNextLogin", kind: flag, def: true},
	}}
}

// wireUser is a member in answers: every property of reference 10 §9 is present.
// Its own fields stand before the stored ones of the same JSON name.
type wireUser struct {
	userProps
	UserID           string         `json:"userId"`
	IsAdministrator  bool           `json:"isAdministrator"`
	IsPending        bool           `json:"isPending"`
	IsSuspended      bool           `json:"isSuspended"`
	IsDeleted        bool           `json:"isDeleted"`
	IsAwaiting       bool           `json:"isAwaiting"`
	SuspendedReason  *string        `json:"suspendedReason"`
	LeaveOfAbsence   wireLeave      `json:"leaveOfAbsence"`
	EmploymentID     *string        `json:"employmentTypeId"`
	EmploymentKey    *string        `json:"employmentTypeExternalKey"`
	EmploymentName   *string        `json:"employmentTypeName"`
	TypeID           *string        `json:"userTypeId"`
	TypeKey          *string        `json:"userTypeExternalKey"`
	TypeName         *string        `json:"userTypeName"`
	TypeCode         *string        `json:"userTypeCode"`
	Organizations    []wireOrg      `json:"organizations"`
	CustomFields     []any          `json:"customFields"`
	CustomProperties customValues   `json:"customProperties"`
	Relations        []wireRelation `json:"relations"`
}

type wireLeave struct {
	StartTime *string `json:"startTime"`
	EndTime   *string `json:"endTime"`
	OnLeave   bool    `json:"isLeaveOfAbsence"`
}

type wireOrg struct {
	organization
	UserKey   *string          `json:"userExternalKey"`
	LevelID   *string          `json:"levelId"`
	LevelKey  *string          `json:"levelExternalKey"`
	LevelName *string          `json:"levelName"`
	Executive bool             `json:"executive"`
	Name      string           `json:"organizationName"`
	OrgUnits  []wireMembership `json:"orgUnits"`
}

type wireMembership struct {
	membership
	Key          *string `json:"orgUnitExternalKey"`
	Name         string  `json:"orgUnitName"`
	Email        string  `json:"orgUnitEmail"`
	PositionID   *string `json:"positionId"`
	PositionKey  *string `json:"positionExternalKey"`
	PositionName *string `json:"positionName"`
}

type wireRelation struct {
	UserID string  `json:"relationUserId"`
	Name   *string `json:"relationName"`
	Key    *string `json:"externalKey"`
}

// wireUser renders a member.
func (c *call) wireUser(u *user) *wireUser {
	p := &u.Props
	w := &wireUser{
		userProps: *p, UserID: u.ID, IsAdministrator: u.Admin, IsPending: u.Pending, IsSuspended: u.Suspended,
		IsDeleted: u.DeletedAt != nil, IsAwaiting: awaiting(p, c.now), CustomFields: []any{}, CustomProperties: customValues{},
		Relations: []wireRelation{}, Organizations: make([]wireOrg, 0, len(p.Organizations)),
	}
	w.I18nNames, w.AliasEmails = filledList(p.I18nNames), filledList(p.AliasEmails)
	w.LeaveOfAbsence = c.wireLeave(u)
	if p.Custom != nil {
		w.CustomProperties = p.Custom
	}
	if u.Suspended {
		w.SuspendedReason = pointer("MASTER")
	}
	if m := p.Messenger; m != nil && (m.Protocol == "X" || m.Protocol == "TWITTER") {
		shown := *m
		shown.Protocol = c.switches["messenger-name"]
		w.Messenger = &shown
	}
	if i := c.itemOf(p.UserTypeID); i != nil {
		w.TypeID, w.TypeKey, w.TypeName, w.TypeCode = &i.ID, i.Props.Key, &i.Props.Name, i.Props.Code
		w.EmploymentID, w.EmploymentKey, w.EmploymentName = w.TypeID, w.TypeKey, w.TypeName
	}
	for _, r := range p.Relations {
		if other := c.users[r.UserID]; other != nil {
			w.Relations = append(w.Relations, wireRelation{r.UserID, r.Name, other.Props.Key})
		}
	}
	for i := range p.Organizations {
		w.Organizations = append(w.Organizations, c.wireOrg(u, &p.Organizations[i]))
	}
	return w
}

func (c *call) wireOrg(u *user, o *organization) wireOrg {
	w := wireOrg{organization: *o, UserKey: u.Props.Key, OrgUnits: make([]wireMembership, 0, len(o.OrgUnits))}
	if d := c.domain(o.DomainID); d != nil {
		w.Name = d.Name
	}
	if i := c.itemOf(o.LevelID); i != nil {
		w.LevelID, w.LevelKey, w.LevelName, w.Executive = &i.ID, i.Props.Key, &i.Props.Name, i.Props.Executive
	}
	for _, m := range o.OrgUnits {
		row := wireMembership{membership: m}
		if unit := c.units[m.OrgUnitID]; unit != nil {
			row.Key, row.Name, row.Email = unit.Props.Key, unit.Props.Name, unit.Props.Email
		}
		if i := c.itemOf(m.PositionID); i != nil {
			row.PositionID, row.PositionKey, row.PositionName = &i.ID, i.Props.Key, &i.Props.Name
		}
		w.OrgUnits = append(w.OrgUnits, row)
	}
	return w
}

func (t *tenant) itemOf(id *string) *item {
	if id == nil {
		return nil
	}
	return t.items[*id]
}

func pointer[T any](v T) *T { return &v }

// filledList makes nil lists [] in answers.
func filledList[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
