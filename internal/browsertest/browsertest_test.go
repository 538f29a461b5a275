package browsertest

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const page = `<!doctype html><meta charset="utf-8"><title>이사</title>
<style>body { color: rgb(1, 2, 3) } @media (prefers-color-scheme: dark) { body { color: rgb(4, 5, 6) } }</style>
<p id="p">글</p><div style="height: 3000px"></div>
<script>document.getElementById("p").textContent = "스크립트"</script>`

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + filepath.ToSlash(path)
}

func TestPages(t *testing.T) {
	b, url := Start(t), file(t, page)

	p := b.Open(t, url, Screen{Width: 390, Height: 844})
	if got := Eval[string](p, `document.getElementById("p").textContent`); got != "스크립트" {
		t.Errorf("with scripts the paragraph is %q", got)
	}
	if got := Eval[int](p, `Promise.resolve(innerWidth)`); got != 390 {
		t.Errorf("the page is %d pixels wide", got)
	}
	if got := Eval[string](p, `getComputedStyle(document.body).color`); got != "rgb(1, 2, 3)" {
		t.Errorf("in the light the text is %s", got)
	}
	img, err := png.Decode(bytes.NewReader(p.Screenshot()))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != 390 || size.Y < 3000 {
		t.Errorf("the picture is %v pixels", size)
	}
	if pdf := p.PDF(); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("the print begins with %.10q", pdf)
	}
	if got := p.Requests(); !slices.Equal(got, []string{url}) {
		t.Errorf("requests: %q", got)
	}
	if got := p.Errors(); len(got) > 0 {
		t.Errorf("errors: %q", got)
	}

	p = b.Open(t, url, Screen{Dark: true, NoScript: true})
	if got := Eval[string](p, `document.getElementById("p").textContent + getComputedStyle(document.body).color + innerWidth`); got != "글rgb(4, 5, 6)1280" {
		t.Errorf("in the dark and without scripts: %q", got)
	}
}

func TestWhatGoesWrongIsSeen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`<!doctype html><meta http-equiv="Content-Security-Policy" content="style-src 'none'">
			<link rel="icon" href="data:,"><img src="/missing.png"><img src="http://outside.invalid/x.png"><p style="color: red">
			<script>console.error("said", 1); throw new Error("thrown")</script>`))
	}))
	defer server.Close()
	p := Start(t).Open(t, server.URL, Screen{})
	errs := strings.Join(p.Errors(), "\n")
	for _, want := range []string{"missing.png", "outside.invalid", "said", "Uncaught", "Content Security Policy"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not among the errors:\n%s", want, errs)
		}
	}
	if got := p.Requests(); !slices.Contains(got, "http://outside.invalid/x.png") || got[0] != server.URL+"/" {
		t.Errorf("requests: %q", got)
	}
}
