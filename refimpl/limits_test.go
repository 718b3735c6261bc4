package refimpl_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// limitKeys returns the path of every limit that a configuration file knows.
func limitKeys(v reflect.Type, path string) (keys []string) {
	for i := range v.NumField() {
		f := v.Field(i)
		name, inline := f.Tag.Get("yaml"), f.Tag.Get("yaml") == ",inline"
		switch {
		case inline:
			keys = append(keys, limitKeys(f.Type, path)...)
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, limitKeys(f.Type, path+name+".")...)
		default:
			keys = append(keys, path+name)
		}
	}
	return keys
}

func TestLimitTableHasEveryLimit(t *testing.T) {
	keys := limitKeys(reflect.TypeFor[refimpl.Limits](), "")
	var rows []string
	for _, row := range refimpl.LimitTable() {
		rows = append(rows, row.Key)
	}
	slices.Sort(keys)
	slices.Sort(rows)
	if diff := cmp.Diff(keys, rows); diff != "" {
		t.Errorf("rows of the table (-want +got):\n%s", diff)
	}
}

func TestLimitsInTheConfigurationFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "platform.yaml")
	if err := os.WriteFile(path, []byte(head+`
data: kept
limits:
  mqtt: {connections: 7, handshake: 2s, chainBytes: 9}
  rest: {connections: 8, body: 1m, jsonBytes: 10}
  anchorsPerTenant: 11
  logLines: 12
`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := refimpl.ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	l := c.Limits
	if l.MQTT.Connections != 7 || l.MQTT.Handshake != 2*time.Second || l.MQTT.Chain != 9 || l.REST.Connections != 8 ||
		l.REST.Body != time.Minute || l.REST.JSONBytes != 10 || l.AnchorsPerTenant != 11 || l.LogLines != 12 {
		t.Errorf("limits %+v", l)
	}
	if want := filepath.Join(filepath.Dir(path), "kept"); c.Data != want {
		t.Errorf("data %q, want %q", c.Data, want)
	}
}

func TestNegativeLimitsAreRefused(t *testing.T) {
	var c refimpl.Config
	c.Limits.MQTT.Write = -1
	if _, err := refimpl.New(c); err == nil || !strings.Contains(err.Error(), "limits.mqtt.write") {
		t.Errorf("error %v, want one that names limits.mqtt.write", err)
	}
}

// The silent ones make room: whoever asks for something is answered.
func TestRESTDoorFullOfSilence(t *testing.T) {
	var c refimpl.Config
	c.Limits.REST.Connections = 5
	w := start(t, c)
	address := strings.TrimPrefix(w.platform.Addresses().REST, "https://")
	var silent []net.Conn
	for range 30 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		silent = append(silent, conn)
	}
	for range 3 {
		if status, _ := w.call(http.MethodGet, "/tenant/currentTenant", "t1", "admin", nil); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	_ = silent[0].SetDeadline(time.Now().Add(bound))
	if _, err := silent[0].Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the first is still open: %v", err)
	}
}

func TestRESTConnectionsOfOneAddressAreBounded(t *testing.T) {
	var c refimpl.Config
	c.Limits.REST.PerAddress = 1
	w := start(t, c)
	if status, _ := w.call(http.MethodGet, "/tenant/currentTenant", "t1", "admin", nil); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.platform.Addresses().REST, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(bound))
	if _, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("a second connection: %v, want its end", err)
	}
}

func TestSizesOverHTTP(t *testing.T) {
	var c refimpl.Config
	c.Limits.REST.HeaderBytes, c.Limits.REST.JSONBytes, c.Limits.AnchorsPerTenant = 8<<10, 4<<10, 1
	w := start(t, c)
	w.upload(w.factory.Root("first"))
	second := map[string]any{"status": "ENABLED", "certInPemFormat": string(certfactory.PEM(der(t, w.factory.Root("second"))))}
	if status, _ := w.call(http.MethodPost, "/tenant/tenants/t1/trusted-certificates", "t1", "admin", second); status != http.StatusUnprocessableEntity {
		t.Errorf("second anchor: %d, want 422", status)
	}
	if status, _ := w.call(http.MethodPost, "/tenant/tenants/t2/trusted-certificates", "t2", "admin", second); status != http.StatusCreated {
		t.Errorf("anchor of another tenant: %d, want 201", status)
	}
	second["name"] = strings.Repeat("x", 4<<10)
	if status, _ := w.call(http.MethodPost, "/tenant/tenants/t1/trusted-certificates", "t1", "admin", second); status != http.StatusRequestEntityTooLarge {
		t.Errorf("JSON: %d, want 413", status)
	}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(w.platform.Addresses().REST, "https://"), &tls.Config{RootCAs: w.roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(bound))
	go func() {
		_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", strings.Repeat("x", 32<<10))
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("header: %d, want 431", res.StatusCode)
	}
}

