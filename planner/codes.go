package planner

import (
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/schema"
)

// summaries are the constant first lines of the planner's diagnostics.
func summaries() map[string]string {
	return map[string]string{
		"match.ambiguous":        "More than one object of the tenant could be this one",
		"match.contradicts":      "The object found by name has another external key",
		"company.refused":        "A person cannot move to another company",
		"company.leaves":         "A move between companies ends memberships",
		"suspend.pending":        "Who has not registered cannot be suspended",
		"suspend.created":        "Somebody would be created who is suspended already",
		"suspend.deleted":        "Left alone: suspend_on has come, and the account is deleted",
		"registration.expires":   "Registrations expire soon",
		"company.changed":        "An object cannot move to another company",
		"guard.identity.changed": "The same person would leave and come back as somebody new",
		"guard.identity.twin":    "A person would get a second account",
		"identity.previous":      "An earlier key belongs to somebody who is still declared",
		"attribute.create_only":  "An attribute that is fixed at creation would change",
		"reference.unknown":      "A reference names nothing",
		"reference.cycle":        "Objects need one another to be created first",
		"tree.cycle":             "An object would stand below itself",
		"tree.rooted":            "The tenant has no way to the top level",
		"claim.twice":            "Two objects want the same name",
		"claim.taken":            "The name is taken",
		"claim.ring":             "Names cannot be handed on in a ring",
		"moved.unknown":          "What an object is to become is not declared",
		"moved.taken":            "Two objects cannot become one",
		"import.not_found":       "What is to be imported was not found",
		"import.managed":         "What is to be imported is managed already",
		"match.unlisted":         "Left alone, since the tenant's list could not show them",
		"removal.pending":        "Who has not finished registration cannot be suspended",
		"removal.admin":          "An administrator cannot leave",
		"removal.in_use":         "An object to be deleted is still in use",
		"removal.lingering":      "Left for a later plan: somebody in the deletion period has it",
		"removal.leavers":        "Left for a later plan: suspended leavers are in it or below it",
		"removal.unknown":        "The state holds an unknown way to remove an object",
		"guard.protected":        "A protected object would leave or lose its protection",
		"mail.server_folders":    "Folders on which the service's migration fails",
		"wave.gap":               "Mail may be missed while a wave moves",
		"wave.begins_live":       "A wave begins with its last phase",
		"selection.needs":        "Left out, since it needs something that is left out",
	}
}

