package api

import (
	"context"
	"encoding/json"
	"iter"
)

// User is a member (reference/api/10-users.md, section 9). Marshalled, it leaves
// out what is zero; use Props to send an exact body.
type User struct {
	DomainID                  int                        `json:"domainId,omitzero"`
	UserID                    string                     `json:"userId,omitzero"` // read-only
	UserExternalKey           *string                    `json:"userExternalKey,omitzero"`
	IsAdministrator           bool                       `json:"isAdministrator,omitzero"` // read-only, as the next six
	IsPending                 bool                       `json:"isPending,omitzero"`
	IsSuspended               bool                       `json:"isSuspended,omitzero"`
	IsDeleted                 bool                       `json:"isDeleted,omitzero"`
	IsAwaiting                bool                       `json:"isAwaiting,omitzero"`
	SuspendedReason           *string                    `json:"suspendedReason,omitzero"` // MASTER, LOGIN_FAIL
	LeaveOfAbsence            *LeaveOfAbsence            `json:"leaveOfAbsence,omitzero"`
	Email                     string                     `json:"email,omitzero"` // the login ID
	UserName                  UserName                   `json:"userName,omitzero"`
	I18nNames                 []UserI18nName             `json:"i18nNames,omitzero"`
	I18nName                  []UserI18nName             `json:"i18nName,omitzero"` // as some pages of the docs print it; merged into I18nNames
	NickName                  *string                    `json:"nickName,omitzero"`
	PrivateEmail              *string                    `json:"privateEmail,omitzero"`
	AliasEmails               []string                   `json:"aliasEmails,omitzero"`
	EmploymentTypeID          *string                    `json:"employmentTypeId,omitzero"`          // deprecated
	EmploymentTypeExternalKey *string                    `json:"employmentTypeExternalKey,omitzero"` // deprecated
	EmploymentTypeName        *string                    `json:"employmentTypeName,omitzero"`        // deprecated
	UserTypeID                *string                    `json:"userTypeId,omitzero"`
	UserTypeExternalKey       *string                    `json:"userTypeExternalKey,omitzero"` // read-only, as the next two
	UserTypeName              *string                    `json:"userTypeName,omitzero"`
	UserTypeCode              *string                    `json:"userTypeCode,omitzero"`
	Searchable                *bool                      `json:"searchable,omitzero"`
	PasswordConfig            *PasswordConfig            `json:"passwordConfig,omitzero"` // creation only
	Organizations             []UserOrganization         `json:"organizations,omitzero"`
	Telephone                 *string                    `json:"telephone,omitzero"`
	CellPhone                 *string                    `json:"cellPhone,omitzero"`
	Location                  *string                    `json:"location,omitzero"`
	Task                      *string                    `json:"task,omitzero"`
	Messenger                 *Messenger                 `json:"messenger,omitzero"`
	BirthdayCalendarType      *string                    `json:"birthdayCalendarType,omitzero"` // SOLAR, LUNAR
	Birthday                  *string                    `json:"birthday,omitzero"`             // YYYY-MM-DD
	Locale                    string                     `json:"locale,omitzero"`
	HiredDate                 *string                    `json:"hiredDate,omitzero"` // YYYY-MM-DD
	TimeZone                  string                     `json:"timeZone,omitzero"`
	CustomFields              []CustomField              `json:"customFields,omitzero"` // deprecated
	CustomProperties          map[string]json.RawMessage `json:"customProperties,omitzero"`
	Relations                 []Relation                 `json:"relations,omitzero"`
	ActivationDate            *string                    `json:"activationDate,omitzero"` // date-time
	EmployeeNumber            *string                    `json:"employeeNumber,omitzero"`
}

func (u *User) mergeNames() { mergeNames(&u.I18nNames, &u.I18nName) }

// LeaveOfAbsence is a member's leave; read-only.
type LeaveOfAbsence struct {
	StartTime        *string `json:"startTime,omitzero"`
	EndTime          *string `json:"endTime,omitzero"`
	IsLeaveOfAbsence bool    `json:"isLeaveOfAbsence,omitzero"`
}

