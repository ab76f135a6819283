package parts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Browser is a running headless Chromium.
type Browser struct {
	ctx   context.Context
	close func() error // as its person does; more than once is once
}

// StartBrowser starts a browser that finds the named hosts (and all others, of which
// there are none) on 127.0.0.1 and trusts the authority's certificates.
func StartBrowser(t testing.TB, authority *CA, hosts ...string) *Browser {
	t.Helper()
	program := Find(t, "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
	return startBrowser(t, program, authority, hosts, chromedp.UserDataDir(t.TempDir()))
}

func startBrowser(t testing.TB, program string, authority *CA, hosts []string, further ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	rules := []string{}
	for _, host := range hosts {
		rules = append(rules, "MAP "+host+" 127.0.0.1")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.NoSandbox, // CI runs as root, where Chromium has no sandbox
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ",")),
	)
	options = append(options, further...)
	if authority != nil {
		options = append(options, chromedp.Flag("ignore-certificate-errors-spki-list", authority.fingerprint()))
	}
	// Not the test's context: that one ends before the cleanups run, and the first
	// context must carry no deadline, since the browser ends with it.
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, closeBrowser := chromedp.NewContext(allocator, chromedp.WithErrorf(func(format string, args ...any) {
		fmt.Fprintf(t.Output(), "browser: "+format+"\n", args...)
	}))
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", program, err)
	}
	return &Browser{ctx: ctx, close: sync.OnceValue(func() error {
		closing, cancel := context.WithTimeout(ctx, Patience)
		defer cancel()
		return chromedp.Cancel(closing)
	})}
}

// Person is somebody with a fresh browser profile: tabs share cookies with each
// other and with nobody else.
type Person struct{ ctx context.Context }

// Person makes a new profile.
func (b *Browser) Person(t testing.TB) *Person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &Person{ctx: ctx}
}

// Tab is a tab of a browser. Its methods wait until what they need is there, and
// fail the test with a picture when it does not come. Not for concurrent use.
type Tab struct {
	t          testing.TB
	ctx        context.Context
	scriptless bool

	mu         sync.Mutex
	complaints []string
}

// Tab opens a tab.
func (p *Person) Tab(t testing.TB) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithListener(tab.listen))
	tab.ctx = ctx
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return tab
}

// listen keeps what the browser complains about: a page that its own
// Content-Security-Policy cuts, a file that is missing, a script that fails.
func (tab *Tab) listen(event any) {
	complaint := ""
	switch event := event.(type) {
	case *log.EventEntryAdded:
		complaint = fmt.Sprintf("%s: %s %s", event.Entry.Source, event.Entry.Text, event.Entry.URL)
	case *runtime.EventExceptionThrown:
		complaint = event.ExceptionDetails.Text
		if e := event.ExceptionDetails.Exception; e != nil {
			complaint += " " + e.Description
		}
	default:
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.complaints = append(tab.complaints, complaint)
}

// Complaints are what the browser has complained about since the last call.
func (tab *Tab) Complaints() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	said := tab.complaints
	tab.complaints = nil
	return said
}

// Goto loads an address and gives the status of the page that came in the end.
func (tab *Tab) Goto(address string) int {
	tab.t.Helper()
	response, err := run(tab, chromedp.NavigateResponse(address))
	if err != nil && !overtaken(err) {
		tab.fatal("go to "+address, err)
	}
	if response == nil {
		return 0
	}
	return int(response.Status)
}

// overtaken: the page went on by script before it had loaded, which is no failure of ours.
func overtaken(err error) bool { return strings.Contains(err.Error(), "net::ERR_ABORTED") }

// URL is the address that the tab shows, with its fragment.
func (tab *Tab) URL() string {
	tab.t.Helper()
	address, err := run(tab, chromedp.Location())
	if err != nil {
		tab.fatal("read the address", err)
	}
	return address
}

// WaitURL waits until the tab shows exactly this address.
func (tab *Tab) WaitURL(address string) {
	tab.t.Helper()
	tab.WaitURLFunc(address, func(now string) bool { return now == address })
}

// WaitURLPrefix waits until the tab shows an address that starts like this.
func (tab *Tab) WaitURLPrefix(prefix string) {
	tab.t.Helper()
	tab.WaitURLFunc(prefix+"...", func(now string) bool { return strings.HasPrefix(now, prefix) })
}

// WaitURLFunc waits until the tab shows an address that fits and whose page has loaded.
func (tab *Tab) WaitURLFunc(want string, fits func(string) bool) {
	tab.t.Helper()
	tab.until("the address is "+want, func() error {
		now, err := run(tab, chromedp.Location())
		if err != nil {
			return err
		}
		if !fits(now) {
			return fmt.Errorf("it is %s", now)
		}
		// Location is that of the frame, which changes before its document is there.
		loaded, err := run(tab, chromedp.Evaluate[[]string](`[document.readyState, location.href]`))
		if err == nil && (loaded[0] != "complete" || !fits(loaded[1])) {
			err = fmt.Errorf("it is %s, %s", loaded[1], loaded[0])
		}
		return err
	})
}

// Text is the visible text of the first element that fits the CSS selector.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	text, err := run(tab, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		tab.fatal("read "+selector, err)
	}
	return strings.TrimSpace(text)
}

