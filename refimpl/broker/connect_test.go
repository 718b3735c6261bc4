package broker_test

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/refimpl/broker"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// refusals is where the refusals go that a broker tells of.
type refusals chan broker.Event

func (r refusals) observe(c *broker.Config) {
	c.Observe = func(e broker.Event) {
		if e.Kind == broker.Refused {
			r <- e
		}
	}
}

// expect takes one refusal, which must have a reason and the return code.
func (r refusals) expect(t *testing.T, code byte) {
	t.Helper()
	select {
	case e := <-r:
		if e.ReturnCode != code || e.Reason == "" || e.Detail == "" {
			t.Errorf("observed %+v, want a reason and return code %d", e, code)
		}
	case <-time.After(bound):
		t.Error("the refusal was not observed")
	}
}

func TestConnectReturnCodes(t *testing.T) {
	refused := make(refusals, 1)
	s := serve(t, refused.observe)
	if _, err := s.registry.RegisterDevice("t1", "basic", registry.LoginPassword, "pw"); err != nil {
		t.Fatal(err)
	}
	credentials := func(user, password string) func(*packets.ConnectPacket) {
		return func(p *packets.ConnectPacket) {
			p.UsernameFlag, p.Username, p.PasswordFlag, p.Password = user != "", user, password != "", []byte(password)
		}
	}
	for _, tt := range []struct {
		name, device, clientID string // device: common name, empty for no certificate
		edit                   func(*packets.ConnectPacket)
		want                   byte
	}{
		{"common name", "dev", "dev", nil, 0},
		{"d: common name", "dev", "d:dev", nil, 0},
		{"with template", "dev", "d:dev:tmpl", nil, 0},
		{"session kept", "dev", "dev", func(p *packets.ConnectPacket) { p.CleanSession = false }, 0},
		{"wrong password beside the certificate", "dev", "dev", credentials("t1/device_dev", "wrong"), 0},
		{"tenant of the user name differs", "dev", "dev", credentials("t2/device_dev", "x"), 5},
		{"other name", "dev", "dev2", nil, 2},
		{"longer name", "dev", "devi", nil, 2},
		{"empty", "dev", "", nil, 2},
		{"other type", "dev", "x:dev", nil, 2},
		{"slash in the name", "a/b", "a/b", nil, 5},
		{"registered for a password", "basic", "basic", nil, 5},
		{"level 5", "dev", "dev", func(p *packets.ConnectPacket) { p.ProtocolVersion = 5 }, 1},
		{"level 0x84", "dev", "dev", func(p *packets.ConnectPacket) { p.ProtocolVersion = 0x84 }, 1},
		{"MQTT 3.1", "dev", "dev", func(p *packets.ConnectPacket) { p.ProtocolName, p.ProtocolVersion = "MQIsdp", 3 }, 0},
		{"MQTT 3.1, 24 characters", "abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx", func(p *packets.ConnectPacket) { p.ProtocolName, p.ProtocolVersion = "MQIsdp", 3 }, 5},
		{"neither", "", "dev", nil, 5},
		{"password", "", "basic", credentials("t1/device_basic", "pw"), 0},
		{"password of a person", "", "tool", credentials("t1/person", "secret"), 0},
		{"wrong password", "", "basic", credentials("t1/device_basic", "pw2"), 4},
		{"no password", "", "basic", credentials("t1/device_basic", ""), 5},
		{"no tenant", "", "basic", credentials("device_basic", "pw"), 5},
		{"password, no device named", "", "x:y", credentials("t1/person", "secret"), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var certificate *tls.Certificate
			if tt.device != "" {
				certificate = s.device(tt.device)
			}
			w := s.dial(certificate)
			p := connectPacket(tt.clientID)
			if tt.edit != nil {
				tt.edit(p)
			}
			w.send(p)
			if code := w.connack(); code != tt.want {
				t.Errorf("return code %d, want %d", code, tt.want)
			}
			if tt.want != 0 {
				w.closed()
				refused.expect(t, tt.want)
			} else {
				w.alive()
			}
		})
	}
}

