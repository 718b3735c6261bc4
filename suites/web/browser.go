package web

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/chainmail-iot/chainmail/suites/target"
)

var (
	// errNoBrowser says that the machine has none of the browsers.
	errNoBrowser = errors.New("this machine has no Chromium or Chrome to open the page with")
	// errServer says that the page's server was not reached, or is another's.
	errServer = errors.New("the page's server")
)

// startBound is how long a browser may take to start: many seconds on a machine
// that is busy with other things.
const startBound = time.Minute

// A browser is the tester's browser. Specs open tabs in it.
type browser struct {
	context context.Context // chromedp keeps the browser in its context
}

// programs are the names under which the browser is looked for.
func programs() []string {
	return []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless-shell"}
}

// start starts a browser with an empty profile. What it returns ends the browser
// and removes what it has written. The browser outlives the context of the spec
// that happens to need it first; only starting is bounded by that.
func start(ctx context.Context, t *target.Target) (*browser, func(), error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	pin, err := publicKey(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	// Chromium leaves things beside its profile when it is killed, which it is in the end.
	dir, err := os.MkdirTemp("", "chainmail-web-")
	if err != nil {
		return nil, nil, fmt.Errorf("make folder for the browser: %w", err)
	}
	allocator, kill := chromedp.NewExecAllocator(context.Background(), options(path, dir, pin)...)
	end := sync.OnceFunc(func() {
		kill()
		_ = os.RemoveAll(dir) // a temporary folder; nobody needs to know
	})
	quiet := func(string, ...any) {}
	b, _ := chromedp.NewContext(allocator, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet)) // ended with the allocator
	stop := context.AfterFunc(ctx, kill)
	late := time.AfterFunc(startBound, kill)
	err = chromedp.Do(b)
	if stopped, inTime := stop(), late.Stop(); err == nil && (!stopped || !inTime) {
		err = context.Canceled
	}
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("start %s: %w", path, err)
	}
	return &browser{context: b}, end, nil
}

// options are how the browser is started: quietly, and with what it takes for the
// page's server. Temporary files go to dir.
func options(path, dir, pin string) []chromedp.ExecAllocatorOption {
	all := []chromedp.ExecAllocatorOption{
		// The sandbox cannot be had as root or in most containers, which is where CI
		// runs; what is opened is the page of the platform under test, and nothing else.
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.WindowSize(1280, 1024),
		chromedp.Env("TMPDIR=" + dir),
	}
	for _, flag := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-extensions",
		"disable-default-apps", "disable-dev-shm-usage", "disable-breakpad", "disable-renderer-backgrounding", "metrics-recording-only",
	} {
		all = append(all, chromedp.Flag(flag, true))
	}
	if pin != "" {
		all = append(all, chromedp.Flag("ignore-certificate-errors-spki-list", pin))
	}
	return all
}

func find() (string, error) {
	for _, program := range programs() {
		if path, err := exec.LookPath(program); err == nil {
			return path, nil
		}
	}
	return "", errNoBrowser
}

// publicKey verifies the page's server against the trust store of the target file
// and returns the hash of its public key, which the browser then takes for that
// server's: its own trust store knows nothing of the target file.
func publicKey(ctx context.Context, t *target.Target) (string, error) {
	if t.Page.URL.Scheme != "https" {
		return "", nil
	}
	port := t.Page.URL.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timing.Connect)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: t.Page.RootCAs, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(t.Page.URL.Hostname(), port))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errServer, err)
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState() // what a tls.Dialer returns is one
	sum := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}
