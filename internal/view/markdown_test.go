package view

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

func markdownOf(t *testing.T, p *planner.Plan, limit int) (string, bool) {
	t.Helper()
	var b bytes.Buffer
	whole, err := Markdown(&b, p, limit)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), whole
}

// rendered is Markdown as GitHub's flavour makes HTML of it.
func rendered(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdown(t *testing.T) {
	text, whole := markdownOf(t, reviewed(), MarkdownBytes)
	if !whole {
		t.Error("a small plan was cut")
	}
	golden(t, "reviewed.md", text)
	golden(t, "reviewed.md.html", rendered(t, text))
}

func TestMarkdownOfNothing(t *testing.T) {
	text, whole := markdownOf(t, &planner.Plan{Tenant: "acme.co.kr"}, MarkdownBytes)
	if want := "## Plan of acme.co.kr\n\n**No changes.** The tenant is as the configuration says.\n\n"; text != want || !whole {
		t.Errorf("have %q, want %q", text, want)
	}
}

// TestMarkdownOrder: what a reviewer must not miss comes first, in one order.
func TestMarkdownOrder(t *testing.T) {
	text, _ := markdownOf(t, reviewed(), MarkdownBytes)
	at := 0
	for _, heading := range []string{"### Leavers", "### Changes of ID or address", "### Heads lost", "### Units deleted", "### Administrators",
		"### What people will notice", "### Seats", "### What cannot be undone", "### Guards", "### Tables since the last apply",
		"<summary>Org units", "<summary>Members", "<summary>Groups", "<summary>Changed by hand", "<summary>Mail", "<summary>Warnings", "isa apply --expect 5f3c9a1e77aa00bb"} {
		next := strings.Index(text, heading)
		if next < at {
			t.Errorf("%q is at %d, behind it something at %d", heading, next, at)
		}
		at = max(at, next)
	}
}

// TestMarkdownShowsTextsAsTheyAre: no text from outside becomes markup, a link, a
// mention or a reference.
func TestMarkdownShowsTextsAsTheyAre(t *testing.T) {
	text, _ := markdownOf(t, spiteful(), 1<<20)
	page := rendered(t, text)
	allowed := regexp.MustCompile(`^</?(h2|h3|p|ul|li|strong|code|pre|details|summary|code class="language-sh")>$`)
	for _, tag := range regexp.MustCompile(`<[^!][^>]*>`).FindAllString(page, -1) {
		if !allowed.MatchString(tag) {
			t.Errorf("a text became %s", tag)
		}
	}
	// GitHub looks for these in runs of text outside code; comments end a run.
	runs := regexp.MustCompile(`(?s)<code>.*?</code>`).ReplaceAllString(page, "<code></code>")
	for _, run := range regexp.MustCompile(`<[^>]*>`).Split(runs, -1) {
		if found := regexp.MustCompile(`@\w|#\d|GH-\d|https?://\w|www\.\w`).FindString(run); found != "" {
			t.Errorf("%q would be read as a mention or link in %q", found, run)
		}
	}
	if strings.ContainsAny(text, "\x1b\u202e\r") {
		t.Error("characters that steer a terminal come through")
	}
	shown := regexp.MustCompile(`(?s)<!--.*?-->`).ReplaceAllString(page, "")
	if !strings.Contains(shown, "&lt;script&gt;alert(1)&lt;/script&gt;") || !strings.Contains(shown, "a|b `c` *d* [e](http://evil.example/f) https://evil.example/g www.evil.example &amp;lt;") {
		t.Error("the text is not shown as it is")
	}
}

// TestAgain: a plan of a part says what else its command wants.
func TestAgain(t *testing.T) {
	p := reviewed()
	if got := Again(p); got != "" {
		t.Error(got)
	}
	p.Flags = []string{"--target", "--var"}
	var md, html strings.Builder
	if _, err := Markdown(&md, p, MarkdownBytes); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&html, p); err != nil {
		t.Fatal(err)
	}
	const want = "Give --target, --var again as it was given to isa plan"
	if !strings.Contains(md.String(), want) || !strings.Contains(html.String(), want) {
		t.Errorf("%q is not told in\n%s", want, md.String())
	}
}

