package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers/directory"
)

// referenceProperties are all writable properties of the reference (10 §2, §6, §9; 20 §2,
// §4; 21; 22 §2): kind, property, and the attribute that covers it or, after a dash, why
// none does. A property with a method in front is a call of its own.
const referenceProperties = `
member | domainId | - the company of the block
member | userExternalKey | external_key
member | email | login_id
member | userName.lastName | last_name
member | userName.firstName | first_name
member | userName.phoneticLastName | phonetic_last_name
member | userName.phoneticFirstName | phonetic_first_name
member | i18nNames.lastName | names.last
member | i18nNames.firstName | names.first
member | nickName | nickname
member | privateEmail | private_email
member | aliasEmails | aliases
member | employmentTypeId | - the older name of userTypeId
member | userTypeId | user_type
member | searchable | searchable
member | passwordConfig.passwordCreationType | password.mode
member | passwordConfig.password | password.value
member | passwordConfig.password | password.generate
member | passwordConfig.changePasswordAtNextLogin | password.change_at_next_login
member | organizations.levelId | job_grade
member | organizations.orgUnits.orgUnitId | belongs_to.org_unit
member | organizations.orgUnits.primary | belongs_to.primary
member | organizations.orgUnits.positionId | belongs_to.position
member | organizations.orgUnits.isManager | belongs_to.head
member | organizations.orgUnits.visible | belongs_to.visible
member | organizations.orgUnits.useTeamFeature | belongs_to.team_features
member | organizations.levelId | concurrent.job_grade
member | organizations.email | concurrent.email
member | organizations.domainId | - the company of the unit
member | organizations.primary | - the member's own company
member | telephone | telephone
member | cellPhone | cell_phone
member | location | location
member | task | task
member | messenger.protocol | messenger.protocol
member | messenger.customProtocol | messenger.custom_protocol
member | messenger.messengerId | messenger.id
member | birthdayCalendarType | birthday_calendar
member | birthday | birthday
member | locale | locale
member | hiredDate | hired_on
member | timeZone | time_zone
member | customFields | - the service retires them for custom properties; what is there is kept
member | customProperties | custom
member | relations.relationUserId | relation.member
member | relations.relationName | relation.name
member | activationDate | activation_date
member | employeeNumber | employee_number
member | POST photo | photo
member | POST set-leave-of-absence startTime | leave.from
member | POST set-leave-of-absence endTime | leave.until
member | POST link-to-works | external_chat_works
member | POST link-to-line | external_chat_line

custom_property | domainId | - the company of the block
custom_property | propertyName | name
custom_property | displayName | display_name
custom_property | i18nDisplayNames | names
custom_property | propertyType | type
custom_property | multiValued | multi_valued
custom_property | displayOrder | order
custom_property | options.optionName | option.name
custom_property | options.displayName | option.display_name
custom_property | options.i18nDisplayNames | option.names
custom_property | mandatory | mandatory
custom_property | readAccessType | read_access
custom_property | writeAccessType | write_access

org_unit | domainId | - the company of the block
org_unit | orgUnitExternalKey | external_key
org_unit | orgUnitName | name
org_unit | i18nNames | names
org_unit | email | email
org_unit | description | description
org_unit | visible | visible
org_unit | POST move parentOrgUnitId | parent
org_unit | POST move displayOrder | order
org_unit | aliasEmails | aliases
org_unit | canReceiveExternalMail | receives_external_mail
org_unit | useMessage | use_message
org_unit | useNote | use_note
org_unit | useCalendar | use_calendar
org_unit | useTask | use_task
org_unit | useFolder | use_folder
org_unit | useServiceNotification | use_service_notification
org_unit | membersAllowedToUseOrgUnitEmailAsRecipient | senders
org_unit | membersAllowedToUseOrgUnitEmailAsSender | send_as
org_unit | POST orgunit-access-restrict accessRestrictType | access_restriction.type
org_unit | POST orgunit-access-restrict specifiedOrgUnits.orgUnitId | access_restriction.specified.org_unit
org_unit | POST orgunit-access-restrict specifiedOrgUnits.includeSubOrgUnits | access_restriction.specified.include_sub_units

job_grade | domainId | - the company of the block
job_grade | levelName | name
job_grade | levelExternalKey | external_key
job_grade | displayOrder | order
job_grade | executive | executive
job_grade | i18nNames | names

position | domainId | - the company of the block
position | positionName | name
position | positionExternalKey | external_key
position | displayOrder | order
position | i18nNames | names

user_type | domainId | - the company of the block
user_type | userTypeName | name
user_type | userTypeExternalKey | external_key
user_type | userTypeCode | code
user_type | displayOrder | order
user_type | i18nNames | names

group | domainId | - the company of the block
group | groupName | name
group | description | description
group | visible | visible
group | useServiceNotification | use_service_notification
group | serviceManageable | service_manageable
group | groupExternalKey | external_key
group | administrators.userId | administrators
group | members | members
group | useMessage | use_message
group | useNote | use_note
group | useCalendar | use_calendar
group | useTask | use_task
group | useFolder | use_folder
group | useMail | use_mail
group | groupEmail | email
group | aliasEmails | aliases
group | canReceiveExternalMail | receives_external_mail
group | toExternalEmails | external_emails
group | membersAllowedToUseGroupEmailAsRecipient | senders
group | membersAllowedToUseGroupEmailAsSender | send_as
`

// property is one row of the table.
type property struct{ kind, wire, attr, why string }

func propertyTable(t testing.TB) []property {
	var out []property
	for line := range strings.Lines(referenceProperties) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		parts := strings.Split(line, " | ")
		if len(parts) != 3 {
			t.Fatalf("not three columns: %s", line)
		}
		p := property{kind: parts[0], wire: parts[1], attr: parts[2]}
		if why, none := strings.CutPrefix(p.attr, "- "); none {
			p.attr, p.why = "", why
		}
		out = append(out, p)
	}
	return out
}

// leaves lists the paths of attributes that hold values; lists and maps are passed
// through.
func leaves(prefix string, attrs []schema.Attr) []string {
	var out []string
	for i := range attrs {
		a := &attrs[i]
		inner := &a.Type
		for inner.Elem != nil {
			inner = inner.Elem
		}
		switch {
		case a.Steering:
		case inner.Kind == schema.Object:
			out = append(out, leaves(prefix+a.Name+".", inner.Attrs)...)
		default:
			out = append(out, prefix+a.Name)
		}
	}
	return out
}

// TestEveryPropertyOfTheReferenceIsCovered: no writable property of the reference is
// forgotten, and no attribute is written to a property that nobody named.
func TestEveryPropertyOfTheReferenceIsCovered(t *testing.T) {
	t.Parallel()
	attrs := map[string][]string{}
	for _, k := range directory.Schemas() {
		attrs[k.Type] = leaves("", k.Attrs)
	}
	covered := map[string]bool{}
	for _, p := range propertyTable(t) {
		if _, known := attrs[p.kind]; !known {
			t.Errorf("%s: no such kind", p.kind)
		}
		if p.attr == "" {
			continue
		}
		if !slices.Contains(attrs[p.kind], p.attr) {
			t.Errorf("%s %s: there is no attribute %s", p.kind, p.wire, p.attr)
		}
		covered[p.kind+"."+p.attr] = true
	}
	for kind, list := range attrs {
		for _, attr := range list {
			if !covered[kind+"."+attr] {
				t.Errorf("%s.%s: no row of the reference's properties names it", kind, attr)
			}
		}
	}
}
