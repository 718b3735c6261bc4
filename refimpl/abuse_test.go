package refimpl_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl"
)

// TestOversizeBodiesAreNotReadToTheEnd announces bodies that never come whole: the answer must not
// wait for them.
func TestOversizeBodiesAreNotReadToTheEnd(t *testing.T) {
	w := start(t, refimpl.Config{})
	for _, tt := range []struct {
		name, path, kind string
		user             string // of t1; empty: nobody
		body             int
		want             int
	}{
		{"upload", "/tenant/tenants/t1/trusted-certificates", "application/json", "admin", 2 << 20, http.StatusRequestEntityTooLarge},
		{"bulk registration", "/devicecontrol/bulkNewDeviceRequests", "multipart/form-data; boundary=x", "admin", 33 << 20, http.StatusRequestEntityTooLarge},
		{"from nobody", "/tenant/tenants/t1/trusted-certificates", "application/json", "", 0, http.StatusUnauthorized},
		{"from who may not", "/tenant/tenants/t1/trusted-certificates", "application/json", "viewer", 0, http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", strings.TrimPrefix(w.platform.Addresses().REST, "https://"), &tls.Config{RootCAs: w.roots})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(bound))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.user != "" {
				req.SetBasicAuth("t1/"+tt.user, w.password("t1", tt.user))
			}
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
				tt.path, req.Header.Get("Authorization"), tt.kind, 1<<40)
			go func() { // as far as it is taken
				_, _ = io.WriteString(conn, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n")
				_, _ = io.WriteString(conn, strings.Repeat("x", tt.body))
			}()
			res, err := http.ReadResponse(bufio.NewReader(conn), req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != tt.want || !res.Close {
				t.Errorf("status %d, connection to be closed: %v; want %d and true", res.StatusCode, res.Close, tt.want)
			}
		})
	}
	if status, _ := w.call(http.MethodGet, "/tenant/currentTenant", "t1", "admin", nil); status != http.StatusOK {
		t.Errorf("a good request after them: %d", status)
	}
}
