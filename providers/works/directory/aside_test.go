package directory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// picture is a small photo of one colour.
func picture(t *testing.T, format string, shade uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	m.SetGray(1, 1, color.Gray{Y: 255 - shade})
	var b bytes.Buffer
	encode := func() error { return jpeg.Encode(&b, m, nil) }
	if format == "png" {
		encode = func() error { return png.Encode(&b, m) }
	}
	if err := encode(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// photoFile is the value of a photo and how it is opened.
func photoFile(name string, content []byte) (value.Value, func(string) (fs.File, error)) {
	sum := sha256.Sum256(content)
	files := fstest.MapFS{name: &fstest.MapFile{Data: content}}
	return s(schema.FileText(name, hex.EncodeToString(sum[:]))), files.Open
}

func (b *bench) member(login string) string {
	b.t.Helper()
	return b.create(model.Member, value.Object{"login_id": s(login), "last_name": s("홍"), "external_key": s("key of " + login)})
}

// write patches an object with one attribute, twice: repeating changes nothing.
func (b *bench) write(kind, id string, attrs value.Object, open func(string) (fs.File, error)) {
	b.t.Helper()
	for range 2 {
		r := providers.Request{Verb: doPatch, ID: id, Company: acme, Attrs: attrs, Open: open}
		if _, err := b.kinds[kind].Do(b.t.Context(), r); err != nil {
			b.t.Fatalf("%v: %v", attrs, err)
		}
	}
}

func (b *bench) look(kind, id string, applied value.Object, names ...string) value.Object {
	b.t.Helper()
	looker, ok := b.kinds[kind].(providers.Looker)
	if !ok {
		b.t.Fatalf("%s cannot be looked at", kind)
	}
	b.sent()
	got, err := looker.Look(b.t.Context(), live.Object{Kind: kind, ID: id, DomainID: acme.DomainID}, applied, names)
	if err != nil {
		b.t.Fatal(err)
	}
	var told []string
	for _, c := range looker.Looks(names) {
		told = append(told, c.Op)
	}
	if sent := b.sent(); !slices.Equal(sent, told) {
		b.t.Errorf("sent %v, Looks told %v", sent, told)
	}
	return got
}

// TestPhoto: a photo arrives whole in both ways of uploading, from every host, is
// replaced, taken away, and looked at.
func TestPhoto(t *testing.T) {
	for _, switches := range []sandbox.Switches{
		{}, {"photo-upload": "multipart"}, {"photo-upload": "raw"}, {"photo-host": "other"}, {"photo-upload": "raw", "photo-host": "other"}, {"photo-delete-none": "204"},
	} {
		t.Run(switches["photo-upload"]+switches["photo-host"]+switches["photo-delete-none"], func(t *testing.T) {
			b := newBench(t, sandbox.Options{SSO: true, Switches: switches}, acme)
			id := b.member("hong")
			if got := b.look(model.Member, id, nil, "photo"); !value.Equal(got, value.Object{"photo": value.Clear{}}) {
				t.Errorf("no photo is looked at as %v", got)
			}
			for i, format := range []string{"jpg", "png"} {
				content := picture(t, format, uint8(10*i))
				photo, open := photoFile("photos/1001 홍길동."+format, content)
				b.write(model.Member, id, value.Object{"photo": photo}, open)
				if !bytes.Equal(b.server.Photo(id), content) {
					t.Errorf("the %s did not arrive whole", format)
				}
				if got := b.look(model.Member, id, value.Object{"photo": photo}, "photo"); len(got) > 0 {
					t.Errorf("isa's own photo is looked at as %v", got)
				}
				if got := b.look(model.Member, id, value.Object{"photo": value.Clear{}}, "photo"); value.Text(got["photo"]) == "" {
					t.Errorf("a photo of somebody else is looked at as %v", got)
				}
			}
			b.write(model.Member, id, value.Object{"photo": value.Clear{}}, nil)
			if b.server.Photo(id) != nil {
				t.Error("the photo is still there")
			}
		})
	}
}

// TestPhotoWithoutToken: the token does not go to a host that is not the service's.
func TestPhotoWithoutToken(t *testing.T) {
	b := newBench(t, sandbox.Options{SSO: true, Switches: sandbox.Switches{"photo-host": "other", "photo-upload": "multipart"}}, acme)
	id := b.member("hong")
	photo, open := photoFile("a.jpg", picture(t, "jpg", 1))
	_, err := b.kinds[model.Member].Do(t.Context(), providers.Request{Verb: doPatch, ID: id, Company: acme, Attrs: value.Object{"photo": photo}, Open: open})
	if err == nil || b.server.Photo(id) != nil {
		t.Errorf("%v: the sandbox takes a photo with a token only, and must not get one at another host", err)
	}
}

// TestPhotoBreaks: an upload that is cut off, unanswered or refused for a while is
// begun anew, and is there once.
func TestPhotoBreaks(t *testing.T) {
	for _, faults := range []string{"drop-request=30%", "drop-response=30%", "500=15%,html-error=15%", "429=30%"} {
		t.Run(faults, func(t *testing.T) {
			b := newBench(t, sandbox.Options{SSO: true, SeedValue: 11}, acme)
			ids := []string{b.member("hong"), b.member("kim")}
			if err := b.server.SetFaults(faults); err != nil {
				t.Fatal(err)
			}
			for i, id := range ids {
				content := picture(t, "jpg", uint8(i))
				photo, open := photoFile("a.jpg", content)
				b.write(model.Member, id, value.Object{"photo": photo}, open)
				if !bytes.Equal(b.server.Photo(id), content) {
					t.Error("the photo did not arrive")
				}
			}
		})
	}
}

// TestPhotoChanged: a file that is another one than was planned, or is gone, is
// refused with the way out.
func TestPhotoChanged(t *testing.T) {
	b := newBench(t, sandbox.Options{SSO: true}, acme)
	id := b.member("hong")
	photo, _ := photoFile("a.jpg", picture(t, "jpg", 1))
	_, other := photoFile("a.jpg", picture(t, "jpg", 2))
	for name, open := range map[string]func(string) (fs.File, error){"changed": other, "gone": fstest.MapFS{}.Open} {
		_, err := b.kinds[model.Member].Do(t.Context(), providers.Request{Verb: doPatch, ID: id, Company: acme, Attrs: value.Object{"photo": photo}, Open: open})
		if diag.ClassOf(err) != diag.Invalid || !strings.Contains(err.Error(), "a.jpg") || b.server.Photo(id) != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLeave: set, replaced, taken back, and shown by the listing.
func TestLeave(t *testing.T) {
	b := newBench(t, sandbox.Options{SSO: true}, acme)
	id := b.member("hong")
	at := func(from, until string) value.Object { return value.Object{"from": s(from), "until": s(until)} }
	for _, leave := range []value.Object{at("2020-01-01T00:00:00+09:00", "2040-12-31T23:59:59+09:00"), at("2039-01-01T00:00:00Z", "2039-01-02T00:00:00Z")} {
		b.do(model.Member, providers.Request{Verb: doPatch, ID: id, Attrs: value.Object{"leave": leave}})
		if got := b.object(model.Member, id).Attrs["leave"]; !value.Equal(got, leave) {
			t.Errorf("%v is read as %v", leave, got)
		}
	}
	both := b.do(model.Member, providers.Request{Verb: doPatch, ID: id, Attrs: value.Object{"leave": at("2039-01-01T00:00:00Z", "2039-01-03T00:00:00Z"), "task": s("x")}})
	if value.Text(both.Attrs["task"]) != "x" || !value.Equal(both.Attrs["leave"], at("2039-01-01T00:00:00Z", "2039-01-03T00:00:00Z")) {
		t.Errorf("the answer shows %v", both.Attrs)
	}
	b.write(model.Member, id, value.Object{"leave": value.Clear{}}, nil)
	if got := b.object(model.Member, id).Attrs["leave"]; got != nil {
		t.Errorf("after clear it is %v", got)
	}
}

// TestLeaveEnds: a leave that is over is shown or not, and is as good as none.
func TestLeaveEnds(t *testing.T) {
	schemas := model.Schemas()
	i := slices.IndexFunc(schemas, func(k *schema.Kind) bool { return k.Type == model.Member })
	leave, _ := schemas[i].Attr("leave")
	for _, shown := range []string{"kept", "dropped"} {
		b := newBench(t, sandbox.Options{SSO: true, Switches: sandbox.Switches{"leave-over": shown}}, acme)
		id := b.member("hong")
		b.write(model.Member, id, value.Object{"leave": value.Object{"from": s("2030-01-01T00:00:00Z"), "until": s("2030-01-02T00:00:00Z")}}, nil)
		if err := b.server.Advance(50 * 365 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		got := b.object(model.Member, id).Attrs["leave"]
		if (got == nil) != (shown == "dropped") || got != nil && !leave.Over(got, time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %v", shown, got)
		}
	}
}

// TestExternalChat: given and taken, each alone, and what can be told of it.
func TestExternalChat(t *testing.T) {
	b := newBench(t, sandbox.Options{SSO: true}, acme)
	id := b.member("hong")
	on, off := value.Bool(true), value.Bool(false)
	both := func(works, line value.Value) value.Object {
		o := value.Object{}
		for name, v := range map[string]value.Value{"external_chat_works": works, "external_chat_line": line} {
			if v != nil {
				o[name] = v
			}
		}
		return o
	}
	names := []string{"external_chat_works", "external_chat_line"}
	for _, step := range []struct{ write, applied, seen value.Object }{
		{nil, nil, both(off, off)},
		{both(on, nil), both(on, nil), both(on, nil)},
		{both(nil, on), both(on, on), both(on, on)},
		{both(off, nil), both(off, on), both(nil, on)},
		{nil, both(off, off), both(on, on)}, // somebody switched one on: which one the service does not tell
		{nil, nil, both(nil, nil)},
		{both(off, off), both(off, off), both(off, off)},
	} {
		if step.write != nil {
			b.write(model.Member, id, step.write, nil)
			b.do(model.Member, providers.Request{Verb: doPatch, ID: id, Attrs: step.write})
		}
		if got := b.look(model.Member, id, step.applied, names...); !value.Equal(got, step.seen) {
			t.Errorf("after %v, applied %v: seen %v, want %v", step.write, step.applied, got, step.seen)
		}
	}
}

// TestExternalChatRefused: refusals say the way out and are about one member.
func TestExternalChatRefused(t *testing.T) {
	b := newBench(t, sandbox.Options{SSO: true, Switches: sandbox.Switches{"external-chat": "all"}}, acme)
	named := newBench(t, sandbox.Options{SSO: true}, acme)
	for _, c := range []struct {
		*bench
		id   string
		attr string
		on   bool
		says string
	}{
		{b, b.member("hong"), "external_chat_works", true, "leave the attribute out"},
		{b, b.member("kim"), "external_chat_line", false, "leave the attribute out"},
		{named, named.create(model.Member, value.Object{"login_id": s("park"), "last_name": s("Newline"), "external_key": s("1")}), "external_chat_line", true, `"line"`},
	} {
		r := providers.Request{Verb: doPatch, ID: c.id, Company: acme, Attrs: value.Object{c.attr: value.Bool(c.on)}}
		_, err := c.kinds[model.Member].Do(t.Context(), r)
		var f *diag.Failure
		if !errors.As(err, &f) || f.Class != diag.Invalid || !strings.Contains(f.Fix, c.says) {
			t.Errorf("%s = %v: %v", c.attr, c.on, err)
		}
	}
}

// TestAccessRestriction: created, replaced, lifted, and read, whatever the service does
// where the reference leaves it open.
func TestAccessRestriction(t *testing.T) {
	for _, switches := range []sandbox.Switches{{}, {"access-restrict-none": "empty"}, {"access-restrict-again": "replaces"}} {
		b := newBench(t, sandbox.Options{SSO: true, Switches: switches}, acme)
		b.list(model.OrgUnit)
		unit, other := b.create(model.OrgUnit, value.Object{"name": s("A")}), b.create(model.OrgUnit, value.Object{"name": s("B")})
		seen := func(want value.Value) {
			t.Helper()
			if got := b.look(model.OrgUnit, unit, nil, "access_restriction")["access_restriction"]; !value.Equal(got, want) {
				t.Errorf("%v: %v, want %v", switches, got, want)
			}
		}
		seen(value.Clear{})
		specified := value.Object{"type": s(model.RestrictSpecified), "specified": value.List{
			value.Object{"org_unit": s(other), "include_sub_units": value.Bool(true)},
			value.Object{"org_unit": s(unit), "include_sub_units": value.Bool(false)},
		}}
		for _, wanted := range []value.Value{value.Object{"type": s("only_me")}, specified, value.Object{"type": s("only_my_org_unit")}, value.Clear{}} {
			b.write(model.OrgUnit, unit, value.Object{"access_restriction": wanted}, nil)
			seen(wanted)
		}
		b.write(model.OrgUnit, unit, value.Object{"access_restriction": specified}, nil)
		b.do(model.OrgUnit, providers.Request{Verb: doPatch, ID: unit, Attrs: value.Object{"access_restriction": specified, "description": s("x")}})
		b.do(model.OrgUnit, providers.Request{Verb: doPatch, ID: unit, Attrs: value.Object{"access_restriction": value.Clear{}}})
	}
}
