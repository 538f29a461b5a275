package graph_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/graph"
	"github.com/isaworks/isa/internal/view"
)

// hostile are names that mean something to one of the formats.
func hostile() []string {
	return []string{
		`영업 "1" 팀`, `A & B <b>굵게</b>`, `<script>alert(1)</script>`, `end`, `[x](y) {z} |p|`, "`code` *bold* _i_ ~s~ #35; %%", `back\slash \N \" \`,
		"two\nlines\tand \x1b[31mred", "\u202eright to left", `]]> --> <!-- &amp; &#65;`, `"; } digraph { x`, `n0 --> n1; click n0 href "x"`,
		"\x00\x07", strings.Repeat("아주 긴 이름", 40),
	}
}

func hostileChart() *graph.Chart {
	c := &graph.Chart{Title: `A "회사" & <Sons>`, Note: "2 < 3"}
	root := &graph.Unit{Key: `org_unit.hr["\""]`, Name: "본사", Heads: []string{`김 "철수"`, "<이>"}, Members: 1, Total: 14, Mark: graph.Moved, Note: "from <x>"}
	for i, name := range hostile() {
		root.Below = append(root.Below, &graph.Unit{Key: fmt.Sprintf(`org_unit.hr["%d\\"]`, i), Name: name, Members: 1, Total: 1,
			Mark: graph.Marks()[i%4]})
	}
	c.Top = []*graph.Unit{root}
	return c
}

// textsOf reads a picture back and returns its texts. There may be no element but those
// of a drawing, and nothing that acts.
func textsOf(t *testing.T, svg []byte) map[string]bool {
	t.Helper()
	texts := map[string]bool{}
	dec := xml.NewDecoder(bytes.NewReader(svg))
	known := map[string]bool{"svg": true, "title": true, "style": true, "rect": true, "text": true, "g": true, "path": true}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if !known[tok.Name.Local] {
				t.Errorf("an element <%s>", tok.Name.Local)
			}
			for _, a := range tok.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("<%s %s=%q>", tok.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			texts[string(tok)] = true
		}
	}
}

func TestNamesStayTextInSVG(t *testing.T) {
	texts := textsOf(t, hostileChart().SVG())
	for _, name := range hostile() {
		if want := view.Cut(view.Line(name), 64); !texts[want] {
			t.Errorf("%q is not a text of the picture", want)
		}
	}
}