// UserName is a member's name; one of LastName and FirstName is required.
type UserName struct {
	LastName          *string `json:"lastName,omitzero"`
	FirstName         *string `json:"firstName,omitzero"`
	PhoneticLastName  *string `json:"phoneticLastName,omitzero"`
	PhoneticFirstName *string `json:"phoneticFirstName,omitzero"`
}

// UserI18nName is a member's name in another language.
type UserI18nName struct {
	Language  string  `json:"language"`
	LastName  *string `json:"lastName,omitzero"`
	FirstName *string `json:"firstName,omitzero"`
}

// UserOrganization is a member's place in one company.
type UserOrganization struct {
	DomainID         int           `json:"domainId"`
	Primary          bool          `json:"primary"`
	UserExternalKey  *string       `json:"userExternalKey,omitzero"` // ignored when written
	Email            string        `json:"email,omitzero"`
	LevelID          *string       `json:"levelId,omitzero"`
	LevelExternalKey *string       `json:"levelExternalKey,omitzero"` // read-only, as the next three
	LevelName        *string       `json:"levelName,omitzero"`
	Executive        bool          `json:"executive,omitzero"`
	OrganizationName string        `json:"organizationName,omitzero"`
	OrgUnits         []UserOrgUnit `json:"orgUnits,omitzero"`
}

// UserOrgUnit is a member's post in one org unit.
type UserOrgUnit struct {
	OrgUnitID           string  `json:"orgUnitId"`
	OrgUnitExternalKey  *string `json:"orgUnitExternalKey,omitzero"` // read-only, as the next two
	OrgUnitName         string  `json:"orgUnitName,omitzero"`
	OrgUnitEmail        *string `json:"orgUnitEmail,omitzero"`
	Primary             bool    `json:"primary"`
	PositionID          *string `json:"positionId,omitzero"`
	PositionExternalKey *string `json:"positionExternalKey,omitzero"` // read-only, as the next
	PositionName        *string `json:"positionName,omitzero"`
	IsManager           bool    `json:"isManager"`
	Visible             *bool   `json:"visible,omitzero"`        // default true
	UseTeamFeature      *bool   `json:"useTeamFeature,omitzero"` // default true
}

// Messenger is a member's account at another service. TWITTER and X are the same
// protocol.
type Messenger struct {
	Protocol       string  `json:"protocol"`
	CustomProtocol *string `json:"customProtocol,omitzero"`
	MessengerID    string  `json:"messengerId"`
}

// PasswordConfig says how a new member gets a password. It is never returned and
// cannot be changed later.
type PasswordConfig struct {
	PasswordCreationType      string `json:"passwordCreationType,omitzero"` // ADMIN, MEMBER
	Password                  Secret `json:"password,omitzero"`             // with ADMIN
	ChangePasswordAtNextLogin *bool  `json:"changePasswordAtNextLogin,omitzero"`
}

// CustomField is a value of the retiring custom fields.
type CustomField struct {
	CustomFieldID          string  `json:"customFieldId"`
	CustomFieldExternalKey *string `json:"customFieldExternalKey,omitzero"`
	Value                  *string `json:"value,omitzero"`
	Link                   *string `json:"link,omitzero"`
}

// Relation names a contact person of a member.
type Relation struct {
	RelationUserID string  `json:"relationUserId"`
	RelationName   *string `json:"relationName,omitzero"`
	ExternalKey    *string `json:"externalKey,omitzero"` // read-only
}

// Users lists the members of a company (user-list).
func (c *Client) Users(ctx context.Context, o ListOptions) iter.Seq2[*User, error] {
	return listing[User]{c, "user-list", nil, "users", func(u *User) string { return u.UserID }, o}.all(ctx)
}

// User gets a member by ID, login ID or ExternalKey form (user-get).
func (c *Client) User(ctx context.Context, id string) (*User, error) {
	return one[User](ctx, c, "user-get", Request{Path: userPath(id)})
}

// CreateUser creates a member from a Props or a *User (user-create). Creations of
// different members may run at the same time.
func (c *Client) CreateUser(ctx context.Context, body any) (*User, error) {
	return created(ctx, c, "user-create", Request{Body: body}, func(u *User) string { return u.UserID })
}

