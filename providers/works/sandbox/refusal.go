package sandbox

import (
	"fmt"
	"net/http"
)

// refusal is an answer that is not success: reference 00 §8.
type refusal struct {
	status int
	code   string
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.text) }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "BAD_REQUEST", format, args...)
}

func invalid(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "INVALID_PARAMETER", format, args...)
}

func missing(name string) *refusal {
	return refuse(http.StatusBadRequest, "MISSING_PARAMETER", "%s is required", name)
}

func tooMuch(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", format, args...)
}

func forbidden(format string, args ...any) *refusal {
	return refuse(http.StatusForbidden, "FORBIDDEN", format, args...)
}

func full(format string, args ...any) *refusal {
	return refuse(http.StatusForbidden, "LIMIT_EXCEEDED", format, args...)
}

func notFound(format string, args ...any) *refusal {
	return refuse(http.StatusNotFound, "NOT_FOUND", format, args...)
}

func conflict(format string, args ...any) *refusal {
	return refuse(http.StatusConflict, "CONFLICT", format, args...)
}

// withStatus gives a refusal another status and the general code of that status.
func withStatus(status int, format string, args ...any) *refusal {
	code := map[int]string{400: "BAD_REQUEST", 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "ALREADY_EXIST", 410: "DELETED"}[status]
	return refuse(status, code, format, args...)
}