func TestSVGNeedsNothingElse(t *testing.T) {
	text := strings.ReplaceAll(string(hostileChart().SVG()), `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, word := range []string{"http:", "https:", "url(", "@import", "xlink"} {
		if strings.Contains(text, word) {
			t.Errorf("the picture has %s", word)
		}
	}
}

// TestThousandUnits lays a big company out: no two boxes touch, every line of text
// ends inside the picture, and it grows downwards only.
func TestThousandUnits(t *testing.T) {
	c := &graph.Chart{Title: "큰 회사", Note: "1,000"}
	var grow func(depth int) []*graph.Unit
	n := 0
	grow = func(depth int) (out []*graph.Unit) {
		for range 4 {
			if n == 1000 || depth > 6 {
				break
			}
			n++
			out = append(out, &graph.Unit{Key: fmt.Sprint("org_unit.u", n), Name: fmt.Sprint("글로벌사업개발 Team ", n), Heads: []string{"남궁재현 본부장"}, Members: n, Total: 2 * n})
			out[len(out)-1].Below = grow(depth + 1)
		}
		return out
	}
	c.Top = grow(0)
	for n < 1000 {
		c.Top = append(c.Top, grow(6)...)
	}
	made := string(c.SVG())
	size := regexp.MustCompile(`<svg [^>]*width="(\d+)" height="(\d+)"`).FindStringSubmatch(made)
	width, _ := strconv.ParseFloat(size[1], 64)
	height, _ := strconv.ParseFloat(size[2], 64)
	if width > 1200 || height < 1000*20 {
		t.Errorf("the picture is %v × %v", width, height)
	}
	bottom := 0.0
	boxes := regexp.MustCompile(`<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="(\d+)" rx="5"`).FindAllStringSubmatch(made, -1)
	if len(boxes) != 1000 {
		t.Fatalf("%d boxes", len(boxes))
	}
	for _, b := range boxes {
		at := make([]float64, 4)
		for i := range at {
			at[i], _ = strconv.ParseFloat(b[i+1], 64)
		}
		if at[1] < bottom || at[0]+at[2] > width || at[1]+at[3] > height {
			t.Fatalf("a box at %v in a picture of %v × %v, below %v", at, width, height, bottom)
		}
		bottom = at[1] + at[3]
	}
}

// isMermaid wants nothing but the few forms of line that a flowchart has, with labels
// in which every special character is an entity by number.
func isMermaid(t *testing.T, made []byte) {
	t.Helper()
	label := `(?:[^"#&<>` + "`" + `\\;*_~\[\]{}()|%\n]|#\d+;|<br/>)*`
	line := regexp.MustCompile(`^(%% made by isa graph|flowchart LR|  n\d+\["` + label + `"\]|  n\d+ --> n\d+|  classDef \w+ [\w:#,-]+|  class n\d+(,n\d+)* \w+)$`)
	for l := range strings.SplitSeq(strings.TrimSuffix(string(made), "\n"), "\n") {
		if !line.MatchString(l) {
			t.Errorf("no line of a flowchart: %s", l)
		}
	}
}

func TestMermaidLines(t *testing.T) {
	made := hostileChart().Network().Mermaid()
	isMermaid(t, made)
	if got := bytes.Count(made, []byte("-->")); got != len(hostile()) {
		t.Errorf("%d arrows, want %d", got, len(hostile()))
	}
}

// isDOT reads the strings as Graphviz does: outside of them is no text from outside.
func isDOT(t *testing.T, made []byte) {
	t.Helper()
	bare := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).ReplaceAllString(string(made), "S")
	line := regexp.MustCompile(`^(// made by isa graph|digraph S \{|  rankdir=LR;|  node \[[\w=, S]+\];|  S \[label=S, fillcolor=S, color=S\];|  S -> S;|\}|)$`)
	for l := range strings.SplitSeq(bare, "\n") {
		if !line.MatchString(l) {
			t.Errorf("no line of a digraph: %s", l)
		}
	}
}

// FuzzNames draws any name in each format.
func FuzzNames(f *testing.F) {
	for _, name := range hostile() {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		c := &graph.Chart{Title: name, Note: name, Top: []*graph.Unit{{Key: name + "1", Name: name, Heads: []string{name}, Note: name, Mark: graph.New, Members: 1, Total: 1,
			Below: []*graph.Unit{{Key: name + "2", Name: name}}}}}
		textsOf(t, c.SVG())
		isMermaid(t, c.Network().Mermaid())
		isDOT(t, c.Network().DOT())
	})
}

// TestDOTStrings asks Graphviz itself too. It fails where that is not installed, except on
// Windows, where what the language says has to do.
func TestDOTStrings(t *testing.T) {
	made := hostileChart().Network().DOT()
	isDOT(t, made)
	dot, err := exec.LookPath("dot")
	if err != nil && runtime.GOOS == "windows" {
		return
	}
	if err != nil {
		t.Fatalf("Graphviz is missing, ./test.sh --install installs it: %v", err)
	}
	cmd := exec.Command(dot, "-Tplain")
	cmd.Stdin = bytes.NewReader(made)
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("Warning")) {
		t.Fatalf("dot: %v\n%s", err, out)
	}
	if got := strings.Count("\n"+string(out), "\nnode "); got != len(hostile())+1 {
		t.Errorf("Graphviz finds %d boxes, want %d", got, len(hostile())+1)
	}
}

func TestCutAndFind(t *testing.T) {
	c := hostileChart()
	if n := c.Cut(1); n != len(hostile()) || len(c.Network().Nodes) != 1 {
		t.Errorf("left out %d, have %d", n, len(c.Network().Nodes))
	}
	if c.Find(`org_unit.hr["\""]`) == nil || c.Find("org_unit.no") != nil {
		t.Error("Find finds what is not there, or not what is")
	}
}

func TestOneDrawingGivesTheSameBytes(t *testing.T) {
	for range 5 {
		a, b := hostileChart(), hostileChart()
		if !bytes.Equal(a.SVG(), b.SVG()) || !bytes.Equal(a.Network().DOT(), b.Network().DOT()) || !bytes.Equal(a.Network().Mermaid(), b.Network().Mermaid()) {
			t.Fatal("two drawings of one chart differ")
		}
	}
}
