package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/isaworks/isa/providers/works/api/op"
)

// handler carries out one operation. The body it returns is written as JSON with
// the operation's status; nil is an empty body. Handlers of writes hold the
// tenant's lock for writing, of reads for reading.
type handler func(*call) (any, error)

// unlocked are the operations whose handlers hold no lock, since they wait for
// other servers; they make their changes by Server.change.
func unlocked() []string {
	return []string{"mail-migration-imap-create", "mail-migration-imap-delete", "mail-migration-pop3-create"}
}

type route struct {
	op       op.Operation
	segments []string
	handle   handler
	unlocked bool
}

// router finds operations; more literal paths win over path values.
type router struct{ routes map[string][]*route }

func newRouter(table []op.Operation, all map[string]handler) (*router, error) {
	r := &router{routes: map[string][]*route{}}
	for _, o := range table {
		h := all[o.Name]
		if h == nil {
			return nil, fmt.Errorf("sandbox: operation %s of the table has no handler", o.Name)
		}
		ro := &route{o, strings.Split(strings.TrimPrefix(o.Path, "/"), "/"), h, contains(unlocked(), o.Name)}
		key := routeKey(o.Method, len(ro.segments))
		list := r.routes[key]
		at := len(list)
		for at > 0 && literals(list[at-1]) < literals(ro) {
			at--
		}
		list = append(list, nil)
		copy(list[at+1:], list[at:])
		list[at] = ro
		r.routes[key] = list
	}
	return r, nil
}

func routeKey(method string, segments int) string { return fmt.Sprintf("%s/%d", method, segments) }

func literals(r *route) int {
	n := 0
	for _, s := range r.segments {
		if s[0] != '{' {
			n++
		}
	}
	return n
}

// find matches an escaped path and returns the path values.
func (r *router) find(method, escaped string) (*route, map[string]string, error) {
	parts := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil || plain == "" {
			return nil, nil, notFound("no such path")
		}
		parts[i] = plain
	}
	for _, ro := range r.routes[routeKey(method, len(parts))] {
		if values, ok := ro.match(parts); ok {
			return ro, values, nil
		}
	}
	return nil, nil, refuse(http.StatusNotFound, "NOT_FOUND", "no operation of the sandbox has this method and path")
}

func (ro *route) match(parts []string) (map[string]string, bool) {
	values := map[string]string{}
	for i, s := range ro.segments {
		if s[0] == '{' {
			values[s[1:len(s)-1]] = parts[i]
		} else if s != parts[i] {
			return nil, false
		}
	}
	return values, true
}

// handlers returns the handler of every operation by name.
func handlers() map[string]handler {
	all := map[string]handler{
		"user-list": listUsers, "user-create": createUser, "user-get": getUser,
		"user-update-put": putUser, "user-update-patch": patchUser, "user-delete": deleteUser,
		"user-undelete": undeleteUser, "user-force-delete": forceDeleteUser,
		"user-suspend": suspendUser, "user-unsuspend": unsuspendUser,
		"user-alias-email-create": addAlias, "user-alias-email-delete": removeAlias,
		"user-set-leave-of-absence": setLeave, "user-clear-leave-of-absence": clearLeave,
		"user-photo-create": createPhoto, "user-photo-get": getPhoto, "user-photo-delete": deletePhoto,
		"user-link-to-works-create": linkTo{on: true}.change, "user-link-to-works-delete": linkTo{}.change,
		"user-link-to-line-create": linkTo{line: true, on: true}.change, "user-link-to-line-delete": linkTo{line: true}.change,
		"user-link-url-get": getLink, "user-link-url-reset": resetLink,
		"user-invitation-email-send": sendInvitation, "user-move": moveUser,
		"user-external-key-list": userKeys().list, "user-external-key-create": userKeys().set,

		"directory-user-custom-property-list": listProperties, "directory-user-custom-property-create": createProperty,
		"directory-user-custom-property-get": getProperty, "directory-user-custom-property-update-patch": patchProperty,
		"directory-user-custom-property-delete": deleteProperty,

		"orgunit-list": listUnits, "orgunit-create": createUnit, "orgunit-get": getUnit,
		"orgunit-update-put": putUnit, "orgunit-update-patch": patchUnit,
		"orgunit-delete": deleteUnit, "orgunit-move": moveUnit, "orgunit-member-list": listUnitMembers,
		"orgunit-orgunit-access-restrict-create": createRestriction, "orgunit-orgunit-access-restrict-get": getRestriction,
		"orgunit-orgunit-access-restrict-update-put": putRestriction, "orgunit-orgunit-access-restrict-delete": deleteRestriction,
		"orgunit-external-key-list": unitKeys().list, "orgunit-external-key-create": unitKeys().set,

		"group-list": listGroups, "group-create": createGroup, "group-get": getGroup,
		"group-update-put": putGroup, "group-update-patch": patchGroup, "group-delete": deleteGroup,
		"group-member-list": listGroupMembers, "group-member-add": addGroupMember, "group-member-remove": removeGroupMember,
		"group-administrator-list": listGroupAdministrators, "group-administrator-add": addGroupAdministrator,
		"group-administrator-remove": removeGroupAdministrator,
		"group-external-key-list":    groupKeys().list, "group-external-key-create": groupKeys().set,

		"mail-migration-imap-create": startMigration, "mail-migration-imap-get": getMigration,
		"mail-migration-imap-delete": deleteMigration, "mail-migration-pop3-create": startPOP3,
		"mail-setting-forwarding-create": setForwarding, "mail-setting-forwarding-delete": deleteForwarding,
	}
	for _, l := range itemLists() {
		name := "directory-" + l.slug
		all[name+"-list"], all[name+"-create"], all[name+"-get"] = l.listItems, l.create, l.get
		all[name+"-update-put"], all[name+"-update-patch"], all[name+"-delete"] = l.put, l.patch, l.delete
		all[name+"-enable"], all[name+"-disable"] = l.enable, l.disable
		all[name+"-external-key-list"], all[name+"-external-key-create"] = l.keys().list, l.keys().set
	}
	return all
}
