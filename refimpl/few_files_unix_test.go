//go:build unix

package refimpl_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl"
)

// filesVariable is how many files a victim may open; its limits do not know that.
const filesVariable = "CHAINMAIL_TEST_FILES"

func fewFiles(c *refimpl.Config) error {
	files, err := strconv.ParseUint(os.Getenv(filesVariable), 10, 32)
	if err != nil {
		return nil // as many as there are
	}
	c.Limits.MQTT.Connections, c.Limits.REST.Connections = 1<<20, 1<<20
	c.Limits.MQTT.Handshake = 3 * time.Second // when there is a file again; a good device has to be done by then
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: files, Max: files})
}

// A platform that has no file left can accept nobody; as soon as it has one it does.
func TestRunsOutOfFilesAndGoesOn(t *testing.T) {
	ready, _ := startVictim(t, filepath.Join(t.TempDir(), "data"), filesVariable+"=100")
	w := newWriter(t, ready, newLedger())
	w.state() // with the anchor of the devices
	if err := w.login("before"); err != nil {
		t.Fatal(err)
	}
	for range 120 {
		conn, err := net.Dial("tcp", ready.Addresses.MQTT)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if err := w.login("after"); err != nil {
		t.Errorf("a good device: %v", err)
	}
	w.http.CloseIdleConnections()
	if _, err := w.call(t.Context(), http.MethodGet, "/tenant/currentTenant", nil); err != nil {
		t.Errorf("a good request: %v", err)
	}
}
