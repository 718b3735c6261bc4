package refimpl_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// paho returns an unmodified Paho client, with the device's certificate if there is one.
func (w *world) paho(url, clientID string, leaf *certfactory.Certificate) *mqtt.ClientOptions {
	w.t.Helper()
	config := &tls.Config{RootCAs: w.roots, ServerName: "localhost"}
	if leaf != nil {
		config.Certificates = []tls.Certificate{{Certificate: chain(w.t, leaf), PrivateKey: leaf.Signer()}}
	}
	return mqtt.NewClientOptions().AddBroker(url).SetClientID(clientID).SetTLSConfig(config).
		SetProtocolVersion(4).SetAutoReconnect(false).SetConnectTimeout(bound)
}

// done waits for what Paho calls a token.
func done(t *testing.T, what string, token mqtt.Token) error {
	t.Helper()
	if !token.WaitTimeout(bound) {
		t.Fatalf("%s: no answer", what)
	}
	return token.Error()
}

func TestForeignPahoConnectsAsTheSpecificationShows(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	w.upload(root)
	for _, qos := range []byte{0, 1, 2} {
		client := mqtt.NewClient(w.paho("ssl://"+w.platform.Addresses().MQTT, "d:one", w.factory.Device(root, "one")))
		if err := done(t, "connect", client.Connect()); err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 1)
		if err := done(t, "subscribe", client.Subscribe("s/dat", qos, func(_ mqtt.Client, m mqtt.Message) { got <- string(m.Payload()) })); err != nil {
			t.Fatal(err)
		}
		if err := done(t, "publish", client.Publish("s/uat", qos, false, "")); err != nil {
			t.Fatal(err)
		}
		select {
		case payload := <-got:
			if !strings.HasPrefix(payload, "71,ey") {
				t.Errorf("QoS %d: %q", qos, payload)
			}
		case <-time.After(bound):
			t.Errorf("QoS %d: no token", qos)
		}
		client.Disconnect(100)
	}
}

func TestWebSocketAdmitsPasswordsAndNoCertificate(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	w.upload(root)
	url := "wss://" + strings.TrimPrefix(w.platform.Addresses().REST, "https://") + "/mqtt"
	device := mqtt.NewClient(w.paho(url, "d:one", w.factory.Device(root, "one")))
	if err := done(t, "connect", device.Connect()); err == nil {
		t.Error("a device was admitted by its certificate")
	}
	if status, body := w.call("GET", "/user/t1/users/device_one", "t1", "admin", nil); status != 404 {
		t.Errorf("a device user: %v", body)
	}
	client := mqtt.NewClient(w.paho(url, "d:tool", nil).SetUsername("t1/viewer").SetPassword(w.password("t1", "viewer")))
	if err := done(t, "connect", client.Connect()); err != nil {
		t.Fatalf("password: %v", err)
	}
	if err := done(t, "subscribe", client.Subscribe("s/ds", 1, nil)); err != nil {
		t.Error(err)
	}
	if err := done(t, "publish", client.Publish("s/us", 1, false, "100,tool")); err != nil {
		t.Error(err)
	}
	lost := make(chan error, 1)
	other := w.paho(url, "d:tool", nil).SetUsername("t1/viewer").SetPassword(w.password("t1", "viewer"))
	second := mqtt.NewClient(other.SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost <- err }))
	if err := done(t, "connect", second.Connect()); err != nil {
		t.Fatalf("take over: %v", err)
	}
	if err := w.platform.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lost:
	case <-time.After(bound):
		t.Error("the session outlived the platform")
	}
}

// pythonClient is what a Python program does that follows the specification: connect as
// d:CN, subscribe, ask, print the token.
const pythonClient = `
import sys, ssl, threading
import paho.mqtt.client as mqtt
ca, chain, key, port, client_id = sys.argv[1:]
args = [mqtt.CallbackAPIVersion.VERSION1] if hasattr(mqtt, "CallbackAPIVersion") else []
client = mqtt.Client(*args, client_id=client_id, protocol=mqtt.MQTTv311)
client.tls_set(ca_certs=ca, certfile=chain, keyfile=key)
answered = threading.Event()
def connected(c, userdata, flags, rc):
    print("rc", rc, flush=True)
    if rc == 0:
        c.subscribe("s/dat", qos=1)
    else:
        answered.set()
def subscribed(c, userdata, mid, granted):
    c.publish("s/uat", "")
def message(c, userdata, m):
    print(m.topic, m.payload.decode(), flush=True)
    answered.set()
client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, message
client.connect("localhost", int(port))
client.loop_start()
answered.wait(15)
client.disconnect()
client.loop_stop()
`

func TestForeignPythonPahoGetsTheToken(t *testing.T) {
	const python = "/usr/bin/python3" // the system's, for which the distribution packages Paho
	if err := program(t, python, "-c", "import paho.mqtt.client").Run(); err != nil {
		t.Skip("Paho for Python is not installed")
	}
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	w.upload(root)
	ca, chainFile, key := w.files(w.factory.Device(root, "one"))
	for _, tt := range []struct{ clientID, want string }{{"d:one", "rc 0\ns/dat 71,ey"}, {"d:two", "rc 2\n"}} {
		out, err := program(t, python, "-c", pythonClient, ca, chainFile, key, port(t, w.platform.Addresses().MQTT), tt.clientID).CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), tt.want) {
			t.Errorf("%s: %v: %s", tt.clientID, err, out)
		}
	}
}
