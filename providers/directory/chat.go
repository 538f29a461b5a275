package directory

import (
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// chatAttrs permit chats with people outside the tenant (10 §5).
func chatAttrs() []schema.Attr {
	chat := func(name, doc string) schema.Attr {
		a := toggle(name, doc)
		a.Aside, a.Unreadable, a.Sensitive = true, true, "member.external_chat"
		return a
	}
	return []schema.Attr{
		chat("external_chat_works", "Whether the member may chat with users of NAVER WORKS and LINE WORKS outside; needs the scope user. The service tells only whether the member may chat with anybody outside."),
		chat("external_chat_line", "Whether the member may chat with users of LINE outside; needs the scope user. The service refuses names with emoji or the word line."),
	}
}

// chatProblems finds names that the service refuses for LINE.
func chatProblems(attrs value.Object) []schema.Problem {
	if !value.True(attrs["external_chat_line"]) {
		return nil
	}
	for _, name := range []string{"last_name", "first_name", "nickname"} {
		if strings.Contains(strings.ToLower(value.Text(attrs[name])), "line") {
			return []schema.Problem{ruleLineName.warn(value.Of(name), `it holds the word "line", with which the service refuses chats with LINE`,
				"write the name in another way, or leave external_chat_line out")}
		}
	}
	return nil
}
