package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// Every file that is no good CA certificate is refused beside the file's field, and what
// was typed stays.
func errorsOfFile(t *testing.T, b *browser) {
	f := b.w.factory
	root := f.Root("root")
	good := pem(t, root)
	trustedAlready := f.Root("trusted already")
	b.w.upload("trusted already", trustedAlready)
	now := time.Now()
	tests := []struct {
		name, file string
		want       string
	}{
		{"text", "hello", "no PEM file"},
		{"empty", "", "no PEM file"},
		{"cut off", strings.Split(good, "-----END")[0], "cut off"},
		{"not base64", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----", "can be read"},
		{"not a certificate", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----", "can be read"},
		{"two certificates", good + good, "2 certificates"},
		{"private key beside it", good + "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----", "private key"},
		{"encrypted key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----", "private key"},
		{"too large", strings.Repeat("x", 70_000), "too large"},
		{"version 1", pem(t, f.Root("v1", certfactory.Mutate(certfactory.Version(0, false), certfactory.DropExtensions()))), "version 3"},
		{"CA:FALSE", pem(t, f.Device(root, "device")), "not a CA certificate"},
		{"expired", pem(t, f.Root("expired", certfactory.Valid(now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0)))), "has expired"},
		{"duplicate", pem(t, trustedAlready), "already trusted"},
		{"broken signature", pem(t, f.Root("broken", certfactory.Mutate(certfactory.FlipSignatureBit()))), "signature of this certificate is wrong"},
	}
	b.login("admin")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &browser{t: t, ctx: b.ctx, w: b.w}
			b.fill("#name", tt.name)
			b.drop(map[string]string{tt.name + ".pem": tt.file})
			b.says("#file-state", tt.name+".pem")
			b.click("#add")
			b.says("#file-error", tt.want)
			state := js[[]string](b, `() => [document.getElementById("file").getAttribute("aria-invalid"), document.activeElement.id, document.getElementById("name").value]`)
			if state[0] != "true" || state[1] != "file" || state[2] != tt.name {
				t.Errorf("aria-invalid %q, focus on %q, name %q", state[0], state[1], state[2])
			}
		})
	}
	if got := b.w.trusted(); len(got) != 1 {
		t.Errorf("trusted over REST: %+v", got)
	}
	b.drop(map[string]string{"one.pem": good, "two.pem": good})
	b.says("#file-error", "one file at a time")
	b.drop(map[string]string{"good.pem": "subject=CN = root\n" + good})
	b.until("the error goes with the file", `() => document.getElementById("file-error").hidden`)
}

func errorsBesideFields(t *testing.T, b *browser) {
	b.login("admin")
	b.click("#add")
	b.says("#file-error", "Choose the CA certificate")
	b.says("#name-error", "Enter a name.")
	b.drop(map[string]string{"caCert.pem": pem(t, b.w.factory.Root("root"))})
	b.says("#file-state", "caCert.pem")
	b.fill("#name", "   ")
	b.click("#add")
	b.says("#name-error", "Enter a name.")
	if b.text("#file-error") != "" || !js[bool](b, `() => document.activeElement.id === "name"`) {
		t.Error("the error is not beside its field alone, or the focus is elsewhere")
	}
	if got := b.w.trusted(); len(got) != 0 {
		t.Errorf("trusted over REST: %+v", got)
	}
}

func loginAndOut(t *testing.T, b *browser) {
	b.click("#login")
	b.says("#user-error", "Enter a user.")
	b.fill("#user", "admin")
	b.fill("#password", "wrong")
	b.click("#login")
	b.says("#login-error", "wrong")
	b.login("admin")
	b.says("#who-name", "t1 / admin")
	b.do(chromedp.Reload())
	b.says("#who-name", "t1 / admin")
	if url := js[string](b, `() => location.href`); url != b.w.url() {
		t.Errorf("URL %q, want nothing but the page's", url)
	}
	b.click("#logout")
	b.until("the login form is back", `() => !document.getElementById("login-form").hidden`)
	if js[int](b, `() => sessionStorage.length + localStorage.length + document.cookie.length`) != 0 {
		t.Error("something of the login is left in the browser")
	}
	b.fill("#tenant", "")
	b.fill("#user", "admin")
	b.fill("#password", b.w.password("admin"))
	b.click("#login")
	b.says("#who-name", "t1 / admin") // the tenant follows where the user is known in one only
}

func withoutRole(t *testing.T, b *browser) {
	b.login("viewer")
	b.says("#list-error", "ROLE_TENANT_MANAGEMENT_ADMIN")
	b.drop(map[string]string{"caCert.pem": pem(t, b.w.factory.Root("root"))})
	b.says("#announcement", "caCert.pem is chosen.")
	b.fill("#name", "root")
	b.click("#add")
	b.says("#add-error", "ROLE_TENANT_MANAGEMENT_ADMIN")
	if got := b.w.trusted(); len(got) != 0 {
		t.Errorf("trusted over REST: %+v", got)
	}
}

// A file that is good is not at fault where the tenant has no room for it: it stays chosen.
func noRoom(t *testing.T, b *browser) {
	for i := range maxAnchors {
		b.w.upload(fmt.Sprint("root ", i), b.w.factory.Root(fmt.Sprint("root ", i)))
	}
	b.login("admin")
	b.drop(map[string]string{"caCert.pem": pem(t, b.w.factory.Root("one more"))})
	b.says("#file-state", "caCert.pem")
	b.fill("#name", "one more")
	b.click("#add")
	b.says("#add-error", "as many trusted certificates")
	if b.text("#file-error") != "" || b.text("#file-state") != "caCert.pem" {
		t.Error("the file is blamed, or forgotten")
	}
}