// Codes explains each code that the planner raises, with the way out. Codes that
// depend on the kinds are in CodesFor.
func Codes() map[string]string {
	return map[string]string{
		"match.ambiguous":         "An object of the configuration has no external key at the tenant, and several objects there have its name. isa never guesses. Give the right one the external key in the admin console, or rename the others.",
		"match.contradicts":       "An object of the tenant has the name of a declared one, but another external key. Correct the key, list the old key in previous_keys, or rename one of the two.",
		"moved.taken":             "A moved block gives an object an address under which the state knows another one, or two moved blocks give it to two. isa merges no objects. Correct the moved block; when the other one was made by mistake, remove it first (its block away, apply), or let isa forget it with isa state rm.",
		"import.not_found":        "No object of the tenant has the ID that an import block names, several have, or it is deleted and only kept for a while. Name it by the service's ID, by externalKey:KEY or, a member, by the login ID; in another company than the tenant's own with its domain.",
		"import.managed":          "The object of the tenant that an import block names is in the state under another address. One object has one address. If it is to go on under the new one, take the import block away and write a moved block; if both are declared, take one of the two out. Or the address is that of another object already: isa import again names what it is, and a block that stays is not in the way, except where a deleted object would be restored beside the one that it names. Take the import block away to have that one back; or let isa forget it with isa state rm, so that the other one is taken over.",
		"match.unlisted":          "The state has objects of a kind whose feature is off in tenant.features, or of a company that is not declared any more. The service was not asked for them, so that isa cannot tell whether they are there, and leaves them alone. Switch the feature or the company on again in the configuration; nothing is forgotten meanwhile.",
		"company.changed":         "The service has no way to move an object to another company of the tenant. Write the company it is in, or declare a new object.",
		"company.refused":         "A person is in one company of the tenant and wanted in another one, and cannot be moved: administrators first lose the role, the old company has to be declared, and belongs_to has to say which unit of the new company they come to.",
		"company.leaves":          "By a move to another company a member leaves all groups and their rooms, and loses the history. Groups that declare the member get them back by the same plan, without the history. Write preserve_groups = true in the member block if they are to stay.",
		"suspend.pending":         "The day of suspend_on has come for somebody who has not finished registration, or waits for the activation date: the service suspends only who is in use. Nothing is done about them; take the block away with a removed block (action = \"delete\"), or leave it until they registered.",
		"suspend.created":         "The day of suspend_on has come for somebody who has no account: a new one would be suspended at once. Leave the row out (for_each with if), or write a later day.",
		"suspend.deleted":         "The day of suspend_on has come for somebody whose account was deleted, by hand or by the service at the end of the deletion period. isa neither restores the account nor makes another one only to suspend it, and takes the person out of the lists of others, such as members of a group. Leave the row out; for somebody who is to come back, write a later day.",
		"registration.expires":    "People who were created have not registered, and the service ends a registration after 30 days: then the password or invitation no longer works, and an administrator renews it in the admin console. isa invite sends the invitation again; those with a password of the administrator need to sign in.",
		"identity.previous":       "A new person names in previous_keys a key of somebody who is still declared, so that one person would get a second account. Take the old row out of the table, or the key out of previous_keys.",
		"attribute.create_only":   "The attribute can only be given when the object is created. Write the value that is there, or declare a new object.",
		"reference.unknown":       "An attribute or lifecycle.leavers_unit names an object that is not declared. Declare it or remove the reference.",
		"reference.cycle":         "Objects refer to one another by attributes that must be given at creation. Leave one reference out, apply, then add it.",
		"tree.cycle":              "Following parents leads back to the object itself. Give one of the objects another parent.",
		"tree.rooted":             "A unit would move to the top level, and isa doctor --calibrate has found out that this tenant leaves such a unit under its old parent though it answers with success. Move it in the admin console and plan again, or give it a parent.",
		"claim.twice":             "Login IDs, aliases, addresses, external keys and names of one space belong to one object at a time. Two declared objects want the same one: change one of them.",
		"claim.taken":             "The name belongs to an object that keeps it: one that isa does not manage, or one that the plan does not change. Suspended and deleted people keep their names. Choose another name, or change or declare the holder.",
		"claim.ring":              "Objects hand names on to one another, and none of the names can be given up before it is taken. Do it in two applies with a temporary name.",
		"removal.pending":         `The service cannot suspend a person who has not finished registration. Write a removed block with action = "delete" or "forget", or leave the person as they are for now with --exclude.`,
		"removal.admin":           "The service does not let administrators be deleted, nor the super administrator be suspended. Take the role away in the admin console first.",
		"removal.in_use":          "A unit with people or units in it, or a grade, position or type that somebody has, cannot be deleted. Move those who stay, or give them another one; for those who leave in this plan bring their block back with lifecycle.leavers_unit, apply, and then take both away. A leaver of an earlier apply whom somebody took back by hand counts as one who stays.",
		"removal.lingering":       "A unit, grade, position or type is to be deleted that somebody who was deleted still has. Until the service removes them for good (7 days) they cannot be changed and count, so that the deletion would be refused. isa leaves it for a later plan. Its addresses and external key are free at once for what takes them.",
		"removal.leavers":         "A unit is to be deleted in which people are who left in an earlier apply and are suspended. The service would refuse the deletion, and the blocks of the company name no unit for leavers, or several. Write lifecycle { leavers_unit = … } in a member block of the same company, the same in all that have one, and the next plan moves them there and deletes the unit; or move or delete them in the admin console. Meanwhile the unit stays, gives up its addresses and external key to what takes them, and the rest of the plan goes on.",
		"removal.unknown":         "The state names a way to remove that the kind does not have. Bring the block back with a valid lifecycle.on_remove, apply, and then take it away.",
		"selection.needs":         "With --target or --exclude an object is left out when something it refers to does not exist and is left out.",
		"mail.server_folders":     "The route server copies folders under their own names, and fails as a whole at names with special characters and at more than 5 levels. The last survey has found such folders, so that the mailbox is left alone. Rename them at the old server and run isa survey again; or write route = \"gateway\", which offers them under names that the service takes.",
		"wave.gap":                "Nothing says how mail that arrives during the move reaches NAVER WORKS: it lands on the old server, and people who work in the new mailbox already miss it until the next pass, or for good after the last one. Let the old server forward each mail, or deliver to both sides, and write coexistence { mode = …, since = … } in the wave; or run passes until mail goes to NAVER WORKS alone, and then write phase = \"live\".",
		"wave.begins_live":        "A wave is in the phase live at its first apply, and no pass was made. In that phase only mail newer than the last pass is added, so that nothing old would be moved. Write phase = \"presync\" first; or leave it, if only new mail is meant.",
		"guard.wave.reopen":       "A wave would go back to an earlier phase. After the cutover people work in the new mailbox, and passes of earlier phases change flags and folders there. Write the phase that the wave has reached (the state names it under waves), or run with --allow wave.reopen=COUNT; that is kept in the audit trail.",
		"guard.wave.membership":   "A mailbox would change its wave after mail was moved, and with it the phase, and which mail counts as delivered to both sides. Put the member back into the wave, or run with --allow wave.membership=COUNT; that is kept in the audit trail.",
		"guard.protected":         "lifecycle.protect was in force at the last apply. Set protect = false, apply, and then take the block away. --allow does not lift it.",
		"guard.identity.changed":  "Somebody leaves, or left before and still has an account or one that can be restored, and somebody with the same login ID, alias, or name and phone (private mail, employee number) would come. For who left before, a login ID alone says nothing when the name is another one. Usually that is one person with a new key: write previous_keys with the old key, or the moved block that the message shows, and the account is kept or restored. If they are two people, run with --allow identity.changed=COUNT.",
		"guard.identity.twin":     "A person would be created who has the same name and the same phone, private mail or employee number as an account of the tenant under another login ID (one that nobody declares, or that another row declares), or as another person who would be created. Names are the same in any order and division (홍 길동, 길동 홍). Write the account's login ID or external key, and isa takes it over; if another row declares the person, take one of the two rows out. If they are two people, run with --allow identity.twin=COUNT.",
		"guard.identity.reuse":    "A login ID or alias would go from one person to another: mail and shares meant for the one would reach the other. Choose another name, or run with --allow identity.reuse=COUNT.",
		"guard.identity.replaced": "An account, with its mail and files, would be somebody else's. That is so in two cases. The whole name, the login ID, all aliases and all that is personal (phone, private mail, employee number) of somebody, present or a leaver who returns, would change at once: usually a number was given to a newcomer, or rows lost their keys; give the newcomer a key of their own, in the table and as external_key. Or isa found an account that it did not make by nothing but the login ID, and the name there is another one and nothing personal is the same: two people come to the same login ID; give the newcomer another one, or, if it is the same person, write the name that the account has and change it in a later apply. What only repeats the key proves nothing. If it is meant, run with --allow identity.replaced=COUNT.",
		"guard.table.shrunk":      "A table has less than half of the rows it had at the last apply. Look whether the right file was exported; if so, run with --allow table.shrunk=COUNT.",
		"guard.table.emptied":     "A column that was mostly filled at the last apply is mostly empty. Look whether the export is complete; if so, run with --allow table.emptied=COUNT.",
	}
}

