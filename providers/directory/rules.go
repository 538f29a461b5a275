package directory

import (
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// breach is a rule of the product that objects can break: its code, a constant
// summary and what `isa explain CODE` says.
type breach struct{ code, summary, page string }

// at reports an error at a path.
func (b breach) at(path value.Path, detail, fix string) schema.Problem {
	return schema.Problem{Severity: diag.Error, Code: b.code, Path: path, Summary: b.summary, Detail: detail, Fix: fix}
}

// warn reports a warning at a path.
func (b breach) warn(path value.Path, detail, fix string) schema.Problem {
	p := b.at(path, detail, fix)
	p.Severity = diag.Warning
	return p
}

// The rules of one object.
var (
	ruleCapitals = breach{"address.capitals", "Address in capitals",
		"Login IDs and addresses are kept in lower case by the service. isa folds them; write them in lower case to see what the tenant will show."}
	ruleAddressTwice = breach{"address.twice", "Address listed twice",
		"A list of addresses names one address twice, perhaps once with and once without the domain. Remove one."}
	ruleName = breach{"name.characters", "Name breaks the service's rule",
		"Names have a length and a set of special characters. Shorten the name or replace the character."}
	ruleNameUnsure = breach{"name.unsure", "Name may be refused",
		"The rule is documented for some kinds or some screens only. The service may accept the name; if it does not, replace the character."}
	ruleLanguage = breach{"names.language", "Unknown language of a translated name",
		"Translated names are keyed by ko_KR, en_US, ja_JP, zh_CN or zh_TW."}
	ruleRoom = breach{"room.use_message", "Room feature without a message room",
		"Notes, calendar, tasks and folder of a unit or group need its message room: the service stores them as off while use_message is off. Write use_message = true too, or leave them out."}
	ruleOrder = breach{"org_unit.order", "Place below 1",
		"Places among siblings count from 1. Write a positive number or leave order out."}
	ruleMemberName = breach{"member.name", "Member's name breaks the rule",
		"A member needs a last name or a first name; both together have at most 80 characters."}
	rulePrimary = breach{"member.primary", "More than one primary unit",
		"Exactly one unit is a member's primary one. Without a word it is the first; write primary = true at one only."}
	ruleUnitTwice = breach{"member.unit_twice", "Unit listed twice",
		"Two belongs_to blocks name one unit. Put position and head into one block."}
	ruleAliasLogin = breach{"member.alias_login", "Alias equals the login ID",
		"The login ID is an address already; the service refuses it as an alias. Remove the alias."}
	rulePassword = breach{"member.password", "Contradictory password block",
		"mode = \"admin\" needs value (a secret) or generate = true, not both; mode = \"member\" takes neither: the member sets the password after an invitation to private_email."}
	ruleLeave = breach{"member.leave", "Leave ends before it begins",
		"A leave of absence has a beginning and a later end. A day alone is meant whole: from its first second, until its last."}
	ruleLineName = breach{"member.line_name", "Name may be refused for chats with LINE",
		"The service does not permit a member to chat with users of LINE whose name holds emoji or the word line. Write the name in another way, or leave external_chat_line out."}
	ruleRestriction = breach{"org_unit.access_restriction", "Restriction of the org chart breaks the rule",
		"Only the type only_my_and_specified_org_unit names units: 1 to 200, each once. The other two types name none."}
	ruleMessenger = breach{"member.messenger", "Messenger does not fit its protocol",
		"custom_protocol is the name of a messenger that the service does not know: it is needed with protocol = \"CUSTOM\" and has no place with another one."}
	ruleRelation = breach{"member.relation", "Relations break the rule",
		"A member has at most 10 relations, and isa tells them apart by the other member, so that each stands once."}
	ruleProperty = breach{"custom_property.rule", "Custom property breaks the rule",
		"A company has at most 50 custom properties. Their order counts from 1; options are two or more, of type string only, with different names."}
	ruleMailSwitch = breach{"group.mail", "Address and mailing list do not go together",
		"A group has a list address while use_mail is true. Write both or neither; the service may refuse one without the other."}
)

// The rules across objects.
var (
	ruleWorkplace = breach{"tenant.workplace", "Directory is managed by WORKPLACE",
		"While NAVER WORKS is bundled with WORKPLACE, members, units, grades, positions and user types are changed there only. Remove the directory blocks, or set managed_by_workplace = false when the bundle was ended."}
	ruleFeature = breach{"tenant.feature_off", "Feature is switched off",
		"Grades, positions and user types work only while the feature is switched on in the admin console (Member > Position/Level/User type). Switch it on there and write it in tenant.features, or remove the blocks. Never switch it off to clean up: that wipes all values."}
	ruleFree = breach{"plan.free", "More than the Free plan allows",
		"The Free plan has 30 members and 100 units. Remove some or choose a paid plan and write it in tenant.plan."}
	ruleNoMail = breach{"plan.no_mail", "Plan has no mail",
		"The plans free and lite have no mail: no aliases, no mailing lists, no senders. Leave these attributes out or write the right plan."}
	ruleLicences = breach{"tenant.licences", "More members than licences",
		"tenant.features.licences says how many seats were bought. Buy more and write the new number, or remove members."}
	ruleUnits = breach{"org_unit.count", "Too many units",
		"A company has at most 10,000 units (Free: 100)."}
	ruleDepth = breach{"org_unit.depth", "Unit too deep in the tree",
		"The org chart has at most 15 levels. Hang the unit higher."}
	ruleTree = breach{"org_unit.cycle", "Units above themselves",
		"The parents of a unit lead back to itself. Break the circle at one parent."}
	ruleHeads = breach{"org_unit.heads", "Two heads of one unit",
		"A unit has one head; the service would silently take the office from the first. Write head = true at one member only."}
	ruleHidden = breach{"org_unit.hidden", "Visible unit below a hidden one",
		"Below a hidden unit everything is hidden, and the service refuses visible = true. Write visible = false, or show the parent."}
	ruleAdministrator = breach{"group.administrator", "Group without an administrator",
		"A group always has at least one administrator (group master)."}
	ruleGroupCycle = breach{"group.cycle", "Group inside itself",
		"A group is a member of itself, directly or through other groups. Remove one membership."}
	ruleCompany = breach{"reference.company", "Reference to another company",
		"Grades, positions and user types belong to one company: a member takes the grade and type of the own company and the position of the unit's company; a unit hangs below a unit of its own company."}
	ruleConcurrent = breach{"member.concurrent", "Company of a concurrent post",
		"concurrent says what a member has in companies besides the own one, by their domains: it takes companies that are declared, in which the member has a post."}
	rulePrimaryCompany = breach{"member.primary_company", "Primary unit in another company",
		"A member's primary unit lies in the member's own company. Write primary = true at a unit of that company, or set the member's company."}
	ruleUnitCount = breach{"member.units", "Too many units of a member",
		"The admin screen allows 20 units a member, the API 30 a company. Above 20 isa warns, above 30 it refuses."}
	ruleNoUnit = breach{"member.no_unit", "Member without a unit",
		"The member appears in no unit of the org chart. Write a belongs_to block, or leave it if that is meant."}
	ruleKeySSO = breach{"member.sso_key", "SSO needs an external key",
		"With SSO the external key ties the account to the identity provider; the service refuses members without one. Write external_key."}
	rulePasswordSSO = breach{"member.sso_password", "Password has no role with SSO",
		"With SSO nobody signs in with a password of the service. Remove the password block."}
	ruleInvitation = breach{"member.invitation", "Invitation has no address",
		"A member who sets the password gets an invitation at private_email; the service refuses to create the member without it. Write private_email, or password { mode = \"admin\" }."}
	ruleEmployeeNumber = breach{"member.employee_number", "Employee number used twice",
		"Two members have one employee number. The service may accept it; check the source. It is an error where isa doctor --calibrate has found out that the tenant refuses the second."}
	ruleNoMembers = breach{"group.members", "Group without members",
		"isa doctor --calibrate has found out that the tenant refuses an empty list of a group's members. Write a member, or leave members out, so that isa leaves them as they are."}
	ruleCustom = breach{"member.custom", "Value does not fit its custom property",
		"Values in member.custom follow the custom_property of that name in the member's company: a text, one of its options, a day, a whole number, { text, link }, or a list of up to 10 of these. Where no custom_property of the company is declared, the service decides."}
	ruleUnitName = breach{"org_unit.name", "Two units of one name",
		"Two units under one parent have one name, and isa doctor --calibrate has found out that the tenant refuses the second. Give one of them another name."}
	ruleMultilingual = breach{"names.switched_off", "Language not switched on",
		"Translated names show only for languages switched on in the admin console. Switch it on and add it to tenant.features.multilingual_names."}
)

func breaches() []breach {
	return []breach{
		ruleCapitals, ruleAddressTwice, ruleName, ruleNameUnsure, ruleLanguage, ruleRoom, ruleOrder, ruleMemberName,
		rulePrimary, ruleUnitTwice, ruleAliasLogin, rulePassword, ruleLeave, ruleLineName, ruleRestriction, ruleMessenger, ruleRelation, ruleProperty, ruleMailSwitch,
		ruleWorkplace, ruleFeature, ruleFree, ruleNoMail, ruleLicences, ruleUnits, ruleDepth, ruleTree, ruleHeads, ruleHidden,
		ruleAdministrator, ruleGroupCycle, ruleCompany, ruleConcurrent, rulePrimaryCompany, ruleUnitCount, ruleNoUnit, ruleKeySSO,
		rulePasswordSSO, ruleInvitation, ruleEmployeeNumber, ruleNoMembers, ruleCustom, ruleUnitName, ruleMultilingual,
	}
}

// Codes explains every code that Prepare and Check raise: what it means and the
// way out.
func Codes() map[string]string {
	codes := map[string]string{}
	for _, b := range breaches() {
		codes[b.code] = b.summary + ". " + b.page
	}
	return codes
}
