package dial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

func secret(text string, err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, err }
}

func TestWhoLogsIn(t *testing.T) {
	for _, c := range []struct {
		login           Login
		user, authorize string
	}{
		{Login{User: "gd"}, "gd", ""},
		{Login{User: "gd", Separator: "*"}, "gd", ""},
		{Login{User: "gd", Master: "root", Separator: "*"}, "gd*root", ""},
		{Login{User: "gd", Master: "root"}, "root", "gd"},
	} {
		c.login.Secret, c.login.Bearer = secret("pw", nil), true
		cred, err := c.login.Credentials(t.Context())
		if want := (Credentials{User: c.user, Authorize: c.authorize, Secret: "pw", Bearer: true}); err != nil || cred != want {
			t.Errorf("%+v: %s for %q, %v", c.login, cred.User, cred.Authorize, err)
		}
	}
}

func TestSecretsThatCannotBeHad(t *testing.T) {
	for _, c := range []struct {
		err   error
		class diag.Class
	}{
		{errors.New("the command failed"), diag.Denied},
		{&diag.Failure{Class: diag.Unavailable, Detail: "the command failed"}, diag.Unavailable},
		{&diag.Failure{Class: diag.Cancelled, Detail: "the command failed"}, diag.Cancelled},
	} {
		_, err := Login{User: "gd", Secret: secret("", c.err)}.Credentials(t.Context())
		failed(t, err, c.class, "the command failed")
	}
}

func TestMessages(t *testing.T) {
	c := Credentials{User: "root", Authorize: "gd", Secret: "pw"}
	if have := c.Plain(); have != "Z2QAcm9vdABwdw==" {
		t.Error(have)
	}
	if have := (Credentials{User: "gd", Secret: "tok"}).XOAUTH2(); have != "dXNlcj1nZAFhdXRoPUJlYXJlciB0b2sBAQ==" {
		t.Error(have)
	}
	for text, ascii := range map[string]bool{"pass word": true, "비밀": false, "a\tb": false, "": true} {
		if c := (Credentials{User: "gd", Secret: text}); c.ASCII() != ascii {
			t.Errorf("%q: ASCII %v", text, !ascii)
		}
	}
	for _, c := range []Credentials{{Secret: "a\r\nA1 LOGOUT"}, {User: "a\nb"}, {Authorize: "a\x00b"}} {
		failed(t, c.Check(), diag.Denied, "line end or NUL")
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

// TestSecretsAreHidden: in every form in which they are sent, and in none of their own.
func TestSecretsAreHidden(t *testing.T) {
	c := Credentials{User: "gd", Secret: `hush "hush"`}
	said := fmt.Sprintf(`unknown: %s %s %s "hush \"hush\""`, c.Secret, c.XOAUTH2(), c.Plain())
	if have := c.Hide(said, `"hush \"hush\""`); have != "unknown: … … … …" {
		t.Error(have)
	}
	if have := (Credentials{User: "gd"}).Hide("none here", ""); have != "none here" {
		t.Error(have)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); strings.Contains(text, "hush") {
		t.Error(text)
	}
}
