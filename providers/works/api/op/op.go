// Package op is the one table of NAVER WORKS operations that isa uses. The
// client, its lanes, the scope check, the documentation and the sandbox's router
// are all made from it.
package op

import (
	"strings"
	"time"
)

// Token is a set of the kinds of access token that an operation takes.
type Token uint8

// The kinds of token (reference/api/00-auth-and-common.md, section 2).
const (
	ServiceAccount Token = 1 << iota // a virtual administrator; the kind isa uses for everything it can
	UserAccount                      // a member who logged in

	Both = ServiceAccount | UserAccount
)

// Operation is one API operation: one lane, one row of the reference.
type Operation struct {
	Name   string // the developers docs' slug: "user-create"
	Method string
	Path   string // below the REST base, with {name} for path values
	// Scopes of which a token needs any one.
	Scopes []string
	Tokens Token
	// Repeatable tells that sending it again after a lost answer does no harm:
	// reads, full or partial updates, deletions and switches; never creations.
	Repeatable bool
	// Writer is what takes one write at a time: "orgunits" (per domain, one second
	// apart), "user", "group" (per object), "" for reads and for kinds without a rule.
	Writer string
	// Success is the documented status; the client accepts any 2xx.
	Success int
}

// Patience is how long an answer may take though nothing is wrong; 0: no longer than
// any other. The start of a migration logs in to the old server first, more than
// once, which takes more than 10 seconds (reference/api/40-mail.md, section 2.1).
func (o Operation) Patience() time.Duration {
	if strings.HasPrefix(o.Name, "mail-migration-") && o.Method == "POST" {
		return 45 * time.Second
	}
	return 0
}