func TestWhatIsNoConnectIsClosed(t *testing.T) {
	refused := make(refusals, 1)
	s := serve(t, refused.observe)
	good := []byte{0x10, 15, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 3, 'd', 'e', 'v'}
	edit := func(at int, b byte) []byte {
		out := append([]byte(nil), good...)
		out[at] = b
		return out
	}
	for _, tt := range []struct {
		name string
		data []byte
	}{
		{"PINGREQ first", []byte{0xc0, 0}},
		{"PUBLISH first", []byte{0x30, 7, 0, 5, 's', '/', 'u', 'a', 't'}},
		{"type 0", []byte{0x00, 0}},
		{"type 15", []byte{0xf0, 0}},
		{"reserved flags of the header", edit(0, 0x11)},
		{"Remaining Length of five bytes", []byte{0x10, 0x80, 0x80, 0x80, 0x80, 0x00}},
		{"oversize", []byte{0x10, 0xff, 0xff, 0xff, 0x7f}},
		{"too short", []byte{0x10, 1, 0}},
		{"other protocol", edit(4, 'X')},
		{"reserved connect flag", edit(9, 3)},
		{"will QoS without will", edit(9, 0x0a)},
		{"will retain without will", edit(9, 0x22)},
		{"will QoS 3", []byte{0x10, 21, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x1e, 0, 60, 0, 3, 'd', 'e', 'v', 0, 1, 't', 0, 1, 'p'}},
		{"password without user name", []byte{0x10, 18, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x42, 0, 60, 0, 3, 'd', 'e', 'v', 0, 1, 'p'}},
		{"user name announced, not there", edit(9, 0x82)},
		{"data behind", append(append([]byte{0x10, 16}, good[2:]...), 0)},
		{"client identifier is not UTF-8", edit(14, 0xff)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.dial(s.device("dev"))
			w.raw(tt.data...)
			w.closed()
			refused.expect(t, 0)
		})
	}
	control := s.dial(s.device("dev"))
	control.raw(good...)
	if code := control.connack(); code != 0 {
		t.Fatalf("control: return code %d", code)
	}
}

func TestRegistrationIsAtConnect(t *testing.T) {
	s := serve(t, nil)
	exists := func(name string) bool {
		_, ok := s.registry.User("t1", "device_"+name)
		return ok
	}
	w := s.dial(s.device("dev"))
	if err := w.Handshake(); err != nil {
		t.Fatal(err)
	}
	w.send(connectPacket("other"))
	if code := w.connack(); code != 2 || exists("dev") || exists("other") {
		t.Errorf("return code %d; a refused device has a user: %v, %v", code, exists("dev"), exists("other"))
	}
	s.connect("dev")
	if !exists("dev") {
		t.Error("an admitted device has no user")
	}
	off := false
	if _, err := s.registry.UpdateAnchor("t1", s.anchor.Fingerprint, registry.AnchorUpdate{AutoRegistration: &off}); err != nil {
		t.Fatal(err)
	}
	s.connect("dev") // known from before
	w = s.dial(s.device("new"))
	w.send(connectPacket("new"))
	if code := w.connack(); code != 5 || exists("new") {
		t.Errorf("auto registration off: return code %d, user: %v", code, exists("new"))
	}
}

func TestTakeOver(t *testing.T) {
	s := serve(t, nil)
	first, bystander := s.connect("dev"), s.connect("other")
	second := s.dial(s.device("dev"))
	second.send(connectPacket("d:dev:tmpl"))
	if code := second.connack(); code != 0 {
		t.Fatalf("return code %d", code)
	}
	first.closed()
	second.alive()
	bystander.alive()
}

func TestDisabledAndDeletedEndSessions(t *testing.T) {
	s := serve(t, nil)
	one, two := s.connect("one"), s.connect("two")
	s.broker.EndUser("t2", "device_one")
	s.broker.EndAnchor("t2", s.anchor.Fingerprint)
	one.alive()
	s.broker.EndUser("t1", "device_one")
	one.closed()
	two.alive()
	s.broker.EndAnchor("t1", s.anchor.Fingerprint)
	two.closed()
}

func TestCloseEndsEverything(t *testing.T) {
	s := serve(t, nil)
	w := s.connect("dev")
	half := s.dial(s.device("half"))
	err := s.close()
	s.close = nil
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*wire{w, half} {
		if _, err := packets.ReadPacket(c.Conn); err == nil {
			t.Error("a connection outlived the broker")
		}
	}
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("the listener outlived the broker")
	}
}
