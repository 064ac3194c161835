package report_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// browser is a Chromium without a window.
type browser struct{ ctx context.Context }

func newBrowser(t *testing.T) browser {
	t.Helper()
	path := need(t, "chromium", "chromium-browser", "google-chrome", "headless-shell")
	ctx, cancel := chromedp.NewContext(context.Background(),
		chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox)) // it may run as root
	t.Cleanup(cancel)
	NewWithT(t).Expect(chromedp.Do(ctx)).To(Succeed())
	return browser{ctx}
}

// tab shows one page, and takes down what a page of ours must not do.
type tab struct {
	t    *testing.T
	ctx  context.Context
	site *httptest.Server

	mu     sync.Mutex
	faults []string // requests for anything but the page, errors, dialogs
}

// look is how a page is looked at.
type look struct {
	width  int64
	scheme string // light or dark
}

var looks = []look{{1280, "light"}, {1280, "dark"}, {375, "light"}, {375, "dark"}}

func (l look) String() string { return fmt.Sprintf("%d %s", l.width, l.scheme) }

// open shows a report as somebody sees it with l.
func (b browser) open(t *testing.T, r report.Report, l look) *tab {
	t.Helper()
	g := NewWithT(t)
	p := &tab{t: t}
	html := render(t, r, report.FormatHTML)
	p.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/" {
			p.fault("request for %s", req.URL.Path)
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, html)
	}))
	t.Cleanup(p.site.Close)
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	p.ctx = ctx
	g.Expect(chromedp.Listen(ctx, p.watch)).To(Succeed())
	for _, enable := range []func() error{
		func() error { _, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
			})
			return err
		},
	} {
		g.Expect(enable()).To(Succeed())
	}
	p.do(chromedp.EmulateViewport(l.width, 900))
	p.do(chromedp.Navigate(p.site.URL + "/"))
	return p
}

func (p *tab) watch(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "data:") && strings.TrimRight(url, "/") != p.site.URL && !strings.HasPrefix(url, p.site.URL+"/#") {
			p.fault("request for %s", url)
		}
	case *cdplog.EventEntryAdded:
		p.fault("log: %s", e.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		p.fault("console: %s", e.Type)
	case *runtime.EventExceptionThrown:
		p.fault("exception: %s", e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		p.fault("dialog: %s", e.Message)
	}
}

func (p *tab) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

func (p *tab) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// patience is how long an action may take; what is not there is waited for.
const patience = 2 * time.Minute

// run runs an action in the tab.
func run[T any](p *tab, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, a)
	NewWithT(p.t).Expect(err).NotTo(HaveOccurred())
	return value
}

func (p *tab) do(a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, a)
}

// ask evaluates an expression in the page.
func ask[T any](p *tab, expression string) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](expression))
}

// click clicks with the mouse in the middle of what a selector finds first.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

func (p *tab) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// shown are the ids of the rules that are to be seen.
func (p *tab) shown() []string {
	p.t.Helper()
	return ask[[]string](p, `[...document.querySelectorAll(".rule")].filter(r => r.checkVisibility()).map(r => r.id)`)
}

const openAll = `for (const d of document.querySelectorAll("details")) d.open = true; 0`

// tooWide names what is wider than the window.
const tooWide = `[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1 &&
	!e.closest(".unseen")).map(e => e.tagName + "." + e.className).concat(document.documentElement.scrollWidth > innerWidth ? ["page"] : [])`

// faint names text whose contrast is less than WCAG's AA asks for: 4.5, or 3 where it is
// large. Colours are read from a canvas, which knows all their forms.
const faint = `(() => {
	const c = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const known = new Map();
	const rgba = (color) => {
		if (!known.has(color)) {
			c.clearRect(0, 0, 1, 1); c.fillStyle = color; c.fillRect(0, 0, 1, 1);
			known.set(color, [...c.getImageData(0, 0, 1, 1).data]);
		}
		return known.get(color);
	};
	const over = ([r, g, b, a], [x, y, z]) => { a /= 255; return [r*a + x*(1-a), g*a + y*(1-a), b*a + z*(1-a)]; };
	const ground = (e) => {
		const under = e.parentElement ? ground(e.parentElement) : [255, 255, 255];
		return over(rgba(getComputedStyle(e).backgroundColor), under);
	};
	const light = (rgb) => rgb.map(v => v/255).map(v => v <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4)
		.reduce((sum, v, i) => sum + v*[.2126, .7152, .0722][i], 0);
	const found = new Set();
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; n = texts.nextNode();) {
		const e = n.parentElement;
		if (!n.data.trim() || /SCRIPT|STYLE|OPTION/.test(e.tagName) || !e.checkVisibility() || e.closest(".unseen, .skip")) continue;
		const style = getComputedStyle(e), under = ground(e);
		const a = light(over(rgba(style.color), under)), b = light(under);
		const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		if (contrast < (large ? 3 : 4.5)) found.add(e.tagName + "." + e.className + " " + contrast.toFixed(2));
	}
	return [...found];
})()`

