package sandbox

import "time"

// The stored objects. They are never changed in place: a write puts a changed copy,
// so that readers need no lock while they encode. The JSON names of the Props types
// are those of the wire, and answers show them as they are; the rest is the sandbox's own.

type user struct {
	Seq          uint64       `json:"seq"`
	ID           string       `json:"id"`
	Props        userProps    `json:"props"`
	Admin        bool         `json:"admin,omitempty"`
	Pending      bool         `json:"pending,omitempty"`
	Suspended    bool         `json:"suspended,omitempty"`
	DeletedAt    *time.Time   `json:"deletedAt,omitempty"`
	Mail         userMail     `json:"mail,omitzero"`
	Leave        *leave       `json:"leave,omitempty"`
	Photo        *photo       `json:"photo,omitempty"`
	Chat         chat         `json:"chat,omitzero"`
	Registration registration `json:"registration,omitzero"`
}

func (u *user) inUse() bool { return !u.Pending && !u.Suspended && u.DeletedAt == nil }

type userProps struct {
	DomainID       int            `json:"domainId"`
	Key            *string        `json:"userExternalKey"`
	Email          string         `json:"email"`
	Name           userName       `json:"userName"`
	I18nNames      []i18nUserName `json:"i18nNames"`
	NickName       *string        `json:"nickName"`
	PrivateEmail   *string        `json:"privateEmail"`
	AliasEmails    []string       `json:"aliasEmails"`
	UserTypeID     *string        `json:"userTypeId"`
	Searchable     bool           `json:"searchable"`
	Organizations  []organization `json:"organizations"`
	Telephone      *string        `json:"telephone"`
	CellPhone      *string        `json:"cellPhone"`
	Location       *string        `json:"location"`
	Task           *string        `json:"task"`
	Messenger      *messenger     `json:"messenger"`
	BirthdayType   *string        `json:"birthdayCalendarType"`
	Birthday       *string        `json:"birthday"`
	Locale         string         `json:"locale"`
	HiredDate      *string        `json:"hiredDate"`
	TimeZone       string         `json:"timeZone"`
	Relations      []relation     `json:"relations"`
	ActivationDate *string        `json:"activationDate"`
	EmployeeNumber *string        `json:"employeeNumber"`
	Custom         customValues   `json:"customProperties,omitempty"`
}

type userName struct {
	LastName          *string `json:"lastName"`
	FirstName         *string `json:"firstName"`
	PhoneticLastName  *string `json:"phoneticLastName"`
	PhoneticFirstName *string `json:"phoneticFirstName"`
}

type i18nUserName struct {
	Language  string  `json:"language"`
	FirstName *string `json:"firstName"`
	LastName  *string `json:"lastName"`
}

type i18nName struct {
	Language string `json:"language"`
	Name     string `json:"name"`
}

type organization struct {
	DomainID int          `json:"domainId"`
	Primary  bool         `json:"primary"`
	Email    string       `json:"email"`
	LevelID  *string      `json:"levelId"`
	OrgUnits []membership `json:"orgUnits"`
}

type membership struct {
	OrgUnitID      string  `json:"orgUnitId"`
	Primary        bool    `json:"primary"`
	PositionID     *string `json:"positionId"`
	IsManager      bool    `json:"isManager"`
	Visible        bool    `json:"visible"`
	UseTeamFeature bool    `json:"useTeamFeature"`
}

type messenger struct {
	Protocol       string  `json:"protocol"`
	CustomProtocol *string `json:"customProtocol"`
	MessengerID    string  `json:"messengerId"`
}

type relation struct {
	UserID string  `json:"relationUserId"`
	Name   *string `json:"relationName"`
}

type allowed struct {
	UserID string `json:"userId"`
}

type orgUnit struct {
	Seq    uint64    `json:"seq"`
	ID     string    `json:"id"`
	Parent string    `json:"parent,omitempty"` // "" for the top
	Order  int       `json:"order"`
	Props  unitProps `json:"props"`

	Restriction *restriction `json:"restriction,omitempty"`
}

type unitProps struct {
	DomainID        int        `json:"domainId"`
	Key             *string    `json:"orgUnitExternalKey"`
	Name            string     `json:"orgUnitName"`
	I18nNames       []i18nName `json:"i18nNames"`
	Email           string     `json:"email"`
	Description     *string    `json:"description"`
	Visible         bool       `json:"visible"`
	AliasEmails     []string   `json:"aliasEmails"`
	ExternalMail    bool       `json:"canReceiveExternalMail"`
	UseMessage      bool       `json:"useMessage"`
	UseNote         bool       `json:"useNote"`
	UseCalendar     bool       `json:"useCalendar"`
	UseTask         bool       `json:"useTask"`
	UseFolder       bool       `json:"useFolder"`
	UseNotification bool       `json:"useServiceNotification"`
	Recipients      []allowed  `json:"membersAllowedToUseOrgUnitEmailAsRecipient"`
	Senders         []allowed  `json:"membersAllowedToUseOrgUnitEmailAsSender"`
}

type group struct {
	Seq   uint64     `json:"seq"`
	ID    string     `json:"id"`
	Props groupProps `json:"props"`
}

type groupProps struct {
	DomainID          int           `json:"domainId"`
	Name              string        `json:"groupName"`
	Description       *string       `json:"description"`
	Visible           bool          `json:"visible"`
	UseNotification   bool          `json:"useServiceNotification"`
	ServiceManageable bool          `json:"serviceManageable"`
	Key               *string       `json:"groupExternalKey"`
	Administrators    []allowed     `json:"administrators"`
	Members           []groupMember `json:"members"`
	UseMessage        bool          `json:"useMessage"`
	UseNote           bool          `json:"useNote"`
	UseCalendar       bool          `json:"useCalendar"`
	UseTask           bool          `json:"useTask"`
	UseFolder         bool          `json:"useFolder"`
	UseMail           bool          `json:"useMail"`
	Email             *string       `json:"groupEmail"`
	AliasEmails       []string      `json:"aliasEmails"`
	ExternalMail      bool          `json:"canReceiveExternalMail"`
	ToExternal        []string      `json:"toExternalEmails"`
	Recipients        []allowed     `json:"membersAllowedToUseGroupEmailAsRecipient"`
	Senders           []allowed     `json:"membersAllowedToUseGroupEmailAsSender"`
}

type groupMember struct {
	ID   string `json:"id"`
	Type string `json:"type"` // USER, ORGUNIT, GROUP
}

// item is a level, a position or a user type; Props has the union of their
// properties under neutral names (reference 21 §2–4).
type item struct {
	Seq   uint64    `json:"seq"`
	ID    string    `json:"id"`
	List  string    `json:"list"` // listLevel, listPosition, listUserType
	Props itemProps `json:"props"`
}

type itemProps struct {
	DomainID     int        `json:"domainId"`
	DisplayOrder int        `json:"displayOrder"`
	Name         string     `json:"name"`
	Key          *string    `json:"externalKey"`
	Executive    bool       `json:"executive"`
	Code         *string    `json:"userTypeCode"`
	I18nNames    []i18nName `json:"i18nNames"`
}