// WaitText waits until the element's text has this in it.
func (tab *Tab) WaitText(selector, want string) {
	tab.t.Helper()
	tab.until(selector+" says "+want, func() error {
		text, err := run(tab, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.innerText ?? "(not there)"`, selector)))
		if err == nil && !strings.Contains(text, want) {
			err = fmt.Errorf("it says %q", text)
		}
		return err
	})
}

// Has reports whether an element that fits the selector is there now.
func (tab *Tab) Has(selector string) bool {
	tab.t.Helper()
	return Eval[bool](tab, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
}

// Wait waits until the element is visible.
func (tab *Tab) Wait(selector string) {
	tab.t.Helper()
	tab.do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Fill empties a field and types a text.
func (tab *Tab) Fill(selector, text string) {
	tab.t.Helper()
	tab.do("fill "+selector, chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Click clicks an element with the mouse.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Press types keys into the page (chromedp's package kb names the special ones).
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	tab.do("press keys", chromedp.KeyEvent(keys))
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	if err := tab.try(chromedp.Reload()); err != nil && !overtaken(err) {
		tab.fatal("reload", err)
	}
}

// Back goes back in the history of the tab.
func (tab *Tab) Back() {
	tab.t.Helper()
	if err := tab.try(chromedp.NavigateBack()); err != nil && !overtaken(err) {
		tab.fatal("go back", err)
	}
}

// History are the addresses of the tab's history, with their fragments.
func (tab *Tab) History() []string {
	tab.t.Helper()
	var all []string
	for _, entry := range call(tab, page.GetNavigationHistory, cdp.Empty{}).Entries {
		all = append(all, entry.URL)
	}
	return all
}

// DisableScript switches the scripts of pages off (and on again).
func (tab *Tab) DisableScript(off bool) {
	tab.t.Helper()
	tab.scriptless = off
	call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
}

// Scheme makes the person prefer "light" or "dark".
func (tab *Tab) Scheme(scheme string) {
	tab.t.Helper()
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// Size makes the window as large as given, in CSS pixels.
func (tab *Tab) Size(width, height int) {
	tab.t.Helper()
	tab.do("resize", chromedp.EmulateViewport(int64(width), int64(height)))
}

// Keyboard goes through the page by the Tab key alone. It gives a sentence for everything
// that can be clicked or filled and is not reached in the order of the page, and for all
// that does not show that it has the focus.
func (tab *Tab) Keyboard() []string {
	tab.t.Helper()
	const focusable = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(e => !e.disabled && e.checkVisibility())`
	Eval[bool](tab, `(document.activeElement?.blur(), scrollTo(0, 0), true)`)
	var wrong []string
	for i := range Eval[int](tab, focusable+`.length`) {
		tab.Press(kb.Tab)
		got := Eval[[]string](tab, fmt.Sprintf(`(() => {
			const want = %s[%d], has = document.activeElement, style = getComputedStyle(has);
			const shown = style.outlineStyle !== "none" && style.outlineWidth !== "0px" || style.boxShadow !== "none";
			return [want === has ? "" : "the Tab key reaches " + has.outerHTML.slice(0, 100) + " instead of " + want.outerHTML.slice(0, 100),
				shown ? "" : "no visible focus on " + has.outerHTML.slice(0, 100)];
		})()`, focusable, i))
		for _, sentence := range got {
			if sentence != "" {
				wrong = append(wrong, sentence)
			}
		}
	}
	return wrong
}

// Cookies are those that the browser would send to the address.
func (tab *Tab) Cookies(address string) []*network.Cookie {
	tab.t.Helper()
	return call(tab, network.GetCookies, network.GetCookiesParams{URLs: []string{address}}).Cookies
}

// Screenshot saves a picture of the whole page as NAME.png in the artifact directory.
func (tab *Tab) Screenshot(name string) {
	tab.t.Helper()
	if err := tab.screenshot(name); err != nil {
		tab.fatal("take a picture", err)
	}
}

func (tab *Tab) screenshot(name string) error {
	picture, err := run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(tab.t.ArtifactDir(), name+".png"), picture, 0o600)
}

// Eval evaluates JavaScript in the page, also where the page's own scripts are off.
func Eval[T any](tab *Tab, script string) T {
	tab.t.Helper()
	value, err := run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.fatal("evaluate "+script[:min(len(script), 80)], err)
	}
	return value
}

func (tab *Tab) try(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	if err := tab.try(steps...); err != nil {
		tab.fatal(what, err)
	}
}

func (tab *Tab) until(what string, ask func() error) {
	tab.t.Helper()
	deadline := time.Now().Add(Patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tab.fatal("wait until "+what, err)
		}
		<-again.C
	}
}

// fatal ends the test with what the person sees.
func (tab *Tab) fatal(what string, err error) {
	tab.t.Helper()
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("not within %s", Patience)
	}
	now, _ := run(tab, chromedp.Location())
	text, _ := run(tab, chromedp.Evaluate[string](`document.body?.innerText ?? ""`))
	picture := "failed-" + time.Now().Format("150405.000")
	_ = tab.screenshot(picture)
	tab.t.Fatalf("cannot %s: %v\nThe tab shows %s (%s.png):\n%s", what, err, now, picture, text[:min(len(text), 2000)])
}

func run[T any](tab *Tab, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

func call[P, R any](tab *Tab, command cdp.Command[P, R], params P) R {
	tab.t.Helper()
	result, err := run(tab, func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, command, params)
	})
	if err != nil {
		tab.fatal(command.Method, err)
	}
	return result
}

// CookieHeader is what the browser would send, for a client that continues its work.
func CookieHeader(cookies []*network.Cookie) string {
	pairs := []string{}
	for _, c := range cookies {
		pairs = append(pairs, (&http.Cookie{Name: c.Name, Value: c.Value}).String())
	}
	return strings.Join(pairs, "; ")
}