// nameless names controls that a screen reader could not name, and ids that stand twice.
const nameless = `[...document.querySelectorAll("button, a, input, select, summary")].filter(e =>
		!(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML.slice(0, 80))
	.concat([...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i))`

// TestPageInABrowser looks at pages in one Chromium, one after the other.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	t.Run("at every width, in every light", b.looks)
	t.Run("asks for nothing", b.asksForNothing)
	t.Run("searches and filters", b.searches)
	t.Run("folds", b.folds)
	t.Run("is light or dark", b.lightOrDark)
	t.Run("works without scripts", b.withoutScripts)
}

func (b browser) looks(t *testing.T) {
	all := samples()
	for _, kind := range []string{"selected", "many", "cut short", "strict"} { // nothing that the others do not have
		delete(all, kind)
	}
	all["all met"] = full(t, verdict.Met)
	for _, l := range looks {
		for name, r := range all {
			t.Run(l.String()+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				p := b.open(t, r, l)
				g.Expect(ask[[]string](p, tooWide)).To(BeEmpty(), "closed")
				ask[int](p, openAll)
				g.Expect(ask[[]string](p, tooWide)).To(BeEmpty(), "open")
				g.Expect(ask[[]string](p, faint)).To(BeEmpty())
				g.Expect(ask[[]string](p, nameless)).To(BeEmpty())
				g.Expect(p.seen()).To(BeEmpty())
			})
		}
	}
}

func (b browser) asksForNothing(t *testing.T) {
	g := NewWithT(t)
	p := b.open(t, hostile(), looks[0])
	g.Expect(p.seen()).To(BeEmpty())
	// Even a script that got in could not reach anybody.
	ask[int](p, `document.body.append(Object.assign(new Image(), {src: "/beacon"})); 0`)
	g.Expect(run(p, chromedp.Evaluate[bool](`fetch("/beacon").then(() => true, () => false)`, chromedp.EvalAwaitPromise))).To(BeFalse())
	ask[int](p, `document.body.append(Object.assign(document.createElement("script"), {textContent: "document.title = 'taken over'"})); 0`)
	g.Expect(ask[string](p, "document.title")).To(HavePrefix("not conformant"))
	for _, fault := range p.seen() {
		g.Expect(fault).To(Or(ContainSubstring("Content Security Policy"), ContainSubstring("/beacon")), "only what was tried here")
	}
	g.Expect(p.seen()).NotTo(ContainElement("request for /beacon"), "no server heard of it")
}

func (b browser) searches(t *testing.T) {
	g := NewWithT(t)
	p := b.open(t, report.Build(input(mixed()...)), looks[0])
	all := []string{"T-NAME-MIN", "T-ERR-NAME", "T-SEEN", "T-TAG-CODE", "T-NAME-MAX"}
	showing := func() string { return ask[string](p, `document.getElementById("showing").textContent`) }
	g.Expect(p.shown()).To(Equal(all), "the gravest first")
	g.Expect(showing()).To(Equal("All 5 rules"))

	p.press("/")
	g.Expect(ask[string](p, `document.activeElement.id`)).To(Equal("search"))
	p.press("name malformed")
	g.Expect(ask[string](p, `document.activeElement.value`)).To(Equal("name malformed"), "the key that leads there is no text")
	g.Expect(p.shown()).To(Equal([]string{"T-NAME-MIN", "T-ERR-NAME"}), "all words count, also those of the evidence")
	g.Expect(showing()).To(Equal("2 of 5 rules"))
	p.press("xyz")
	g.Expect(p.shown()).To(BeEmpty())
	g.Expect(ask[bool](p, `document.getElementById("none").checkVisibility()`)).To(BeTrue())
	p.press(kb.Escape)
	g.Expect(p.shown()).To(Equal(all))

	p.click(`.chip[data-v="failed"]`)
	g.Expect(p.shown()).To(Equal([]string{"T-NAME-MIN", "T-ERR-NAME"}))
	p.click(`.chip[data-v="warned"]`)
	g.Expect(p.shown()).To(Equal([]string{"T-NAME-MIN", "T-ERR-NAME", "T-TAG-CODE"}))
	g.Expect(ask[string](p, `document.querySelector('.chip[data-v="warned"]').getAttribute("aria-pressed")`)).To(Equal("true"))
	p.do(chromedp.SetValue(chromedp.CSS("#level"), "SHOULD"))
	ask[int](p, `document.getElementById("level").dispatchEvent(new Event("change")); 0`)
	g.Expect(p.shown()).To(Equal([]string{"T-TAG-CODE"}))
	p.click("#clear")
	g.Expect(p.shown()).To(Equal(all))

	p = b.open(t, full(t, verdict.Met), looks[0])
	whole := p.shown()
	tags := `.cell[data-o="ECS ImportKeyPair"][data-g="Tags"]`
	p.click(tags)
	g.Expect(p.shown()).To(And(Not(BeEmpty()), HaveEach(HavePrefix("ECS-IMP-TAG-"))))
	g.Expect(ask[string](p, `document.querySelector(".cell[aria-current]").getAttribute("aria-label")`)).To(MatchRegexp(`^ECS ImportKeyPair, Tags: \d+ observed, \d+ passed$`))
	p.click(tags)
	g.Expect(p.shown()).To(Equal(whole), "once more takes the filter off")

	p.click(tags)
	ask[int](p, `location.hash = "#SWAS-CRE-QUOTA"; 0`)
	g.Expect(run(p, chromedp.Poll[bool](`document.getElementById("SWAS-CRE-QUOTA").open`))).To(BeTrue())
	g.Expect(p.shown()).To(Equal(whole), "a link to a rule shows it")
	g.Expect(p.seen()).To(BeEmpty())
}

