package mail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

func migration() *schema.Kind {
	return &schema.Kind{
		Type: MigrationKind, Version: 1, Content: true,
		Attrs: []schema.Attr{
			{Name: "member", Type: schema.RefTo(memberKind), Required: true, Doc: "Whose mailbox receives the mail."},
			{Name: "source", Type: schema.RefTo(SourceKind), Required: true, Doc: "Where the mail is."},
			{Name: "route", Type: schema.Text(), Required: true,
				Doc: "`append`: isa puts each message into the mailbox by IMAP, with the member's app password. `gateway`: the service fetches batches from isa. `server`: the service fetches the old mailbox itself, once."},
			{Name: "app_password", Type: schema.SecretType(),
				Doc: "The app password that the member made (profile > Security > 3rd-party app password); needed by the route `append`, not looked at by the others."},
			{Name: "gateway", Type: schema.RefTo(GatewayKind), Doc: "The gateway of the route `gateway`; may be left out when there is one. Not looked at by other routes."},
			{Name: "path", Type: schema.Text(), Check: texts(pathText), Doc: "The member's files, for sources of kind eml, mbox and maildir; relative to the source's directory."},
			{Name: "wave", Type: schema.RefTo(WaveKind), Doc: "The wave the member moves with; may be left out when the wave lists its members. Without one, passes repeat as in `presync`."},
			{Name: "since", Type: schema.Text(), Check: texts(dateText), Doc: "Only mail received on or after this day (Korean time)."},
			{Name: "before", Type: schema.Text(), Check: texts(dateText), Doc: "Only mail received before this day (Korean time)."},
			{Name: "max_size", Type: schema.Text(), Check: texts(sizeText), Doc: "Larger messages stay behind and are listed, such as 25MB; 40MB when not given."},
			{Name: "keep_large", Type: schema.Text(), Doc: "Directory where messages that are too large are kept as .eml files."},
			{Name: "consent", Type: schema.Switch(), Doc: "`true` says that the member agreed to the use of address and password for the move; without it the block is refused."},
			{Name: "shared_account", Type: schema.Switch(), Doc: "`true` says that the account is meant to be copied into several members' mailboxes; each of their blocks says so."},
			{Name: "login", Block: true, Doc: "How isa, or the service by the route `server`, logs in to the member's account at the source; not for files.", Type: schema.ObjectOf(
				schema.Attr{Name: "mode", Type: schema.Text(), Enum: []string{LoginPassword, LoginMaster, LoginOAuth},
					Doc: "`password` when not given; `master`: a user of the server who may open all accounts; `oauth`: a token made by a command."},
				schema.Attr{Name: "user", Type: schema.Text(), Required: true, Check: texts(userText), Doc: "The account's login name at the source."},
				schema.Attr{Name: "password", Type: schema.SecretType(), Doc: "The password of user, or of master_user."},
				schema.Attr{Name: "master_user", Type: schema.Text(), Check: texts(userText), Doc: "Login name of the master user."},
				schema.Attr{Name: "style", Type: schema.Text(), Enum: []string{StyleAuthzid, StyleStar}, Doc: "How the server is told whom the master user opens; `authzid` when not given."},
				schema.Attr{Name: "command", Type: schema.ListOf(schema.Text()), Doc: "Program and arguments that print an access token for user. It runs when isa logs in, without a shell."},
			)},
			{Name: "folders", Block: true, Doc: "Which folders move, and under which names. A folder stands for all below it; `*` stands for any text in one level; `\\\\Sent`, `\\\\Trash` and the like name a folder by its use, in any language.", Type: schema.ObjectOf(
				schema.Attr{Name: "only", Type: schema.ListOf(schema.Text()), Check: texts(patternText), Doc: "Only these folders."},
				schema.Attr{Name: "exclude", Type: schema.ListOf(schema.Text()), Check: texts(patternText), Doc: "Not these folders."},
				schema.Attr{Name: "include", Type: schema.ListOf(schema.Text()), Check: texts(patternText), Doc: "These all the same, although exclude names them or a folder above."},
				schema.Attr{Name: "rename", Type: schema.MapOf(schema.Text()), Doc: "New names by old ones, whole paths with / between the levels; what is below follows."},
			)},
		},
		Prepare: prepareMigration,
	}
}