// Table returns all operations, grouped as in the reference. The caller may
// change the slice it gets.
func Table() []Operation {
	var ( // scopes, of which a token needs any one
		userWrite      = []string{"directory", "user"}
		userRead       = []string{"directory", "directory.read", "user", "user.read"}
		directoryWrite = []string{"directory"}
		directoryRead  = []string{"directory", "directory.read"}
		linkWrite      = []string{"user"} // directory does not do (section 3)
		linkRead       = []string{"user", "user.read"}
		orgunitWrite   = []string{"directory", "orgunit"}
		orgunitRead    = []string{"directory", "directory.read", "orgunit", "orgunit.read"}
		groupWrite     = []string{"directory", "group"}
		groupRead      = []string{"directory", "directory.read", "group", "group.read"}
		mailWrite      = []string{"mail"}
		mailRead       = []string{"mail", "mail.read"}
	)
	table := []Operation{
		// reference/api/10-users.md
		{"user-list", "GET", "/users", userRead, Both, true, "", 200},
		{"user-create", "POST", "/users", userWrite, Both, false, "user", 201},
		{"user-external-key-list", "GET", "/users/external-keys", directoryRead, Both, true, "", 200},
		{"user-external-key-create", "POST", "/users/external-keys", directoryWrite, Both, true, "user", 204},
		{"user-get", "GET", "/users/{userId}", userRead, Both, true, "", 200},
		{"user-update-put", "PUT", "/users/{userId}", userWrite, Both, true, "user", 200},
		{"user-update-patch", "PATCH", "/users/{userId}", userWrite, Both, true, "user", 200},
		{"user-delete", "DELETE", "/users/{userId}", userWrite, Both, true, "user", 204},
		{"user-undelete", "POST", "/users/{userId}/undelete", userWrite, Both, true, "user", 200},
		{"user-force-delete", "DELETE", "/users/{userId}/forcedelete", userWrite, Both, true, "user", 204},
		{"user-suspend", "POST", "/users/{userId}/suspend", userWrite, Both, true, "user", 204},
		{"user-unsuspend", "POST", "/users/{userId}/unsuspend", userWrite, Both, true, "user", 204},
		{"user-move", "POST", "/users/{userId}/move", userWrite, Both, false, "user", 200},
		{"user-alias-email-create", "POST", "/users/{userId}/alias-emails/{email}", userWrite, Both, true, "user", 201},
		{"user-alias-email-delete", "DELETE", "/users/{userId}/alias-emails/{email}", userWrite, Both, true, "user", 204},
		{"user-set-leave-of-absence", "POST", "/users/{userId}/set-leave-of-absence", userWrite, Both, true, "user", 204},
		{"user-clear-leave-of-absence", "POST", "/users/{userId}/clear-leave-of-absence", userWrite, Both, true, "user", 204},
		{"user-photo-create", "POST", "/users/{userId}/photo", userWrite, Both, true, "user", 200},
		{"user-photo-get", "GET", "/users/{userId}/photo", userRead, Both, true, "", 302},
		{"user-photo-delete", "DELETE", "/users/{userId}/photo", userWrite, Both, true, "user", 204},
		{"user-link-to-works-create", "POST", "/users/{userId}/link-to-works", linkWrite, Both, true, "user", 202},
		{"user-link-to-works-delete", "POST", "/users/{userId}/unlink-to-works", linkWrite, Both, true, "user", 202},
		{"user-link-to-line-create", "POST", "/users/{userId}/link-to-line", linkWrite, Both, true, "user", 202},
		{"user-link-to-line-delete", "POST", "/users/{userId}/unlink-to-line", linkWrite, Both, true, "user", 202},
		{"user-link-url-get", "GET", "/users/{userId}/link-url", linkRead, Both, true, "", 200},
		{"user-link-url-reset", "POST", "/users/{userId}/link-url/reset", linkWrite, Both, true, "user", 200},
		{"user-invitation-email-send", "POST", "/users/{userId}/send-invitation-email", userWrite, Both, false, "user", 204},

		// Definitions of custom properties (section 6); they know no full update.
		{"directory-user-custom-property-list", "GET", "/directory/users/custom-properties", directoryRead, Both, true, "", 200},
		{"directory-user-custom-property-create", "POST", "/directory/users/custom-properties", directoryWrite, Both, false, "", 201},
		{"directory-user-custom-property-get", "GET", "/directory/users/custom-properties/{customPropertyId}", directoryRead, Both, true, "", 200},
		{"directory-user-custom-property-update-patch", "PATCH", "/directory/users/custom-properties/{customPropertyId}", directoryWrite, Both, true, "", 200},
		{"directory-user-custom-property-delete", "DELETE", "/directory/users/custom-properties/{customPropertyId}", directoryWrite, Both, true, "", 204},

		// reference/api/20-orgunits.md
		{"orgunit-list", "GET", "/orgunits", orgunitRead, Both, true, "", 200},
		{"orgunit-create", "POST", "/orgunits", orgunitWrite, Both, false, "orgunits", 201},
		{"orgunit-external-key-list", "GET", "/orgunits/external-keys", directoryRead, Both, true, "", 200},
		{"orgunit-external-key-create", "POST", "/orgunits/external-keys", directoryWrite, Both, true, "orgunits", 204},
		{"orgunit-get", "GET", "/orgunits/{orgUnitId}", orgunitRead, Both, true, "", 200},
		{"orgunit-update-put", "PUT", "/orgunits/{orgUnitId}", orgunitWrite, Both, true, "orgunits", 200},
		{"orgunit-update-patch", "PATCH", "/orgunits/{orgUnitId}", orgunitWrite, Both, true, "orgunits", 200},
		{"orgunit-delete", "DELETE", "/orgunits/{orgUnitId}", orgunitWrite, Both, true, "orgunits", 204},
		{"orgunit-move", "POST", "/orgunits/{orgUnitId}/move", orgunitWrite, Both, true, "orgunits", 200},
		{"orgunit-orgunit-access-restrict-create", "POST", "/orgunits/{orgUnitId}/orgunit-access-restrict", orgunitWrite, Both, false, "orgunits", 201},
		{"orgunit-orgunit-access-restrict-get", "GET", "/orgunits/{orgUnitId}/orgunit-access-restrict", orgunitRead, Both, true, "", 200},
		{"orgunit-orgunit-access-restrict-update-put", "PUT", "/orgunits/{orgUnitId}/orgunit-access-restrict", orgunitWrite, Both, true, "orgunits", 200},
		{"orgunit-orgunit-access-restrict-delete", "DELETE", "/orgunits/{orgUnitId}/orgunit-access-restrict", orgunitWrite, Both, true, "orgunits", 204},
		{"orgunit-member-list", "GET", "/orgunits/{orgUnitId}/members", orgunitRead, Both, true, "", 200},

		// reference/api/22-groups.md
		{"group-list", "GET", "/groups", groupRead, Both, true, "", 200},
		{"group-create", "POST", "/groups", groupWrite, Both, false, "group", 201},
		{"group-external-key-list", "GET", "/groups/external-keys", directoryRead, Both, true, "", 200},
		{"group-external-key-create", "POST", "/groups/external-keys", directoryWrite, Both, true, "group", 204},
		{"group-get", "GET", "/groups/{groupId}", groupRead, Both, true, "", 200},
		{"group-update-put", "PUT", "/groups/{groupId}", groupWrite, Both, true, "group", 200},
		{"group-update-patch", "PATCH", "/groups/{groupId}", groupWrite, Both, true, "group", 200},
		{"group-delete", "DELETE", "/groups/{groupId}", groupWrite, Both, true, "group", 204},
		{"group-member-list", "GET", "/groups/{groupId}/members", groupRead, Both, true, "", 200},
		{"group-member-add", "POST", "/groups/{groupId}/members", groupWrite, Both, false, "group", 201},
		{"group-member-remove", "DELETE", "/groups/{groupId}/members/{id}", groupWrite, Both, true, "group", 204},
		{"group-administrator-list", "GET", "/groups/{groupId}/administrators", groupRead, Both, true, "", 200},
		{"group-administrator-add", "POST", "/groups/{groupId}/administrators", groupWrite, Both, false, "group", 201},
		{"group-administrator-remove", "DELETE", "/groups/{groupId}/administrators/{userId}", groupWrite, Both, true, "group", 204},

		// reference/api/40-mail.md: of the mail API only these are open to service
		// accounts (section 0). No rule of one write at a time is known.
		{"mail-migration-imap-create", "POST", "/users/{userId}/mail/migration/imap", mailWrite, Both, false, "", 202},
		{"mail-migration-imap-get", "GET", "/users/{userId}/mail/migration/imap", mailRead, Both, true, "", 200},
		{"mail-migration-imap-delete", "DELETE", "/users/{userId}/mail/migration/imap", mailWrite, Both, true, "", 204},
		{"mail-migration-pop3-create", "POST", "/users/{userId}/mail/migration/pop3", mailWrite, Both, false, "", 202},
		{"mail-setting-forwarding-create", "POST", "/users/{userId}/mail/settings/forwarding", mailWrite, Both, true, "", 201},
		{"mail-setting-forwarding-delete", "DELETE", "/users/{userId}/mail/settings/forwarding", mailWrite, Both, true, "", 204},
	}
	// reference/api/21-levels-positions-employment-types.md: three lists of one shape.
	for _, list := range []struct{ name, path, id string }{
		{"directory-level", "/directory/levels", "{levelId}"},
		{"directory-position", "/directory/positions", "{positionId}"},
		{"directory-user-type", "/directory/user-types", "{userTypeId}"},
	} {
		item := list.path + "/" + list.id
		table = append(table,
			Operation{list.name + "-list", "GET", list.path, directoryRead, Both, true, "", 200},
			Operation{list.name + "-create", "POST", list.path, directoryWrite, Both, false, "", 201},
			Operation{list.name + "-external-key-list", "GET", list.path + "/external-keys", directoryRead, Both, true, "", 200},
			Operation{list.name + "-external-key-create", "POST", list.path + "/external-keys", directoryWrite, Both, true, "", 204},
			Operation{list.name + "-enable", "POST", list.path + "/enable", directoryWrite, Both, true, "", 204},
			Operation{list.name + "-disable", "POST", list.path + "/disable", directoryWrite, Both, true, "", 204},
			Operation{list.name + "-get", "GET", item, directoryRead, Both, true, "", 200},
			Operation{list.name + "-update-put", "PUT", item, directoryWrite, Both, true, "", 200},
			Operation{list.name + "-update-patch", "PATCH", item, directoryWrite, Both, true, "", 200},
			Operation{list.name + "-delete", "DELETE", item, directoryWrite, Both, true, "", 204},
		)
	}
	return table
}
