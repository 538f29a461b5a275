package diag

import (
	"context"
	"errors"
)

// Class is the closed set of reasons why an operation failed. Retry, skipping
// and exit codes depend on the class, never on text.
type Class string

// The classes. The zero Class is never used; an unclassified error is Internal.
const (
	Invalid     Class = "invalid"     // the request itself is wrong; repeating it is useless
	Denied      Class = "denied"      // credentials, scope or permission
	NotFound    Class = "not_found"   // the named thing is not there
	Exists      Class = "exists"      // a name that must be unique is taken
	Conflict    Class = "conflict"    // the thing changed, or another writer is at work
	Limited     Class = "limited"     // a rate or quota is used up
	Unavailable Class = "unavailable" // network or server trouble; may pass
	Cancelled   Class = "cancelled"   // the user or a deadline stopped it
	Internal    Class = "internal"    // a fault of isa
)

// Failure is a classified error. Op names what was tried ("user-create"), Fix
// the way out when there is one. Text never holds a secret.
type Failure struct {
	Class  Class
	Op     string
	Detail string
	Fix    string
	Err    error // the cause, may be nil

	// Unknown tells that the request may have been carried out although it
	// failed: the answer was lost. Whoever repeats it must look first.
	Unknown bool
}

// Error writes op, detail, cause and fix.
func (f *Failure) Error() string {
	text := f.Op
	add := func(sep, s string) {
		if s == "" {
			return
		}
		if text != "" {
			text += sep
		}
		text += s
	}
	add(": ", f.Detail)
	if f.Err != nil {
		add(": ", f.Err.Error())
	}
	add("; ", f.Fix)
	if text == "" {
		return string(f.Class)
	}
	return text
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// ClassOf returns the class of the first Failure in err's chain; Cancelled for
// context errors, Internal for anything else, "" for nil.
func ClassOf(err error) Class {
	var f *Failure
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.Class
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Cancelled
	}
	return Internal
}

// MayHaveHappened reports whether the failed operation may have been carried
// out all the same, because its answer was lost.
func MayHaveHappened(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Unknown
}