// A lockedBuffer is written by several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestLogHasReasonsAndNoSecrets does what is refused, and what is not, with secrets in every place
// where one can be, and looks for them in the log and in what the management API remembers.
func TestLogHasReasonsAndNoSecrets(t *testing.T) {
	var log lockedBuffer
	w := start(t, refimpl.Config{
		ManagementAddress: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	secrets := []string{w.password("t1", "admin"), w.password("t1", "viewer"), "hunter2", "bulk-secret", "MIGHAgEAMBMGByqGSM49"}
	root := w.factory.Root("root")
	w.upload(root)
	leaf := w.factory.Device(root, "dev")
	token := w.device(leaf).token()
	secrets = append(secrets, token)
	wrong := w.request(http.MethodGet, "/tenant/currentTenant", "", "", nil)
	for _, set := range []func(){
		func() { wrong.SetBasicAuth("t1/admin", "hunter2") },
		func() { wrong.Header.Set("Authorization", "Bearer "+token+"x") },
		func() { wrong.Header.Set("Authorization", "Bearer "+token) },
	} {
		set()
		w.send(wrong)
	}
	key := "-----BEGIN PRIVATE KEY-----MIGHAgEAMBMGByqGSM49-----END PRIVATE KEY-----"
	w.call(http.MethodPost, "/tenant/tenants/t1/trusted-certificates", "t1", "admin", map[string]any{"status": "ENABLED", "certInPemFormat": key})
	w.call(http.MethodPost, "/tenant/tenants/t1/trusted-certificates", "t1", "viewer", map[string]any{"status": "ENABLED"})
	w.bulk("ID;AUTH_TYPE;CREDENTIALS\nbulk;BASIC;bulk-secret\nbad id;CERTIFICATES;bulk-secret\n")
	w.passwordLogin("t1/device_bulk", "hunter2")
	w.passwordLogin("t1/device_bulk", "bulk-secret")
	if _, err := w.dial(chain(t, w.factory.Device(w.factory.Root("stranger"), "x")), leaf.Signer(), tls.VersionTLS12); err == nil {
		t.Error("a stranger's handshake ended well")
	}
	var remembered []byte
	for _, path := range []string{"/handshakes", "/settings", "/metrics"} {
		res, err := w.http.Get(w.platform.Addresses().Management + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		remembered = append(remembered, body...)
	}
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) || bytes.Contains(remembered, []byte(secret)) {
			t.Errorf("the secret %.12q… is told:\n%s", secret, log.String())
		}
	}
	for _, reason := range []string{
		"reason=security/Unauthorized", "reason=security/Forbidden", `reason="tenants/Invalid Data"`, "reason=bad-password", "msg=admitted",
	} {
		if !strings.Contains(log.String(), reason) {
			t.Errorf("the log has no %s:\n%s", reason, log.String())
		}
	}
}

// bulk registers devices by a file.
func (w *world) bulk(csv string) {
	w.t.Helper()
	req := w.request(http.MethodPost, "/devicecontrol/bulkNewDeviceRequests", "t1", "admin", nil)
	body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.csv\"\r\n\r\n" + csv + "\r\n--x--\r\n"
	req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	req.GetBody = nil
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if status, out := w.send(req); status != http.StatusCreated {
		encoded, _ := json.Marshal(out)
		w.t.Fatalf("bulk registration: %d %s", status, encoded)
	}
}

// A refusal that comes a thousand times is logged a few times, and counted.
func TestLogIsNotFlooded(t *testing.T) {
	var log lockedBuffer
	p, err := refimpl.New(refimpl.Config{Log: slog.New(slog.NewTextHandler(&log, nil)), Limits: refimpl.Limits{LogLines: 3}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // nothing is told to it
	for range 50 {
		res, err := client.Get(p.Addresses().REST + "/tenant/currentTenant")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	client.CloseIdleConnections()
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "reason=security/Unauthorized"); lines != 4 || !strings.Contains(log.String(), "suppressed=47") {
		t.Errorf("%d lines, want 3 and a count of 47:\n%s", lines, log.String())
	}
}

// passwordLogin connects as a user with a password, whatever comes of it.
func (w *world) passwordLogin(user, password string) {
	w.t.Helper()
	c, err := w.dial(nil, nil, tls.VersionTLS13)
	if err != nil {
		w.t.Fatal(err)
	}
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion, p.CleanSession, p.ClientIdentifier = "MQTT", 4, true, "d:bulk"
	p.UsernameFlag, p.PasswordFlag, p.Username, p.Password = true, true, user, []byte(password)
	c.write(p)
	c.read()
}
