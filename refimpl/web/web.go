// Package web is the reference platform's Trusted certificates page, where a person does
// what the REST interface does for programs: upload a CA certificate, see what is
// trusted, change it, delete it ("Upload your CA certificate", via UI; DC-UI-01, 02, 03).
//
// The page is four embedded files and no framework. It has no door of its own into the
// platform: it asks the REST interface as the user who logged in, so that what it may
// do and what it shows are the same as there (DC-TRUST-10).
package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the files of the page
	"encoding/hex"
	"net/http"
	"path"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

const (
	// Path is where the page is.
	Path = "/apps/devicemanagement/trusted-certificates"
	// policy lets the page load its own files and ask its own platform, and nothing else. No
	// form may be sent by the browser itself, so that no password gets into a URL; no
	// text becomes markup or script.
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

// The files of the page. They are never changed.
var (
	//go:embed static/page.html
	page []byte
	//go:embed static/page.js
	script []byte
	//go:embed static/page.css
	stylesheet []byte
	//go:embed static/icon.svg
	icon []byte
)

// An asset is one file as it is served.
type asset struct {
	kind string // of content
	etag string
	data []byte
}

func newAsset(kind string, data []byte) asset {
	sum := sha256.Sum256(data)
	return asset{kind: kind, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, data: data}
}

// Mount serves the page at Path and its files beside it, and leads there from the root. The
// page breaks the clauses of d.
func Mount(mux *http.ServeMux, d deviation.Set) {
	mux.Handle("GET "+Path, newAsset("text/html; charset=utf-8", page))
	mux.Handle("GET "+Path+".js", newAsset("text/javascript; charset=utf-8", deviate(script, d)))
	mux.Handle("GET "+Path+".css", newAsset("text/css; charset=utf-8", stylesheet))
	mux.Handle("GET "+Path+".svg", newAsset("image/svg+xml", icon))
	for _, url := range []string{"/", path.Dir(Path) + "/"} {
		mux.Handle("GET "+url+"{$}", http.RedirectHandler(Path, http.StatusFound))
	}
}

// ServeHTTP serves the file, which a browser may keep but asks for again each time.
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range map[string]string{
		"Content-Type": a.kind, "ETag": a.etag, "Cache-Control": "no-cache",
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		w.Header().Set(name, value)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.data))
}