// prepareMigration checks what one block says by itself.
func prepareMigration(in *schema.Instance) []schema.Problem {
	p := &problems{}
	route := value.Text(in.Attrs["route"])
	if route != "" && !slices.Contains(routes(), route) {
		p.add(ruleRoute.at(value.Of("route"), fmt.Sprintf("there is no route %q", route), `write route = "append", "gateway" or "server"`))
	}
	if route == RouteAppend && in.Attrs["app_password"] == nil {
		p.add(ruleAppPassword.at(value.Of("app_password"), "isa cannot open the member's mailbox",
			`let the member make an app password after the first sign-in, and write app_password = secret_table("app-passwords.csv", each.key); or write route = "gateway", which needs none`))
	}
	if !value.True(in.Attrs["consent"]) {
		p.add(ruleConsent.at(value.Of("consent"), "nothing says that the member agreed", "ask the member, and write consent = true"))
	}
	p.dates(in)
	p.login(in)
	p.folders(in)
	if size, err := parseSize(value.Text(in.Attrs["max_size"])); err == nil && size >= serviceMaxSize && route == RouteAppend {
		p.add(ruleSize.warn(value.Of("max_size"), "the service's own import takes nothing of 50 MB and more, so that it may refuse larger messages one by one",
			`write max_size = "47MB" or less, and keep_large to keep the others as files`))
	}
	return p.list
}

type problems struct{ list []schema.Problem }

func (p *problems) add(problem schema.Problem) { p.list = append(p.list, problem) }

func (p *problems) dates(in *schema.Instance) {
	since, err1 := parseDay(value.Text(in.Attrs["since"]))
	before, err2 := parseDay(value.Text(in.Attrs["before"]))
	if err1 == nil && err2 == nil && !since.IsZero() && !before.IsZero() && !since.Before(before) {
		p.add(ruleDates.at(value.Of("since"), fmt.Sprintf("no day is on or after %s and before %s", day(since), day(before)), "write a since that is earlier than before"))
	}
}

// login checks that the mode has what it needs and nothing else.
func (p *problems) login(in *schema.Instance) {
	login, ok := in.Attrs["login"].(value.Object)
	if !ok {
		return
	}
	mode := value.Text(login["mode"])
	if mode == "" {
		mode = LoginPassword
	}
	needs := map[string][]string{LoginPassword: {"password"}, LoginMaster: {"password", "master_user"}, LoginOAuth: {"command"}}[mode]
	takes := append([]string{"mode", "user"}, needs...)
	if mode == LoginMaster {
		takes = append(takes, "style")
	}
	at := value.Of("login")
	for _, name := range needs {
		v := login[name]
		if list, ok := v.(value.List); v == nil || ok && len(list) == 0 {
			p.add(ruleLogin.at(at.Name(name), fmt.Sprintf("mode %q needs %s", mode, name), loginFix(mode, name)))
		}
	}
	for _, name := range []string{"password", "master_user", "style", "command"} {
		if login[name] != nil && !slices.Contains(takes, name) {
			p.add(ruleLogin.at(at.Name(name), fmt.Sprintf("mode %q does not take %s", mode, name), fmt.Sprintf("remove %s, or write the mode that takes it", name)))
		}
	}
	if mode == LoginMaster && login["style"] == value.Value(value.String(StyleStar)) && strings.Contains(value.Text(login["user"]), "*") {
		p.add(ruleLogin.at(at.Name("user"), "the login name has a *, which would divide it from the master user's", `write style = "authzid"`))
	}
}

func loginFix(mode, name string) string {
	switch name {
	case "password":
		return `write password = secret_table("passwords.csv", each.key), or secret_env("NAME")`
	case "command":
		return `write command = ["program", "argument"]; it must print a token`
	}
	return fmt.Sprintf("write %s = \"…\", or another mode than %q", name, mode)
}
