package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// A seizure is told the number of each request, from 1, and says whether it has dealt
// with it.
type seizure func(n int64, w http.ResponseWriter, r *http.Request) bool

// inFront puts a front before the REST interface of a platform, and returns the target
// file that leads through it, with more lines. The page is asked for without the front.
func inFront(t *testing.T, platform ready, seize seizure, more string) string {
	t.Helper()
	behind, err := url.Parse(platform.REST)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.InsecureSkipVerify = true // our own server on loopback
	t.Cleanup(transport.CloseIdleConnections)
	proxy.Transport = transport
	var asked atomic.Int64
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !seize(asked.Add(1), w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of every look whether the port is open
	front.StartTLS()
	t.Cleanup(front.Close)
	dir := filepath.Dir(platform.Target)
	ca, err := os.ReadFile(platform.CA)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "front.pem"), append(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})...))
	text, err := os.ReadFile(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "baseURL: "+platform.REST, "baseURL: "+front.URL+"\n  caFile: front.pem", 1)
	if changed == string(text) {
		t.Fatalf("no REST interface in %s", text)
	}
	file := filepath.Join(dir, "front.yaml")
	write(t, file, []byte(changed+more))
	return file
}

// lacks knows nothing of some paths, given by a part of each, where the method is the
// one given; "" is any.
func lacks(method string, paths ...string) seizure {
	return func(_ int64, w http.ResponseWriter, r *http.Request) bool {
		missing := (method == "" || r.Method == method) &&
			slices.ContainsFunc(paths, func(path string) bool { return path != "" && strings.Contains(r.URL.Path, path) })
		if missing {
			http.NotFound(w, r)
		}
		return missing
	}
}
