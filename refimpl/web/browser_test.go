package web_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// startBrowser starts a browser, which ends with the test. Where the machine has none the
// test is skipped.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.IgnoreCertErrors, chromedp.WindowSize(1280, 900),
	}
	for _, flag := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage",
		"disable-extensions", "hide-scrollbars",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	dir, err := os.MkdirTemp("", "page") // Chromium has a socket in it, whose path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	options = append(options, chromedp.Env("TMPDIR="+dir))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf), chromedp.WithLogf(t.Logf))
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// A browser is one tab, used by one test as a person would.
type browser struct {
	t   *testing.T
	ctx context.Context
	w   *world
}

// open opens the page of a platform of its own in a tab of its own.
func open(t *testing.T, chromium context.Context) *browser {
	t.Helper()
	w := start(t)
	tab, closeTab := chromedp.NewContext(chromium)
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tab, 3*bound)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, w: w}
	b.do(chromedp.Navigate(w.url()))
	b.until("the login form is shown", `() => !document.getElementById("login-form").hidden`)
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// js calls a function in the page.
func js[T any](b *browser, function string, args ...any) T {
	b.t.Helper()
	value, err := call[T](b, function, args...)
	if err != nil {
		b.t.Fatalf("%s: %v", function, err)
	}
	return value
}

// call is js where the page may be on its way to being another.
func call[T any](b *browser, function string, args ...any) (T, error) {
	b.t.Helper()
	encoded, err := json.Marshal(append([]any{}, args...)) // never null
	if err != nil {
		b.t.Fatal(err)
	}
	return chromedp.Run(b.ctx, chromedp.Evaluate[T]("("+function+")(..."+string(encoded)+")"))
}

// until waits for what a function in the page says. While one page takes the place
// of another nothing can be called: then it is not so yet.
func (b *browser) until(what, function string, args ...any) {
	b.t.Helper()
	for deadline := time.Now().Add(bound); ; {
		so, err := call[bool](b, function, args...)
		if so && err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.screenshot("stuck-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
			b.t.Fatalf("not in time: %s (%v)", what, err)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-b.ctx.Done():
			b.t.Fatal(b.ctx.Err())
		}
	}
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// fill types a text in place of what a field holds.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	js[bool](b, `(s) => { const e = document.querySelector(s); e.focus(); e.select(); return true; }`, selector)
	b.insert(text)
}

// insert types a text into the field that has the focus.
func (b *browser) insert(text string) {
	b.t.Helper()
	if text == "" {
		b.do(chromedp.KeyEvent(kb.Delete))
		return
	}
	if _, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
	}); err != nil {
		b.t.Fatal(err)
	}
}

// tabTo presses Tab until the selected element has the focus.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	for range 60 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if js[bool](b, `(s) => document.activeElement.matches(s)`, selector) {
			return
		}
	}
	b.t.Fatalf("the Tab key does not lead to %s", selector)
}

// drop drops files, by name, on the drop zone, as a file manager does.
func (b *browser) drop(files map[string]string) {
	b.t.Helper()
	js[bool](b, `(files) => {
		const dataTransfer = new DataTransfer();
		for (const [name, text] of Object.entries(files)) dataTransfer.items.add(new File([text], name));
		const zone = document.getElementById("drop");
		for (const kind of ["dragenter", "dragover", "drop"]) {
			const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer });
			if (zone.dispatchEvent(event) && kind !== "dragenter") throw new Error(kind + " is left to the browser");
		}
		return true;
	}`, files)
}

func (b *browser) login(user string) {
	b.t.Helper()
	b.fill("#tenant", "t1")
	b.fill("#user", user)
	b.fill("#password", b.w.password(user))
	b.click("#login")
	b.until("the list is shown", `() => !document.getElementById("work").hidden && !document.getElementById("refresh").disabled`)
}

// text returns what a person reads in an element; nothing where it is hidden.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return js[string](b, `(s) => document.querySelector(s)?.innerText.trim() ?? ""`, selector)
}

// says waits until an element shows a text.
func (b *browser) says(selector, text string) {
	b.t.Helper()
	b.until(selector+" says "+text, `(s, text) => (document.querySelector(s)?.innerText ?? "").includes(text)`, selector, text)
}

// emulate shows the page on a screen of that width, dark or light.
func (b *browser) emulate(width int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 900))
	if _, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
	}); err != nil {
		b.t.Fatal(err)
	}
}

// controls returns the roles and names that assistive technology finds on the page.
func (b *browser) controls() [][2]string {
	b.t.Helper()
	tree, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	var found [][2]string
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		var role, name string
		_ = json.Unmarshal(node.Role.Value, &role)
		if node.Name != nil {
			_ = json.Unmarshal(node.Name.Value, &name)
		}
		switch role {
		case "button", "checkbox", "switch", "textbox", "searchbox":
			found = append(found, [2]string{role, name})
		}
	}
	return found
}

// screenshot keeps a picture of the page where CHAINMAIL_SCREENSHOTS names a folder.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("CHAINMAIL_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Errorf("screenshot: %v", err)
	}
}