// CodesFor explains the codes of the guards of each kind.
func CodesFor(kinds []*schema.Kind) map[string]string {
	out := map[string]string{}
	const limit = " The limit is the larger of 10 and 1 %, never above 5 %, of each company; a guard block changes it, --allow CODE=COUNT lifts it once."
	for _, k := range kinds {
		out[guardPrefix+k.Type+".removal"] = "Many objects of kind " + k.Type + " would leave at once." + limit
		out[guardPrefix+k.Type+".recreation"] = "Many objects of kind " + k.Type + " that the state knows are not in the tenant's list and would be created again, or forgotten where no block declares them any more: the list may be short, or the state another tenant's. Leavers of earlier applies count only when they are wanted again and were deleted by hand." + limit
		out[guardPrefix+k.Type+".cleared"] = "One attribute of many objects of kind " + k.Type + " would be emptied at once." + limit
		if k.Relocate != nil {
			out[guardPrefix+k.Type+".company"] = "Many objects of kind " + k.Type + " would leave a company for another one at once." + limit
		}
		if k.Notices != nil {
			out[guardPrefix+k.Type+".invitation"] = "Creating objects of kind " + k.Type + " would send more than 50 invitations at once. Create them in waves, or run with --allow " + k.Type + ".invitation=COUNT."
		}
		for i := range k.Attrs {
			a := &k.Attrs[i]
			switch {
			case needed(a):
				out[guardPrefix+k.Type+"."+a.Name+".none"] = "Objects of kind " + k.Type + ", declared or not, would be left without any " + a.Name + ": their list changes, or the last one is deleted or moves to another company and leaves it. Name somebody else first, or run with --allow " + k.Type + "." + a.Name + ".none=COUNT."
			case a.Vital:
				out[guardPrefix+k.Type+"."+a.Name+".none"] = "People of kind " + k.Type + " would be left without any " + a.Name + ", and so appear nowhere. Write one for each, or run with --allow " + k.Type + "." + a.Name + ".none=COUNT."
			}
			if a.Type.Kind == schema.List && hasRefs(a.Type.Elem) {
				out[guardPrefix+k.Type+"."+a.Name+".removal"] = "Many elements of " + a.Name + " would be taken away at once." + limit
			}
			sensitiveCodes(a, func(code string) {
				out[guardPrefix+code] = "Many objects of kind " + k.Type + " would change " + a.Name + " at once, as when one column of a sheet is sorted by itself." + limit
			})
		}
	}
	return out
}

// GuardCodes lists the guards that --allow lifts and guard blocks limit, without
// "guard." in front, sorted. Protection is not among them: nothing lifts it.
func GuardCodes(kinds []*schema.Kind) []string {
	var out []string
	for _, pages := range []map[string]string{Codes(), CodesFor(kinds)} {
		for code := range pages {
			if name, ok := strings.CutPrefix(code, guardPrefix); ok && name != "protected" {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sensitiveCodes(a *schema.Attr, f func(string)) {
	if a.Sensitive != "" {
		f(a.Sensitive)
	}
	attrs := a.Type.Attrs
	if a.Type.Elem != nil {
		attrs = a.Type.Elem.Attrs
	}
	for i := range attrs {
		sensitiveCodes(&attrs[i], f)
	}
}
