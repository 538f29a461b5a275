package directory

import (
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// mostRelations is how many contact persons a member can have (10 §9.1).
const mostRelations = 10

// profileAttrs are what the profile of a member shows besides name, numbers and posts.
func profileAttrs() []schema.Attr {
	birthday := schema.Attr{Name: "birthday", Type: schema.Text(), Clearable: true, Personal: true, Sensitive: "member.birthday", Check: texts(dateText),
		Doc: "The day of birth, YYYY-MM-DD or another way of writing that date() reads. It helps to tell two people of one name apart."}
	calendar := schema.Attr{Name: "birthday_calendar", Type: schema.Text(), Clearable: true, Enum: []string{"solar", "lunar"},
		Doc: "The calendar in which birthday is meant."}
	return []schema.Attr{birthday, calendar, messengerAttr(), relationAttr()}
}

func messengerAttr() schema.Attr {
	return schema.Attr{
		Name: "messenger", Type: schema.ObjectOf(
			schema.Attr{Name: "protocol", Type: schema.Text(), Required: true, Enum: []string{"LINE", "FACEBOOK", "X", "TWITTER", "CUSTOM"}, Normalise: MessengerName,
				Doc: "The messenger. X and TWITTER are one."},
			schema.Attr{Name: "custom_protocol", Type: schema.Text(), Clearable: true, Check: texts(length(100)),
				Doc: "The name of another messenger, up to 100 characters; needed with CUSTOM and only there."},
			schema.Attr{Name: "id", Type: schema.Text(), Required: true, Check: texts(length(100)), Doc: "The member's name there, 1 to 100 characters."},
		),
		Block: true, Clearable: true, Personal: true, Doc: "An account at another messenger.",
	}
}

// MessengerName is the one name of a messenger that has two (10 §9.7).
func MessengerName(text string) string {
	if strings.EqualFold(text, "TWITTER") {
		return "X"
	}
	return text
}

// relationAttr may point to members of the same plan, in circles too: whom A and B name
// may be one another.
func relationAttr() schema.Attr {
	return schema.Attr{
		Name: "relation", Type: schema.ListOf(schema.ObjectOf(
			schema.Attr{Name: "member", Type: schema.RefTo(Member), Required: true, Doc: "The other member."},
			schema.Attr{Name: "name", Type: schema.Text(), Clearable: true, Check: texts(length(50)), Doc: "What they are to the member, up to 50 characters: \"deputy\"."},
		)),
		Block: true, Set: true, ElemKey: "member", Ownership: "exact", Deferred: true, Clearable: true,
		Doc: "A member whom others may ask instead, up to 10, each once.",
	}
}

// profileProblems brings the profile into canonical form and checks what one attribute
// alone cannot tell.
func profileProblems(attrs value.Object) []schema.Problem {
	canonicalDate(attrs, "birthday")
	return append(messengerProblems(attrs), relationProblems(attrs)...)
}

func messengerProblems(attrs value.Object) []schema.Problem {
	messenger, ok := attrs["messenger"].(value.Object)
	if !ok {
		return nil
	}
	if name := value.Text(messenger["protocol"]); MessengerName(name) != name {
		messenger = clone(messenger)
		messenger["protocol"] = value.String(MessengerName(name))
		attrs["messenger"] = messenger
	}
	at := value.Of("messenger").Name("custom_protocol")
	custom, given := messenger["custom_protocol"].(value.String)
	switch kind := messenger["protocol"]; {
	case kind == value.Value(value.String("CUSTOM")) && messenger["custom_protocol"] == nil:
		return []schema.Problem{ruleMessenger.at(at, "protocol is CUSTOM, and custom_protocol is missing", "write the messenger's name as custom_protocol")}
	case kind != nil && kind != value.Value(value.String("CUSTOM")) && given:
		return []schema.Problem{ruleMessenger.at(at, fmt.Sprintf("custom_protocol %q goes with protocol CUSTOM only", custom), `remove it, or write protocol = "CUSTOM"`)}
	}
	return nil
}

func relationProblems(attrs value.Object) []schema.Problem {
	list, _ := attrs["relation"].(value.List)
	var problems []schema.Problem
	if len(list) > mostRelations {
		problems = append(problems, ruleRelation.at(value.Of("relation"), fmt.Sprintf("there are %d relation blocks; at most %d are allowed", len(list), mostRelations), "remove some"))
	}
	seen := map[value.Value]bool{}
	for i, e := range list {
		relation, ok := e.(value.Object)
		if who := relation["member"]; ok && comparable(who) {
			if seen[who] {
				problems = append(problems, ruleRelation.at(value.Of("relation").Index(i).Name("member"), "another relation block names this member", "put both into one block: name = \"deputy, mentor\""))
			}
			seen[who] = true
		}
	}
	return problems
}