// PutUser replaces everything writable of a member (user-update-put).
func (c *Client) PutUser(ctx context.Context, id string, body any) (*User, error) {
	return one[User](ctx, c, "user-update-put", Request{Path: userPath(id), Body: body})
}

// PatchUser changes the properties in patch (user-update-patch).
func (c *Client) PatchUser(ctx context.Context, id string, patch Props) (*User, error) {
	return one[User](ctx, c, "user-update-patch", Request{Path: userPath(id), Body: patch})
}

// DeleteUser begins the 7-day deletion period of a member (user-delete). The
// member leaves all message rooms at once, for good.
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	return c.Call(ctx, "user-delete", Request{Path: userPath(id)}, nil)
}

// UndeleteUser restores a member within the deletion period (user-undelete).
func (c *Client) UndeleteUser(ctx context.Context, id string) (*User, error) {
	return one[User](ctx, c, "user-undelete", Request{Path: userPath(id)})
}

// ForceDeleteUser deletes a member at once and for good (user-force-delete).
func (c *Client) ForceDeleteUser(ctx context.Context, id string) error {
	return c.Call(ctx, "user-force-delete", Request{Path: userPath(id)}, nil)
}

// SuspendUser suspends a member who is in use (user-suspend).
func (c *Client) SuspendUser(ctx context.Context, id string) error {
	return c.Call(ctx, "user-suspend", Request{Path: userPath(id)}, nil)
}

// UnsuspendUser ends a member's suspension (user-unsuspend).
func (c *Client) UnsuspendUser(ctx context.Context, id string) error {
	return c.Call(ctx, "user-unsuspend", Request{Path: userPath(id)}, nil)
}

// MoveUser moves a member to another company of the tenant (user-move). body has
// organizations, userExternalKey and preserveGroup.
func (c *Client) MoveUser(ctx context.Context, id string, body Props) (*User, error) {
	return one[User](ctx, c, "user-move", Request{Path: userPath(id), Body: body})
}

// AddAlias adds an alias address and returns all of them (user-alias-email-create).
func (c *Client) AddAlias(ctx context.Context, id, email string) ([]string, error) {
	var answer struct {
		AliasEmails []string `json:"aliasEmails"`
	}
	err := c.Call(ctx, "user-alias-email-create", Request{Path: map[string]string{"userId": id, "email": email}}, &answer)
	return answer.AliasEmails, err
}

// RemoveAlias removes an alias address (user-alias-email-delete).
func (c *Client) RemoveAlias(ctx context.Context, id, email string) error {
	return c.Call(ctx, "user-alias-email-delete", Request{Path: map[string]string{"userId": id, "email": email}}, nil)
}

// SendInvitation mails an invitation to a pending member: to email, or with "" to
// the member's private address (user-invitation-email-send).
func (c *Client) SendInvitation(ctx context.Context, id, email string) error {
	body := Props{"usePrivateEmail": email == ""}
	if email != "" {
		body["email"] = email
	}
	return c.Call(ctx, "user-invitation-email-send", Request{Path: userPath(id), Body: body}, nil)
}

// UserKeys lists members' external keys (user-external-key-list).
func (c *Client) UserKeys(ctx context.Context, o ListOptions) iter.Seq2[*KeyRow, error] {
	return keys(c, "user-external-key-list", "users", o).all(ctx)
}

// SetUserKeys changes up to MaxKeyChanges external keys
// (user-external-key-create). No other write to these members may run.
func (c *Client) SetUserKeys(ctx context.Context, changes []KeyChange) error {
	return c.Call(ctx, "user-external-key-create", Request{Body: Props{"users": changes}, Writer: "user-external-keys"}, nil)
}

func userPath(id string) map[string]string { return map[string]string{"userId": id} }

func keys(c *Client, op, key string, o ListOptions) listing[KeyRow] {
	return listing[KeyRow]{c, op, nil, key, func(r *KeyRow) string { return r.ID }, o}
}
