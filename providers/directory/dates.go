package directory

import (
	"time"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// registrationDays is how long a new member can register (limits, "pending (expired)").
const registrationDays = 30

// dateAttrs are the dates of a member's life with the service.
func dateAttrs() []schema.Attr {
	return []schema.Attr{
		{Name: "activation_date", Type: schema.Text(), Clearable: true, Over: momentOver, Check: texts(momentText), Normalise: instant,
			Doc: "From when on the account can be used: a day, or a day and time in the member's time_zone (that of Seoul when the block says none), or one with its offset. clear, and one that is over, mean at once."},
		{Name: "suspend_on", Type: schema.Text(), Steering: true, Check: texts(dateText),
			Doc: "A day (of Seoul, or as --as-of says) from which on isa suspends the member although the block is there, such as the day behind a contract. When it is taken away or put off, isa takes the member back."},
	}
}

// momentOver tells that a moment has passed.
func momentOver(v value.Value, now time.Time) bool {
	at, err := time.Parse(time.RFC3339, value.Text(v))
	return err == nil && !at.After(now)
}

// canonicalDates writes the dates as they are sent and compared.
func canonicalDates(attrs value.Object) {
	if at, ok := moment(value.Text(attrs["activation_date"]), zoneOf(attrs), false); ok {
		attrs["activation_date"] = value.String(at.Format(wireTime))
	}
	canonicalDate(attrs, "suspend_on")
}
