package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/isaworks/isa/internal/diag"
)

// ServiceError is what the service said when it refused a call. It is the cause
// inside a diag.Failure.
type ServiceError struct {
	Status      int    // HTTP
	Code        string // "USER_ALREADY_EXIST"; "" when the body was not the API's JSON
	Description string // one line, bounded, no control characters
}

// Error writes "HTTP 409 USER_ALREADY_EXIST: text".
func (e *ServiceError) Error() string {
	text := fmt.Sprintf("HTTP %d", e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	return text
}

// CodeOf returns the service's error code in err's chain, or "".
func CodeOf(err error) string {
	var s *ServiceError
	if errors.As(err, &s) {
		return s.Code
	}
	return ""
}

// StatusOf returns the HTTP status in err's chain, or 0.
func StatusOf(err error) int {
	var s *ServiceError
	if errors.As(err, &s) {
		return s.Status
	}
	return 0
}

// Unauthorised reports that the credentials are refused: by the sign-in host, or by
// the service after the token was renewed. No other call can succeed then.
func Unauthorised(err error) bool {
	var f *diag.Failure
	if !errors.As(err, &f) || f.Class != diag.Denied {
		return false
	}
	return f.Op == tokenOp || StatusOf(err) == http.StatusUnauthorized
}

const (
	maxCode        = 64
	maxDescription = 300
)

// serviceError reads an error body: the API's {code, description}, the token
// endpoint's {error, error_description}, or whatever a gateway sends.
func serviceError(x *exchange, r *reply) *ServiceError {
	e := &ServiceError{Status: r.status}
	var body struct {
		Code        any `json:"code"`
		Description any `json:"description"`
		Error       any `json:"error"`
		Detail      any `json:"error_description"`
	}
	text := bytes.TrimSpace(r.body)
	switch {
	case len(text) == 0:
		e.Description = "(empty answer)"
	case json.Unmarshal(text, &body) == nil && (body.Code != nil || body.Error != nil):
		e.Code, e.Description = word(body.Code), word(body.Description)
		if body.Code == nil {
			e.Code, e.Description = word(body.Error), word(body.Detail)
		}
	default:
		e.Description = "(not the API's JSON) " + string(text)
	}
	e.Code = x.secrets.quote(e.Code, maxCode)
	e.Description = x.secrets.quote(e.Description, maxDescription)
	return e
}

func word(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// clean makes foreign text one line of visible characters.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1 // controls, and formats that change the direction of text
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// shorten cuts text to limit characters.
func shorten(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

// classify makes a classified error of an answer. Codes are open-ended: what is
// not known goes by its status (reference/api/00-auth-and-common.md, section 8).
func classify(x *exchange, r *reply) *diag.Failure {
	e := serviceError(x, r)
	f := &diag.Failure{Op: x.op.Name, Err: e}
	f.Class, f.Fix = classOf(e)
	if f.Class == diag.Unavailable {
		f.Unknown = !x.op.Repeatable
	}
	return f
}

func classOf(e *ServiceError) (class diag.Class, fix string) {
	exists := strings.HasSuffix(e.Code, "ALREADY_EXIST") || strings.HasSuffix(e.Code, "ALREADY_EXISTS")
	switch {
	case e.Status >= 500, e.Status == http.StatusRequestTimeout:
		return diag.Unavailable, ""
	case e.Status == http.StatusTooManyRequests:
		return diag.Limited, "another program may be using the same budget; try again when it is done"
	case e.Status == http.StatusUnauthorized:
		return diag.Denied, "check client ID, service account and private key of the app in the Developer Console"
	case e.Status == http.StatusForbidden && (e.Code == "LIMIT_EXCEEDED" || e.Code == "OUT_OF_RANGE"):
		return diag.Denied, "a limit of the tenant or of its plan is reached; see the plan's limits in the admin console"
	case e.Status == http.StatusForbidden:
		return diag.Denied, "check the app's scopes, the tenant's plan and whether the feature is switched on in the admin console"
	case e.Status == http.StatusNotFound, e.Status == http.StatusGone:
		return diag.NotFound, ""
	case exists && (e.Status == http.StatusBadRequest || e.Status == http.StatusConflict):
		return diag.Exists, ""
	case e.Status == http.StatusConflict, e.Status == http.StatusPreconditionFailed:
		return diag.Conflict, ""
	case e.Status >= 300 && e.Status < 400:
		return diag.Invalid, "the address of the API leads elsewhere; check the API base"
	case e.Status < 300:
		return diag.Internal, ""
	}
	return diag.Invalid, ""
}
