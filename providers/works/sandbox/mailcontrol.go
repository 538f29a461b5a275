package sandbox

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
)

// mailControls are the control calls that concern mail.
func (s *Server) mailControls(mux *http.ServeMux) {
	mux.HandleFunc("POST /_sandbox/app-password", s.serveAppPassword)
	mux.HandleFunc("POST /_sandbox/app-passwords", s.serveAppPasswords)
	mux.HandleFunc("POST /_sandbox/imap", s.control(func(r *http.Request) error {
		on := r.FormValue("on")
		if on != "yes" && on != "no" {
			return invalid("on must be yes or no")
		}
		return s.SetIMAP(r.FormValue("user"), on == "yes")
	}))
	onOff := func(set func(bool) error) http.HandlerFunc {
		return s.control(func(r *http.Request) error {
			if on := r.FormValue("on"); on != "yes" && on != "no" {
				return invalid("on must be yes or no")
			}
			return set(r.FormValue("on") == "yes")
		})
	}
	mux.HandleFunc("POST /_sandbox/mail-import", onOff(s.SetMailImport))
	mux.HandleFunc("POST /_sandbox/designated-ips", onOff(s.SetDesignatedIPs))
	mux.HandleFunc("POST /_sandbox/uidvalidity", s.control(func(r *http.Request) error { return s.NewUIDValidity(r.FormValue("user")) }))
}

// serveAppPassword makes one and shows it, once.
func (s *Server) serveAppPassword(w http.ResponseWriter, r *http.Request) {
	made, err := s.AppPassword(r.FormValue("user"), r.FormValue("renew") == "yes")
	if err != nil {
		errorAnswer(err).write(w)
		return
	}
	jsonAnswer(http.StatusOK, made).write(w)
}

// serveAppPasswords makes one for everybody in use and shows them as a table of
// login and password.
func (s *Server) serveAppPasswords(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("sign-in") == "yes" {
		if err := s.SignInAll(); err != nil {
			errorAnswer(err).write(w)
			return
		}
	}
	made, without, err := s.AppPasswords(r.FormValue("renew") == "yes")
	if err != nil {
		errorAnswer(err).write(w)
		return
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	rows := [][]string{{"login", "password"}}
	for _, p := range made {
		rows = append(rows, []string{p.Login, p.Password})
	}
	if err := out.WriteAll(rows); err != nil {
		errorAnswer(err).write(w)
		return
	}
	(&answer{status: http.StatusOK, kind: "text/csv; charset=UTF-8", data: b.Bytes(),
		header: http.Header{"Isa-Without": {strconv.Itoa(without)}}}).write(w)
}
