package view

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/browsertest"
	"github.com/isaworks/isa/planner"
)

func htmlOf(t *testing.T, p *planner.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// inFile is the page of a plan as a file, by its URL.
func inFile(t *testing.T, p *planner.Plan) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.html")
	if err := os.WriteFile(path, htmlOf(t, p), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + filepath.ToSlash(path)
}

// quiet fails when a page asked for anything but itself, or something went wrong in it.
func quiet(t *testing.T, p *browsertest.Page, url string) {
	t.Helper()
	if got := p.Requests(); !slices.Equal(got, []string{url}) {
		t.Errorf("the page asked for %q", got)
	}
	if got := p.Errors(); len(got) > 0 {
		t.Errorf("errors in the page: %q", got)
	}
}

// overflows lists what is wider than the screen.
const overflows = `Array.from(document.querySelectorAll("body *")).filter(e => !e.closest(".word") && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80)).join("\n")`

const shownRows = `document.querySelectorAll("#changes .row:not([hidden]):not(.context)").length`

// search types into the search box and returns how many changes are left.
func search(p *browsertest.Page, text string) int {
	browsertest.Eval[bool](p, `(() => { const q = document.getElementById("q"); q.value = "`+text+`"; return q.dispatchEvent(new Event("input")) })()`)
	return browsertest.Eval[int](p, shownRows)
}

// TestPage looks at pages in a browser.
func TestPage(t *testing.T) {
	b := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, *browsertest.Browser){
		"search": searched, "without scripts": withoutScripts, "3,000 changes": threeThousand, "print": printed, "texts": asTheyAre,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

func searched(t *testing.T, b *browsertest.Browser) {
	url := inFile(t, reviewed())
	for _, screen := range []browsertest.Screen{{Width: 1280}, {Width: 390, Height: 844}, {Width: 1280, Dark: true}} {
		p := b.Open(t, url, screen)
		if wide := browsertest.Eval[string](p, overflows); wide != "" {
			t.Errorf("at %d pixels these are too wide:\n%s", screen.Width, wide)
		}
		if screen.Dark != browsertest.Eval[bool](p, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).every(c => c < 60)`) {
			t.Errorf("dark %v: the ground is %s", screen.Dark, browsertest.Eval[string](p, `getComputedStyle(document.body).backgroundColor`))
		}
		quiet(t, p, url)
	}

	p := b.Open(t, url, browsertest.Screen{})
	all := browsertest.Eval[int](p, shownRows)
	if all != 13 {
		t.Errorf("%d changes are shown, want 13", all)
	}
	for text, want := range map[string]int{"홍길동": 1, "GILDONG.hong": 1, "영업3팀": 2, "0877": 1, "nobody there": 0, "": all} {
		if got := search(p, text); got != want {
			t.Errorf("searching %q leaves %d changes, want %d", text, got, want)
		}
	}
	// A unit that is found stands in its tree.
	search(p, "파트너영업팀")
	if got := browsertest.Eval[string](p, `Array.from(document.querySelectorAll("#changes .row:not([hidden]) > .node .title"), e => e.textContent).join(" ")`); got != "본사 영업본부 파트너영업팀" {
		t.Errorf("of the tree is left %q", got)
	}
	if got := browsertest.Eval[string](p, `document.getElementById("found").textContent`); got != "1 of 13" {
		t.Errorf("it says %q", got)
	}
	search(p, "")
	browsertest.Eval[bool](p, `["add", "change", "leave"].map(c => document.querySelector("[data-class=" + c + "]").click()).length > 0`)
	if got := browsertest.Eval[int](p, shownRows); got != 2 {
		t.Errorf("%d changes remove something, want 2", got)
	}
	quiet(t, p, url)
}

func withoutScripts(t *testing.T, b *browsertest.Browser) {
	url := inFile(t, reviewed())
	p := b.Open(t, url, browsertest.Screen{NoScript: true})
	text := browsertest.Eval[string](p, `document.body.innerText`)
	for _, want := range []string{"박퇴사", "sb.choi", "saebom.choi", "no longer head of 전략본부", "301 of 320 licences", "14 added, 2 removed, 7 changed", "isa apply --expect 5f3c9a1e77aa00bb"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not to be read", want)
		}
	}
	if browsertest.Eval[bool](p, `document.getElementById("search").checkVisibility()`) {
		t.Error("there is a search that does nothing")
	}
	quiet(t, p, url)
}

func threeThousand(t *testing.T, b *browsertest.Browser) {
	data := company(3000)
	url := inFile(t, data)
	p := b.Open(t, url, browsertest.Screen{})
	if got := browsertest.Eval[int](p, shownRows); got != 3000 {
		t.Errorf("%d changes are shown", got)
	}
	if got := search(p, "person.2999"); got != 1 {
		t.Errorf("%d of them are person.2999", got)
	}
	if got := search(p, "영업7팀"); got < 2 || got > 100 {
		t.Errorf("%d changes are about 영업7팀", got)
	}
	quiet(t, p, url)
}

// printed: on paper is what is shown, without what one clicks at.
func printed(t *testing.T, b *browsertest.Browser) {
	url := inFile(t, company(240))
	p := b.Open(t, url, browsertest.Screen{})
	whole := pages(p.PDF())
	search(p, "person.239")
	if found := pages(p.PDF()); found >= whole || whole < 5 {
		t.Errorf("%d pages are printed of what was found, %d of all", found, whole)
	}
	quiet(t, p, url)
}

// pages counts those of a PDF.
func pages(pdf []byte) int {
	return len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1))
}

// asTheyAre: nothing that comes from outside runs, loads, or is markup.
func asTheyAre(t *testing.T, b *browsertest.Browser) {
	url := inFile(t, spiteful())
	p := b.Open(t, url, browsertest.Screen{})
	if n := browsertest.Eval[int](p, `document.querySelectorAll("img, iframe, object, embed, link, form, script:not(:last-of-type), [style], [onerror], a:not([href^='#'])").length`); n != 0 {
		t.Errorf("%d elements came from texts", n)
	}
	if got := browsertest.Eval[string](p, `document.querySelector(".tree .title").textContent`); !strings.HasPrefix(got, "<script>alert(1)</script><img") {
		t.Errorf("a name is shown as %q", got)
	}
	if strings.ContainsAny(string(htmlOf(t, spiteful())), "\x1b\u202e") {
		t.Error("characters that change the direction of writing come through")
	}
	quiet(t, p, url)
}

func TestPagesAreTheSameEachTime(t *testing.T) {
	if a, b := htmlOf(t, reviewed()), htmlOf(t, reviewed()); !bytes.Equal(a, b) {
		t.Error("one plan makes two pages")
	}
	if a, _ := markdownOf(t, reviewed(), MarkdownBytes); true {
		for range 20 {
			if b, _ := markdownOf(t, reviewed(), MarkdownBytes); a != b {
				t.Fatal("one plan makes two texts")
			}
		}
	}
}
