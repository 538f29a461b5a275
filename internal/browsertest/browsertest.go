// Package browsertest shows pages in a headless Chromium, for tests that look at what
// isa makes for browsers.
//
// The browser reaches 127.0.0.1 and files and nothing else, has a profile of its own, and
// ends with its test. A test fails where no browser is installed.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may be open: one that hangs fails its test.
const patience = 5 * time.Minute

// Browser is a running Chromium. Its methods are for the goroutine of its test.
type Browser struct {
	ctx context.Context
}

// Start starts a browser that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := find()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options(path)...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return &Browser{ctx: ctx}
}

func options(path string) []chromedp.ExecAllocatorOption {
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // as root, and in containers, it has none
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	for _, name := range []string{"disable-gpu", "disable-quic", "disable-component-update", "no-proxy-server"} {
		opts = append(opts, chromedp.Flag(name, true))
	}
	return opts
}

// find looks for Chromium, or a browser made of it.
func find() (string, error) {
	for _, name := range []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		`C:\Program Files\Google\Chrome\Application\chrome.exe`,
		`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`,
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if runtime.GOOS == "windows" {
		return "", errors.New("neither Chrome nor Edge is installed, which this test needs")
	}
	return "", errors.New("Chromium is not installed: ./test.sh --install installs what the tests need")
}

// Screen is what a page is shown on. The zero Screen is 1280 by 800 pixels, light,
// with scripts.
type Screen struct {
	Width, Height int  // pixels; 0 = 1280, 800
	Dark          bool // the reader prefers dark colours
	NoScript      bool // the reader's browser runs no scripts
}

// Page is an open page. Its methods fail the test when they cannot do their work, and
// are for the goroutine of the test.
type Page struct {
	t   testing.TB
	ctx context.Context
	// seen by the browser's goroutine too
	mu       sync.Mutex
	errors   []string
	requests []string
}

// Open opens a page in a tab of its own, and returns when it is loaded. url may be of
// a file ("file:///…"). What browsers keep of a site is that of this tab only.
func (b *Browser) Open(t testing.TB, url string, s Screen) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	p := &Page{t: t, ctx: ctx}
	if err := p.prepare(s); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("opening %s: %v", url, err)
	}
	return p
}

func (p *Page) prepare(s Screen) error {
	if s.Width == 0 {
		s.Width = 1280
	}
	if s.Height == 0 {
		s.Height = 800
	}
	if err := chromedp.Do(p.ctx, chromedp.EmulateViewport(int64(s.Width), int64(s.Height))); err != nil {
		return err
	}
	if err := chromedp.Listen(p.ctx, p.record); err != nil {
		return err
	}
	_, err := chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	if err != nil {
		return err
	}
	scheme := "light"
	if s.Dark {
		scheme = "dark"
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}); err != nil {
		return err
	}
	_, err = chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: s.NoScript})
	return err
}

// record notes what the page asks for and what goes wrong in it.
func (p *Page) record(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *cdpruntime.EventExceptionThrown:
		p.errors = append(p.errors, fmt.Sprintf("%s:%d: %s", e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber+1, e.ExceptionDetails.Text))
	case *cdpruntime.EventConsoleAPICalled:
		if e.Type == cdpruntime.ConsoleAPICalledTypeError || e.Type == cdpruntime.ConsoleAPICalledTypeAssert {
			p.errors = append(p.errors, "console: "+arguments(e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			p.errors = append(p.errors, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

func arguments(args []*cdpruntime.RemoteObject) string {
	text := ""
	for _, a := range args {
		text += fmt.Sprintf("%s%s ", a.Value, a.Description)
	}
	return text
}

// Eval runs JavaScript in a page and returns the value of its last expression, awaited
// when it is a promise, as T: by the rules of JSON.
func Eval[T any](p *Page, js string) T {
	p.t.Helper()
	out, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("running %.200s: %v", js, err)
	}
	return out
}

// Screenshot returns a PNG of the whole page, also of what is below the screen.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	out, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatalf("taking a picture: %v", err)
	}
	return out
}

// PDF returns the page as it prints on A4, with colours of backgrounds.
func (p *Page) PDF() []byte {
	p.t.Helper()
	out, err := chromedp.Run(p.ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPrintBackground()))
	if err != nil {
		p.t.Fatalf("printing: %v", err)
	}
	return out
}

// Errors returns what went wrong until now: exceptions, errors written to the console,
// resources that could not be loaded or were refused by a policy.
func (p *Page) Errors() []string { return p.seen(&p.errors) }

// Requests returns the URLs that were asked for until now, that of the page first.
func (p *Page) Requests() []string { return p.seen(&p.requests) }

// seen asks the browser for something first: what it told before has arrived then.
func (p *Page) seen(list *[]string) []string {
	p.t.Helper()
	Eval[bool](p, "true")
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(*list)
}
