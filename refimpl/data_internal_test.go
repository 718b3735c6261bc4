package refimpl

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// A platform that cannot keep what it is told tells nobody that it did.
func TestNothingIsAcknowledgedWithoutADisk(t *testing.T) {
	p, err := New(Config{Data: filepath.Join(t.TempDir(), "data"), ManagementAddress: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer p.Close(t.Context())
	user := p.Tenants()[0].Users[0]
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.CA())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	status := func(method, url string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("t1/"+user.Name, user.Password)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	ask := func() int { return status(http.MethodGet, p.Addresses().REST+"/tenant/currentTenant") }
	if got := ask(); got != http.StatusOK {
		t.Fatalf("before: %d", got)
	}
	if err := p.data.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ask(); got != http.StatusServiceUnavailable {
		t.Errorf("REST: %d, want 503", got)
	}
	conn, err := tls.Dial("tcp", p.Addresses().MQTT, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	c := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	c.ProtocolName, c.ProtocolVersion, c.CleanSession, c.ClientIdentifier = "MQTT", 4, true, "d:x"
	c.UsernameFlag, c.PasswordFlag, c.Username, c.Password = true, true, "t1/"+user.Name, []byte(user.Password)
	if err := c.Write(conn); err != nil {
		t.Fatal(err)
	}
	answer, err := packets.ReadPacket(conn)
	if err != nil {
		t.Fatal(err)
	}
	if connack, ok := answer.(*packets.ConnackPacket); !ok || connack.ReturnCode != 3 {
		t.Errorf("CONNECT: %v, want return code 3", answer)
	}
}
