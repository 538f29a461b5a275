package directory

import (
	"time"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// leaveAttr is the leave of absence (휴직): 10 §2.11. The service takes both times or
// neither.
func leaveAttr() schema.Attr {
	at := func(name, doc string) schema.Attr {
		return schema.Attr{Name: name, Type: schema.Text(), Required: true, Normalise: instant, Check: texts(momentText), Doc: doc}
	}
	return schema.Attr{
		Name: "leave", Block: true, Clearable: true, Aside: true, Personal: true, Over: leaveOver,
		Type: schema.ObjectOf(
			at("from", "When the leave begins: a day, or a day and time in the member's time_zone (that of Seoul when the block says none), or one with its offset."),
			at("until", "When it ends; a day is meant to its end."),
		),
		Doc: "A leave of absence. One that is over is as good as none; `leave = clear` ends it or takes it back.",
	}
}

// leaveOver tells that a leave is over.
func leaveOver(v value.Value, now time.Time) bool {
	leave, _ := v.(value.Object)
	end, err := time.Parse(time.RFC3339, value.Text(leave["until"]))
	return err == nil && end.Before(now)
}

// prepareLeave writes the times of a leave with their offset.
func prepareLeave(attrs value.Object) []schema.Problem {
	leave, ok := attrs["leave"].(value.Object)
	if !ok {
		return nil
	}
	zone := zoneOf(attrs)
	from, known := moment(value.Text(leave["from"]), zone, false)
	until, too := moment(value.Text(leave["until"]), zone, true)
	if !known || !too { // reported by the attribute's Check, or said by another object
		return nil
	}
	if !until.After(from) {
		return []schema.Problem{ruleLeave.at(value.Of("leave").Name("until"), "the leave ends before it begins", "exchange the two, or correct one")}
	}
	leave = clone(leave)
	leave["from"], leave["until"] = value.String(from.Format(wireTime)), value.String(until.Format(wireTime))
	attrs["leave"] = leave
	return nil
}
