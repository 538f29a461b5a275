package directory

import (
	"bytes"
	"image"
	"image/gif"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// TestLeaveTimes: days are whole, times are the member's, and what is compared is the
// instant.
func TestLeaveTimes(t *testing.T) {
	for _, c := range []struct{ zone, from, until, wantFrom, wantUntil string }{
		{"", "2026-12-01", "2026-12-31", "2026-12-01T00:00:00+09:00", "2026-12-31T23:59:59+09:00"},
		{"Asia/Seoul", "2026. 12. 1.", "20261231", "2026-12-01T00:00:00+09:00", "2026-12-31T23:59:59+09:00"},
		{"Europe/Berlin", "2026-03-28", "2026-03-29", "2026-03-28T00:00:00+01:00", "2026-03-29T23:59:59+02:00"}, // a day of 23 hours
		{"America/New_York", "2026-07-01 09:00", "2026-07-01T18:30", "2026-07-01T09:00:00-04:00", "2026-07-01T18:30:00-04:00"},
		{"Asia/Seoul", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00.9+05:30", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00+05:30"},
		{"Nowhere/Atall", "2026-12-01", "2026-12-01", "2026-12-01T00:00:00+09:00", "2026-12-01T23:59:59+09:00"},
	} {
		attrs := value.Object{"leave": value.Object{"from": value.String(c.from), "until": value.String(c.until)}}
		if c.zone != "" {
			attrs["time_zone"] = value.String(c.zone)
		}
		if problems := prepareLeave(attrs); len(problems) > 0 {
			t.Errorf("%v: %v", c, problems)
		}
		want := value.Object{"from": value.String(c.wantFrom), "until": value.String(c.wantUntil)}
		if !value.Equal(attrs["leave"], want) {
			t.Errorf("%v becomes %v", c, attrs["leave"])
		}
		again := value.Object{"leave": attrs["leave"]}
		if prepareLeave(again); !value.Equal(again["leave"], want) {
			t.Errorf("%v becomes %v the second time", want, again["leave"])
		}
	}
	if instant("2026-12-01T09:00:00+09:00") != instant("2026-12-01T00:00:00Z") {
		t.Error("one instant in two zones is compared as two")
	}
	for _, wrong := range []string{"", "soon", "2026-13-01", "2026-12-01 25:00", "9:00", "2026-12-01T09:00+09"} {
		if momentText(wrong) == "" {
			t.Errorf("%q is taken for a time", wrong)
		}
	}
}

func TestLeaveIsOver(t *testing.T) {
	leave := value.Object{"from": value.String("2026-01-01T00:00:00+09:00"), "until": value.String("2026-01-31T23:59:59+09:00")}
	end := time.Date(2026, 1, 31, 23, 59, 59, 0, schema.Zone())
	for at, over := range map[time.Time]bool{end: false, end.Add(time.Second): true, end.Add(-time.Hour): false} {
		if got := leaveOver(leave, at); got != over {
			t.Errorf("at %v it is over: %v", at, got)
		}
	}
	if leaveOver(value.Clear{}, end) || leaveOver(nil, end) || leaveOver(value.Object{}, end) {
		t.Error("what is no leave is over")
	}
}

func TestPhotosAreLookedAt(t *testing.T) {
	encoded := func(side int, as func(*bytes.Buffer, image.Image) error) []byte {
		var b bytes.Buffer
		if err := as(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	asPNG := func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) }
	for _, c := range []struct {
		content       []byte
		wrong, advice bool
	}{
		{encoded(640, asPNG), false, false},
		{encoded(10, asPNG), false, true},
		{encoded(10, asPNG)[:20], true, false},
		{encoded(640, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) }), true, false},
		{[]byte("not a picture"), true, false},
		{nil, true, false},
	} {
		wrong, advice := checkPhoto(bytes.NewReader(c.content))
		if (wrong != "") != c.wrong || (advice != "") != c.advice {
			t.Errorf("%.20q…: wrong %q, advice %q", c.content, wrong, advice)
		}
	}
}

func TestNamesForLINE(t *testing.T) {
	for name, warned := range map[string]bool{"Line": true, "Caroline": true, "길동": false} {
		attrs := value.Object{"external_chat_line": value.Bool(true), "first_name": value.String(name)}
		if got := chatProblems(attrs); (len(got) > 0) != warned || warned && !strings.Contains(got[0].Detail, "line") {
			t.Errorf("%s: %v", name, got)
		}
		attrs["external_chat_line"] = value.Bool(false)
		if got := chatProblems(attrs); len(got) > 0 {
			t.Errorf("%s without LINE: %v", name, got)
		}
	}
}