func (b browser) folds(t *testing.T) {
	g := NewWithT(t)
	p := b.open(t, report.Build(input(mixed()...)), looks[2])
	isOpen := func(id string) bool { return ask[bool](p, fmt.Sprintf(`document.getElementById(%q).open`, id)) }

	g.Expect(isOpen("T-NAME-MIN")).To(BeFalse())
	p.click("#T-NAME-MIN > summary")
	g.Expect(isOpen("T-NAME-MIN")).To(BeTrue())
	g.Expect(run(p, chromedp.Poll[bool](`document.querySelector("#T-NAME-MIN .exchange .kv").checkVisibility()`))).To(BeTrue(), "one exchange is shown at once")
	p.click("#T-NAME-MIN > summary")
	g.Expect(isOpen("T-NAME-MIN")).To(BeFalse())

	// With the keyboard: from the last control before the list to its first rule.
	ask[int](p, `document.getElementById("unfold").focus(); 0`)
	p.press(kb.Tab)
	g.Expect(ask[string](p, `document.activeElement.parentElement.id`)).To(Equal("T-NAME-MIN"))
	g.Expect(ask[string](p, `getComputedStyle(document.activeElement).outlineStyle`)).To(Equal("solid"), "the focus is to be seen")
	p.press(kb.Enter)
	g.Expect(isOpen("T-NAME-MIN")).To(BeTrue())
	p.press(" ")
	g.Expect(isOpen("T-NAME-MIN")).To(BeFalse())

	p.click("#unfold")
	g.Expect(ask[int](p, `document.querySelectorAll(".rule[open]").length`)).To(Equal(5))
	g.Expect(ask[string](p, `document.getElementById("unfold").textContent`)).To(Equal("Close all"))
	p.click("#unfold")
	g.Expect(ask[int](p, `document.querySelectorAll(".rule[open]").length`)).To(Equal(0))
	g.Expect(p.seen()).To(BeEmpty())
}

func (b browser) lightOrDark(t *testing.T) {
	g := NewWithT(t)
	r := report.Build(input(mixed()...))
	ground := func(p *tab) string { return ask[string](p, `getComputedStyle(document.body).backgroundColor`) }
	light, dark := b.open(t, r, looks[0]), b.open(t, r, looks[1])
	day, night := ground(light), ground(dark)
	g.Expect(day).NotTo(Equal(night), "as the system says")
	light.click("#theme")
	g.Expect(ground(light)).To(Equal(night), "as the reader says")
	g.Expect(ask[string](light, `document.getElementById("theme").textContent`)).To(Equal("Light"))
	light.do(chromedp.Reload())
	g.Expect(ground(light)).To(Equal(night), "and it is kept")
	light.click("#theme")
	g.Expect(ground(light)).To(Equal(day))
	g.Expect(light.seen()).To(BeEmpty())
}

func (b browser) withoutScripts(t *testing.T) {
	g := NewWithT(t)
	p := b.open(t, report.Build(input(mixed()...)), looks[2])
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	g.Expect(err).NotTo(HaveOccurred())
	p.do(chromedp.Reload())
	g.Expect(p.shown()).To(HaveLen(5))
	g.Expect(ask[bool](p, `[...document.querySelectorAll(".scripted, #theme")].some(e => e.checkVisibility())`)).To(BeFalse())
	p.click("#T-NAME-MIN > summary")
	g.Expect(ask[bool](p, `document.getElementById("T-NAME-MIN").open`)).To(BeTrue())
}