func TestApproved(t *testing.T) {
	p := &planner.Plan{Hash: strings.Repeat("ab", 32), AsOf: "2026-03-01", Allowed: map[string]int{"org_unit.removal": 3, "member.removal": 12}}
	if got := Approved(p); got != "isa apply --expect abababababababab --as-of 2026-03-01 --allow member.removal=12 --allow org_unit.removal=3" {
		t.Errorf("the plan is carried out by %s", got)
	}
}

func TestCodeSpans(t *testing.T) {
	for text, want := range map[string]string{
		`member.staff["1"]`: "<code>member.staff[&quot;1&quot;]</code>", "a`b": "<code>a`b</code>", "`": "<code>`</code>", "a``b`": "<code>a``b`</code>",
		"<b>@x": "<code>&lt;b&gt;@x</code>", "줄\n바꿈": "<code>줄 바꿈</code>",
	} {
		if got := strings.TrimSpace(rendered(t, code(text))); got != "<p>"+want+"</p>" {
			t.Errorf("%q is shown as %s", text, got)
		}
	}
}

// TestMarkdownIsCut: at any size removals are whole, folds are closed, and what is left
// out is counted.
func TestMarkdownIsCut(t *testing.T) {
	p := company(3000)
	least := 0
	for i := range p.Changes {
		if p.Changes[i].Action == planner.Suspend {
			least++
		}
	}
	full, whole := markdownOf(t, p, 1<<30)
	if !whole || len(full) < MarkdownBytes {
		t.Fatalf("uncut it takes %d bytes, whole %v", len(full), whole)
	}
	for _, limit := range []int{4096, MarkdownBytes, 250_000, 300_000, len(full) - 1, len(full)} {
		text, _ := markdownOf(t, p, limit)
		if n := strings.Count(text, "suspend: no longer declared"); n < least {
			t.Errorf("limit %d: %d of %d leavers are told", limit, n, least)
		}
		if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
			t.Errorf("limit %d: a fold is not closed", limit)
		}
		if limit < len(full)-1000 && !strings.Contains(text, " more: see the whole plan") {
			t.Errorf("limit %d: what is left out is not counted", limit)
		}
		if limit == len(full)-1 && len(text) > limit {
			t.Errorf("limit %d: it takes %d", limit, len(text))
		}
	}
	for i := range p.Changes { // without leavers every limit holds
		if p.Changes[i].Action == planner.Suspend {
			p.Changes[i].Action = planner.Update
		}
	}
	p.Effects = slices.DeleteFunc(p.Effects, func(e planner.Effect) bool { return e.Sort == planner.Leaves })
	if text, _ := markdownOf(t, p, MarkdownBytes); strings.Count(text, "gets an invitation mail") > 20 || !strings.Contains(text, "task 영업 → 마케팅") {
		t.Error("a long list of invitations leaves no room for what changes")
	}
	for _, limit := range []int{4096, 10_000, MarkdownBytes} {
		if text, whole := markdownOf(t, p, limit); len(text) > limit || whole || len(text) < limit-1500 {
			t.Errorf("limit %d: it takes %d, whole %v", limit, len(text), whole)
		}
	}
}

// TestMarkdownTellsEachElementThatGoes: a long list is not cut where something is taken away.
func TestMarkdownTellsEachElementThatGoes(t *testing.T) {
	var gone value.List
	for i := range 300 {
		gone = append(gone, ref(person(strings.Repeat("9", 1+i%5)+strings.Repeat("7", i/5))))
	}
	p := company(30)
	p.Changes = append(p.Changes, planner.Change{Address: unit("g"), Kind: "group", Action: planner.Update, After: value.Object{"members": value.Edit{Remove: gone}}})
	text, _ := markdownOf(t, p, 4096)
	for _, v := range gone {
		if name := escape("-" + v.(value.Ref).Addr.String()); !strings.Contains(text, strings.TrimPrefix(name, `\`)) {
			t.Fatalf("%s is not told", name)
		}
	}
}
