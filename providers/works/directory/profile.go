package directory

import (
	"strings"

	"github.com/isaworks/isa/internal/value"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// profileProps are what a member's profile shows besides name, numbers and posts
// (10 §9.7, §9.11).
func profileProps() []prop[api.User] {
	return []prop[api.User]{
		plain[api.User]("birthday", "birthday"),
		capital[api.User]("birthdayCalendarType", "birthday_calendar"),
		{wire: "messenger", attrs: []string{"messenger"}, fresh: true, write: messenger},
		{wire: "relations", attrs: []string{"relation"}, fresh: true, write: relations},
		{wire: "customProperties", attrs: []string{"custom"}, fresh: true, write: customValues},
	}
}

// customMessenger is the protocol that takes a name of its own.
const customMessenger = "CUSTOM"

// messenger writes the account as a whole. X is written, which is understood for longer
// than TWITTER.
func messenger(w *writing[api.User]) (any, error) {
	m, ok := w.merged["messenger"].(value.Object)
	if !ok {
		return nil, nil
	}
	out := map[string]any{"protocol": model.MessengerName(value.Text(m["protocol"])), "messengerId": value.Text(m["id"])}
	if custom := value.Text(m["custom_protocol"]); custom != "" && out["protocol"] == customMessenger {
		out["customProtocol"] = custom
	}
	return out, nil
}

func readMessenger(attrs value.Object, m *api.Messenger) {
	if m == nil {
		return
	}
	out := make(value.Object, 3)
	put(out, "protocol", model.MessengerName(m.Protocol))
	putNull(out, "custom_protocol", m.CustomProtocol)
	put(out, "id", m.MessengerID)
	if len(out) > 0 {
		attrs["messenger"] = out
	}
}

// relations writes the contact persons; members are told by their IDs, the only form
// that is documented for sure.
func relations(w *writing[api.User]) (any, error) {
	list, _ := w.merged["relation"].(value.List)
	out := make([]any, len(list))
	for i, e := range list {
		relation, ok := e.(value.Object)
		if !ok || value.Text(relation["member"]) == "" {
			return nil, unresolved("relation", e)
		}
		item := map[string]any{"relationUserId": value.Text(relation["member"])}
		if name := value.Text(relation["name"]); name != "" {
			item["relationName"] = name
		}
		out[i] = item
	}
	return out, nil
}

// readRelations reads the contact persons. One who stands there several times comes
// once, with all names. Most members have none, and nothing is kept of that.
func readRelations(attrs value.Object, relations []api.Relation) {
	if len(relations) == 0 {
		return
	}
	list := make(value.List, 0, len(relations))
	at := map[string]int{}
	for _, r := range relations {
		name := canonical(dereference(r.RelationName))
		if i, twice := at[r.RelationUserID]; twice {
			was, _ := list[i].(value.Object)
			both := value.Object{"member": was["member"]}
			put(both, "name", strings.Trim(value.Text(was["name"])+", "+name, ", "))
			list[i] = both
			continue
		}
		at[r.RelationUserID] = len(list)
		relation := value.Object{"member": value.String(r.RelationUserID)}
		put(relation, "name", name)
		list = append(list, relation)
	}
	attrs["relation"] = list
}
