package web

import (
	"context"
	_ "embed" // the functions that run in the page
	"encoding/json"
	"errors"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// driver is the functions that run in the page. It is never changed.
//
//go:embed driver.js
var driver string

// A page is the platform's web page in a tab of its own, which lives as long as
// the spec. What a method cannot do ends the spec.
type page struct {
	e         *suites.Env
	tab       context.Context // chromedp keeps the tab in its context
	selectors target.Selectors
	bound     time.Duration // of each step
}

// open opens the page in a new tab and logs in where the page asks for that.
func open(ctx context.Context, e *suites.Env) *page {
	b, err := suites.Shared(e, func() (*browser, func(), error) { return start(ctx, e.Target) })
	switch {
	case errors.Is(err, errNoBrowser):
		e.NotApplicable("%v", err)
	case errors.Is(err, errServer):
		e.Inconclusive("%v", err)
	case err != nil:
		e.Fault(err)
	}
	tab, closeTab := chromedp.NewContext(b.context)
	stop := context.AfterFunc(ctx, closeTab)
	e.Cleanup(func() {
		stop()
		closeTab()
	})
	if err := chromedp.Do(tab); err != nil {
		e.Fault(err)
	}
	p := &page{e: e, tab: tab, selectors: e.Target.Page.Selectors, bound: e.Target.Timing.Connect + e.Target.Timing.Response}
	p.load()
	return p
}

// load loads the page, anew if it is there already.
func (p *page) load() {
	ctx, cancel := context.WithTimeout(p.tab, p.bound)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(p.e.Target.Page.URL.String()))
	switch {
	case errors.Is(err, chromedp.ErrPageLoad):
		p.e.Inconclusive("the page cannot be opened: %v", err)
	case errors.Is(err, context.DeadlineExceeded):
		p.e.Silent("the page did not load within %v", p.bound)
	case err != nil:
		p.e.Fault(err)
	}
	s := p.selectors
	if p.await(func() string { return p.either(s.Password, s.Drop, s.AddOpen) }) != "" {
		p.e.Inconclusive("neither login form nor page can be seen: nothing fits selectors.password, selectors.drop or selectors.addOpen")
	}
	if !p.visible(s.Password) {
		return
	}
	if s.Tenant != target.NoSelector {
		p.fill(s.Tenant, p.e.Tenant(0).ID)
	}
	p.fill(s.User, p.e.Target.Page.User.Name)
	p.fill(s.Password, p.e.Target.Page.User.Password())
	p.press(s.Login, "")
	if p.await(func() string { return p.either(s.Drop, s.AddOpen) }) != "" {
		p.e.Inconclusive("the login as %s does not lead to the page", p.e.Target.Page.User.Name)
	}
}

// either looks for what can be seen; it says what is missing where nothing can.
func (p *page) either(selectors ...string) string {
	problem := "no selector"
	for _, s := range selectors {
		if s == target.NoSelector {
			continue
		}
		if problem = p.call("visible", s); problem == "" {
			return ""
		}
	}
	return problem
}

func (p *page) visible(selector string) bool { return p.call("visible", selector) == "" }

// fill types a text over what a field holds.
func (p *page) fill(selector, text string) {
	p.step(func() string { return p.call("focus", selector) })
	ctx, cancel := context.WithTimeout(p.tab, p.bound)
	defer cancel()
	_, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
	})
	if err != nil {
		p.e.Fault(err)
	}
}

func (p *page) drop(selector, fileName, text string) {
	p.step(func() string { return p.call("drop", selector, fileName, text) })
}

// press clicks a control: of the entry of that name, or of the page where it is "".
func (p *page) press(selector, name string) {
	p.step(func() string {
		p.narrow(name)
		return p.call("press", selector, p.selectors.Row, name)
	})
}

// narrow sees to it that the list shows the entry of a name: it may hold more than
// it shows, and a search for another entry hides this one.
func (p *page) narrow(name string) {
	if name != "" && p.selectors.Search != target.NoSelector {
		p.call("narrow", p.selectors.Search, name)
	}
}

// A state is what a control says.
type state string

// The values of state.
const (
	on  state = "on"
	off state = "off"
)

// state reads a control.
func (p *page) state(selector, name string) state {
	var s state
	p.step(func() string {
		p.narrow(name)
		said := p.call("state", selector, p.selectors.Row, name)
		if s = state(said); s == on || s == off {
			return ""
		}
		return said
	})
	return s
}

// set clicks a control unless it is as wanted, and waits until it is.
func (p *page) set(selector, name string, wanted bool) {
	want := map[bool]state{true: on, false: off}[wanted]
	if p.state(selector, name) == want {
		return
	}
	p.press(selector, name)
	p.step(func() string {
		if p.state(selector, name) != want {
			return selector + " does not go " + string(want)
		}
		return ""
	})
}

// listed waits until the list shows a name, and opens its entry where that must
// be. It says what is in the way.
func (p *page) listed(name string) string {
	s := p.selectors
	problem := p.await(func() string {
		p.narrow(name)
		return p.call("listed", s.Row, name)
	})
	if problem == "" && s.RowOpen != target.NoSelector && p.call("state", s.RowStatus, s.Row, name) != "" {
		p.press(s.RowOpen, name)
	}
	return problem
}

// find is listed where the certificate must be there for the spec to go on.
func (p *page) find(name string) {
	if problem := p.listed(name); problem != "" {
		p.e.Inconclusive("the certificate is not in the list: %s", problem)
	}
}

// step does something within its bound; the spec is inconclusive where it cannot.
func (p *page) step(try func() string) {
	if problem := p.await(try); problem != "" {
		p.e.Inconclusive("the page cannot be used: %s", problem)
	}
}

// await tries until nothing is in the way any more, or says what is.
func (p *page) await(try func() string) string {
	ctx, cancel := context.WithTimeout(p.tab, p.bound)
	defer cancel()
	for {
		problem := try()
		if problem == "" || ctx.Err() != nil {
			return problem
		}
		p.e.Wait(ctx, poll)
	}
}

// call calls a function of the driver. A page that is just being replaced by
// another is in the way like anything else.
func (p *page) call(function string, args ...any) string {
	encoded, err := json.Marshal(args)
	if err != nil {
		p.e.Fault(err)
	}
	ctx, cancel := context.WithTimeout(p.tab, p.bound)
	defer cancel()
	said, err := chromedp.Run(ctx, chromedp.Evaluate[string](driver+"."+function+"(..."+string(encoded)+")"))
	if p.tab.Err() != nil {
		p.e.Fault(p.tab.Err())
	}
	if err != nil {
		return "the page does not answer: " + err.Error()
	}
	return said
}
