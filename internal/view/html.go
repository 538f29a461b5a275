package view

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/planner"
)

//go:embed page
var page embed.FS

// HTML writes a plan as one page that needs nothing else: it opens from a file, asks
// nobody for anything, prints, and can be read without scripts, which only search. What
// is in the plan is shown as text whatever it holds.
func HTML(w io.Writer, p *planner.Plan) error {
	style, err := page.ReadFile("page/plan.css")
	if err != nil {
		return err
	}
	script, err := page.ReadFile("page/plan.js")
	if err != nil {
		return err
	}
	t, err := template.ParseFS(page, "page/plan.html")
	if err != nil {
		return err
	}
	data := pageOf(reviewOf(p))
	data.Style, data.Script = template.CSS(style), template.JS(script)
	data.Policy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'", digest(style), digest(script))
	return t.Execute(w, data)
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// The data of the page. Texts are safe to show; the template escapes them for HTML.
type (
	pageData struct {
		Policy string
		Style  template.CSS
		Script template.JS

		Title, Tenant, Made, AsOf string
		Summary, Cost, Hash       string
		Apply, Again              string
		Empty, Errored            bool
		Counts                    []pageCount
		Errors, Warnings          []pageItem
		First, Kinds, Others      []pageSection
		Requests                  []pageRequest
		Rows                      int
	}
	pageCount struct {
		Action string
		Count  string
		Class  string
	}
	pageRequest struct {
		Operation, Calls string
	}
	pageSection struct {
		ID, Title, Count, Note string
		Items                  []pageItem
		Tree                   []pageNode
	}
	pageNode struct {
		Item     pageItem
		Children []pageNode
	}
	pageItem struct {
		Sign, Class, Word, Title, Address string
		Details, Values                   []pageDetail
		Guard                             *planner.GuardUse
	}
	pageDetail struct {
		Label, Prose, Old, New string
		List                   []pageElement
	}
	pageElement struct {
		Class, Text string
	}
)

func pageOf(r *review) pageData {
	p := r.plan
	d := pageData{
		Title: "Plan", Tenant: tenantOf(p), Made: Line(p.Created.UTC().Format("2006-01-02 15:04 UTC") + ", isa " + p.Tool), AsOf: Line(p.AsOf),
		Summary: Summary(p), Cost: Cost(p.Cost), Hash: ShortHash(p.Hash),
		Empty: p.Empty(), Errored: p.Diagnostics.HasErrors(),
		Errors: pageItems(r.errors), Warnings: pageItems(r.warnings), Rows: len(p.Changes),
	}
	if p.Created.Equal(time.Time{}) {
		d.Made = ""
	}
	if !d.Empty && !d.Errored {
		d.Apply, d.Again = Approved(p), Again(p)
	}
	for _, c := range Counts(p.Summary) {
		d.Counts = append(d.Counts, pageCount{string(c.Action), Number(c.Count), class(c.Action)})
	}
	for _, op := range slices.Sorted(maps.Keys(p.Cost.Requests)) {
		d.Requests = append(d.Requests, pageRequest{Line(op), Number(p.Cost.Requests[op])})
	}
	d.First, d.Kinds, d.Others = r.sections("first", r.first), r.sections("kind", r.kinds), r.sections("other", r.others)
	return d
}

// tenantOf names the companies that the plan speaks of, else the tenant.
func tenantOf(p *planner.Plan) string {
	var domains []string
	for i := range p.Changes {
		if d := Line(p.Changes[i].Company.Domain); d != "" && !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	if len(domains) == 0 {
		return Line(p.Tenant)
	}
	slices.Sort(domains)
	return strings.Join(domains, ", ")
}

func (r *review) sections(prefix string, list []section) []pageSection {
	out := make([]pageSection, len(list))
	for i, s := range list {
		out[i] = pageSection{ID: fmt.Sprintf("%s-%d", prefix, i+1), Title: s.title, Note: s.note}
		if len(s.items) > 0 {
			out[i].Count = Number(len(s.items))
		}
		if s.forms != nil {
			out[i].Tree = r.tree(s)
			continue
		}
		out[i].Items = pageItems(s.items)
	}
	return out
}

// tree is the changes of a section as the tree that they hang in.
func (r *review) tree(s section) []pageNode {
	items := map[*planner.Change]item{}
	for _, i := range s.items {
		items[i.change] = i
	}
	var nodes func(list []*node) []pageNode
	nodes = func(list []*node) []pageNode {
		out := make([]pageNode, len(list))
		for i, n := range list {
			out[i].Item = pageItem{Title: r.names.title(n.key), Class: "context"}
			if n.change != nil {
				out[i].Item = pageItemOf(items[n.change])
			}
			out[i].Children = nodes(n.children)
		}
		return out
	}
	return nodes(s.forms)
}

func pageItems(list []item) []pageItem {
	out := make([]pageItem, len(list))
	for i := range list {
		out[i] = pageItemOf(list[i])
	}
	return out
}

func pageItemOf(i item) pageItem {
	out := pageItem{Sign: i.sign, Title: i.title, Address: i.address, Details: pageDetails(i.details), Guard: i.guard}
	switch {
	case i.change != nil:
		out.Class, out.Word = class(i.change.Action), string(i.change.Action)
	case i.paint == red:
		out.Class = "remove"
	case i.paint == green:
		out.Class = "add"
	case i.paint == yellow:
		out.Class = "change"
	}
	out.Values = pageDetails(i.values)
	if out.Title == "" {
		out.Title, out.Address = out.Address, ""
	}
	return out
}

// class is the colour of an action in the page.
func class(a planner.Action) string {
	switch a {
	case planner.Create, planner.Restore:
		return "add"
	case planner.Update, planner.Move, planner.Adopt:
		return "change"
	case planner.Suspend, planner.Delete:
		return "remove"
	}
	return "leave"
}

func pageDetails(list []detail) []pageDetail {
	out := make([]pageDetail, len(list))
	for i, d := range list {
		out[i] = pageDetail{Label: d.label, Prose: d.prose, Old: d.old, New: d.new}
		if d.old == none {
			out[i].Old = ""
		}
		for _, e := range d.list {
			c := ""
			switch {
			case strings.HasPrefix(e, "+"):
				c = "plus"
			case strings.HasPrefix(e, "-"):
				c = "minus"
			}
			out[i].List = append(out[i].List, pageElement{c, e})
		}
	}
	return out
}
