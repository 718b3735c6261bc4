package web_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// The page in a real browser. Each test has a platform and a tab of its own; the browser,
// which takes long to start, is one.
func TestPage(t *testing.T) {
	chromium := startBrowser(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, *browser)
	}{
		{"add, change and delete", addChangeDelete},
		{"keyboard alone", keyboardAlone},
		{"rename", rename},
		{"errors of a file", errorsOfFile},
		{"errors beside their fields", errorsBesideFields},
		{"login", loginAndOut},
		{"somebody without the role", withoutRole},
		{"foreign text is text", foreignText},
		{"many certificates", manyCertificates},
		{"platform goes away", platformGoesAway},
		{"no room", noRoom},
		{"looks", looks},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t, chromium)) })
	}
}

// first is the entry at the top of the list.
const first = "#certificates > li:first-child "

// What the specification's reader does, with the mouse; REST and devices see all of it.
func addChangeDelete(t *testing.T, b *browser) {
	root := b.w.factory.Root("Plant 7")
	b.login("admin")
	b.says("#empty", "No certificate is trusted yet")

	b.drop(map[string]string{"caCert.pem": pem(t, root)})
	b.says("#file-state", "caCert.pem")
	b.click("#auto-registration")
	b.click("#status")
	b.fill("#name", "Plant 7 devices")
	b.click("#add")
	b.says(first+".name", "Plant 7 devices")
	b.says("#announcement", "Plant 7 devices is added.")
	got := b.w.trusted()
	want := []trusted{{Fingerprint: b.text(first + ".fingerprint"), Name: "Plant 7 devices", Status: "ENABLED", AutoRegistration: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trusted over REST (-want +got):\n%s", diff)
	}
	if subject := b.text(first + ".subject"); !strings.Contains(subject, "CN=Plant 7") {
		t.Errorf("subject %q", subject)
	}
	if !b.w.connects(root, "one") {
		t.Error("a device was refused that the page made trusted")
	}

	b.click(first + ".auto-registration")
	b.says("#announcement", "Auto registration of Plant 7 devices is off.")
	if b.w.connects(root, "two") {
		t.Error("an unknown device was admitted with auto registration off")
	}
	b.click(first + ".status")
	b.says("#announcement", "Plant 7 devices is disabled.")
	want[0].Status, want[0].AutoRegistration = "DISABLED", false
	if diff := cmp.Diff(want, b.w.trusted()); diff != "" {
		t.Errorf("changed over REST (-want +got):\n%s", diff)
	}
	if b.w.connects(root, "one") {
		t.Error("a device was admitted under a disabled certificate")
	}

	b.click(first + ".delete")
	b.says("#confirm", "Plant 7 devices")
	b.click("#confirm-cancel")
	b.click(first + ".delete")
	b.click("#confirm-delete")
	b.says("#announcement", "Plant 7 devices is deleted.")
	b.says("#empty", "No certificate is trusted yet")
	if left := b.w.trusted(); len(left) > 0 {
		t.Errorf("left over REST: %v", left)
	}
}

// Nothing needs the mouse: Tab, Space and Enter do.
func keyboardAlone(t *testing.T, b *browser) {
	file := filepath.Join(t.TempDir(), "caCert.pem")
	if err := os.WriteFile(file, []byte(pem(t, b.w.factory.Root("Plant 7"))), 0o600); err != nil {
		t.Fatal(err)
	}
	press := func(selector, key string) {
		t.Helper()
		b.tabTo(selector)
		b.do(chromedp.KeyEvent(key))
	}
	for selector, text := range map[string]string{"#tenant": "t1", "#user": "admin", "#password": b.w.password("admin")} {
		b.tabTo(selector)
		b.insert(text)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until("the list is shown", `() => !document.getElementById("work").hidden && !document.getElementById("refresh").disabled`)

	b.tabTo("#file") // Enter opens the system's own dialog, whose choice is this:
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
	b.says("#file-state", "caCert.pem")
	b.tabTo("#name")
	b.insert("Plant 7")
	press("#auto-registration", " ")
	press("#status", " ")
	press("#add", kb.Enter)
	b.says(first+".name", "Plant 7")
	press(first+".status", " ")
	b.says("#announcement", "Plant 7 is disabled.")
	press(first+".rename", kb.Enter)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until("the focus is back", `(s) => document.activeElement.matches(s)`, first+".rename")
	press(first+".delete", kb.Enter)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until("the focus is back", `(s) => document.activeElement.matches(s)`, first+".delete")
	b.do(chromedp.KeyEvent(kb.Enter))
	press("#confirm-delete", kb.Enter)
	b.says("#announcement", "Plant 7 is deleted.")
	if !js[bool](b, `() => document.activeElement.id === "list-title"`) {
		t.Error("the focus was lost with the entry")
	}
}

func rename(t *testing.T, b *browser) {
	b.w.upload("before", b.w.factory.Root("root"))
	b.login("admin")
	b.click(first + ".rename")
	b.fill(first+".new-name", "")
	b.click(first + ".rename-form .primary")
	b.says(first+".error", "Enter a name.")
	b.fill(first+".new-name", "after")
	b.click(first + ".rename-form .primary")
	b.says(first+".name", "after")
	b.says("#announcement", "called after")
	if got := b.w.trusted(); len(got) != 1 || got[0].Name != "after" || got[0].Status != "ENABLED" {
		t.Errorf("over REST: %+v", got)
	}
}

// An entry that somebody else has deleted meanwhile says so.
func platformGoesAway(t *testing.T, b *browser) {
	root := b.w.factory.Root("root")
	b.w.upload("gone", root)
	b.login("admin")
	b.w.rest("DELETE", "/"+b.w.trusted()[0].Fingerprint, nil, nil)
	b.click(first + ".status")
	b.says(first+".error", "Cannot find certificate")
	if !js[bool](b, `(s) => document.querySelector(s).checked`, first+".status") {
		t.Error("the switch shows what the platform did not do")
	}
	if err := b.w.platform.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.click("#refresh")
	b.says("#list-error", "The platform does not answer.")
}

// Names and subjects that look like markup are shown as they are, and run nothing.
func foreignText(t *testing.T, b *browser) {
	const hostile = `<img src=x onerror="document.title='taken'">`
	b.w.upload(hostile, b.w.factory.Root(hostile))
	b.login("admin")
	if got := b.text(first + ".name"); got != hostile {
		t.Errorf("name %q, want it as text", got)
	}
	if got := b.text(first + ".subject"); !strings.Contains(got, "<img src=x") {
		t.Errorf("subject %q, want it as text", got)
	}
	b.drop(map[string]string{hostile: "no PEM"})
	b.says("#file-state", hostile)
	if js[int](b, `() => document.querySelectorAll("main img").length`) != 0 || js[string](b, `() => document.title`) == "taken" {
		t.Error("markup from outside became part of the page")
	}
	if js[bool](b, `() => { try { document.body.innerHTML = "<b>"; return true; } catch { return false; } }`) {
		t.Error("the page lets text become markup")
	}
}

// Many certificates are all there: the latest first, found by a part of their name.
func manyCertificates(t *testing.T, b *browser) {
	for i := range 60 {
		b.w.upload("number "+string(rune('a'+i/10))+string(rune('0'+i%10)), b.w.factory.Root("root", certfactory.Label(string(rune('a'+i)))))
	}
	b.login("admin")
	count := func() int { return js[int](b, `() => document.querySelectorAll("#certificates > li").length`) }
	if got := count(); got != 50 || b.text(first+".name") != "number f9" || b.text("#count") != "60" {
		t.Errorf("%d shown of %s, the first is %s", got, b.text("#count"), b.text(first+".name"))
	}
	b.click("#more")
	b.until("60 are shown", `() => document.querySelectorAll("#certificates > li").length === 60`)
	b.fill("#search", "NUMBER a3")
	b.says(first+".name", "number a3")
	b.fill("#search", "nothing")
	b.says("#empty", "No certificate is like that.")
}

func looks(t *testing.T, b *browser) {
	now := time.Now()
	looking := func(state string) {
		t.Helper()
		for _, view := range []struct {
			name   string
			width  int64
			scheme string
		}{{"desktop", 1280, "light"}, {"phone", 390, "light"}, {"dark", 1280, "dark"}, {"narrow", 320, "dark"}} {
			b.emulate(view.width, view.scheme)
			b.screenshot(state + "-" + view.name)
			if wide := js[int64](b, `() => document.documentElement.scrollWidth`); wide > view.width {
				t.Errorf("%s: the page is %d wide on a screen of %d", state, wide, view.width)
			}
		}
		for _, control := range b.controls() {
			if control[1] == "" {
				t.Errorf("%s: a %s has no name", state, control[0])
			}
		}
	}
	looking("login")
	b.login("admin")
	looking("empty")
	b.w.upload("Plant 7, line A", b.w.factory.Root("Plant 7 Device CA"))
	b.w.upload("Soon over", b.w.factory.Root("Pilot CA", certfactory.Valid(now.Add(-time.Hour), now.AddDate(0, 0, 12))))
	b.w.upload(strings.Repeat("long", 20), b.w.factory.Root(strings.Repeat("n", 60)))
	b.click("#refresh")
	b.says("#count", "3")
	b.click(first + ".status")
	b.says("#announcement", "is disabled")
	b.drop(map[string]string{"device.pem": pem(t, b.w.factory.Device(b.w.factory.Root("Plant 7 Device CA"), "dev"))})
	b.says("#file-state", "device.pem")
	b.fill("#name", "Plant 8")
	looking("filled")
	b.click("#add")
	b.says("#file-error", "not a CA certificate")
	b.fill("#name", "")
	b.click("#add")
	looking("error")
	b.click("li:nth-child(2) .delete")
	looking("confirm")
	if !slices.ContainsFunc(b.controls(), func(c [2]string) bool { return c == [2]string{"button", "Delete"} }) {
		t.Error("the dialog's button is not found")
	}
}
