package broker_test

import (
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// known waits until the inventory has a device of that name.
func (s *stand) known(name string) bool {
	s.t.Helper()
	for began := time.Now(); time.Since(began) < bound; time.Sleep(time.Millisecond) {
		if _, found := s.registry.Device("t1", registry.SerialType, name); found {
			return true
		}
	}
	return false
}

func TestWillIsTakenAsTheLastData(t *testing.T) {
	s := serve(t, nil)
	with := func(name, topic string) *wire {
		w := s.dial(s.device(name))
		p := connectPacket(name)
		p.WillFlag, p.WillTopic, p.WillMessage, p.WillQos = true, topic, []byte("400,gone"), 1
		w.send(p)
		if code := w.connack(); code != 0 {
			t.Fatalf("return code %d", code)
		}
		return w
	}
	polite, token, rude := with("polite", "s/us"), with("token", "s/uat"), with("rude", "s/us")
	polite.send(packets.NewControlPacket(packets.Disconnect)) // no will then (MQTT-3.14.4-3)
	polite.closed()
	token.Close()
	rude.Close()
	if !s.known("rude") {
		t.Error("the will of a lost connection was not taken")
	}
	for _, name := range []string{"polite", "token"} {
		if _, found := s.registry.Device("t1", registry.SerialType, name); found {
			t.Errorf("%s: a will was taken", name)
		}
	}
}

func TestFirstDataEntersTheDevice(t *testing.T) {
	s := serve(t, nil)
	for _, tt := range []struct{ name, payload, wantName, wantType string }{
		{"plain", "211,25", "MQTT Device plain", "c8y_MQTTDevice"},
		{"named", "100,My device,my_type\n211,25", "My device", "my_type"},
		{"defaults", "100", "MQTT Device defaults", "c8y_MQTTDevice"},
	} {
		w := s.connect(tt.name)
		p := publishPacket("s/us", 1, 5)
		p.Payload = []byte(tt.payload)
		w.send(p)
		w.receive()
		d, found := s.registry.Device("t1", registry.SerialType, tt.name)
		if !found || d.Name != tt.wantName || d.Type != tt.wantType || d.Owner != "device_"+tt.name {
			t.Errorf("%s: %+v, %v", tt.name, d, found)
		}
	}
}
