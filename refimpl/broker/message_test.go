package broker_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
)

func TestSubscriptions(t *testing.T) {
	s := serve(t, nil)
	w := s.connect("dev")
	want := map[string]byte{
		"s/dat": 0, "s/ds": 1, "s/e": 2, "s/dt": 0, "s/dc/#": 0, "s/dc/tmpl": 1, "s/dd": 0, "s/dcr": 0,
		"devicecontrol/notifications": 0, "error": 0, "t/ds": 0, "q/e": 0,
	}
	ask := map[string]byte{}
	for topic, qos := range want {
		ask[topic] = qos
	}
	for _, topic := range []string{"#", "s/#", "s/us", "s/uat", "+/dat", "s/+", "s/dc/+", "s/dc", "s/dat/other", "$SYS/#", "foreign", "s//", "x/dat"} {
		ask[topic], want[topic] = 0, 0x80
	}
	if diff := cmp.Diff(want, w.subscribe(ask)); diff != "" {
		t.Error(diff)
	}
	p := packets.NewControlPacket(packets.Unsubscribe).(*packets.UnsubscribePacket)
	p.MessageID, p.Topics = 9, []string{"s/dat", "never"}
	w.send(p)
	if u, ok := w.receive().(*packets.UnsubackPacket); !ok || u.MessageID != 9 {
		t.Errorf("answer to UNSUBSCRIBE is %v", u)
	}
	w.send(publishPacket("s/uat", 0, 0))
	w.alive() // no token without the subscription
}

func TestTokenInEachQoS(t *testing.T) {
	s := serve(t, nil)
	for _, subscribed := range []byte{0, 1, 2} {
		w, bystander := s.connect("dev"), s.connect("other")
		w.subscribe(map[string]byte{"s/dat": subscribed})
		bystander.subscribe(map[string]byte{"s/dat": subscribed})
		w.send(publishPacket("s/uat", 0, 0))
		p, ok := w.receive().(*packets.PublishPacket)
		if !ok || p.Qos != subscribed || p.Retain || p.Dup || p.TopicName != "s/dat" || !bytes.HasPrefix(p.Payload, []byte("71,ey")) {
			t.Fatalf("QoS %d: got %v", subscribed, p)
		}
		switch subscribed {
		case 1:
			ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
			ack.MessageID = p.MessageID
			w.send(ack)
		case 2:
			rec := packets.NewControlPacket(packets.Pubrec).(*packets.PubrecPacket)
			rec.MessageID = p.MessageID
			w.send(rec)
			if rel, ok := w.receive().(*packets.PubrelPacket); !ok || rel.MessageID != p.MessageID {
				t.Fatalf("answer to PUBREC is %v", rel)
			}
			comp := packets.NewControlPacket(packets.Pubcomp).(*packets.PubcompPacket)
			comp.MessageID = p.MessageID
			w.send(comp)
		}
		w.alive()
		bystander.alive() // and nothing before the PINGRESP
	}
}

func TestPublishIsAcknowledged(t *testing.T) {
	s := serve(t, nil)
	w := s.connect("dev")
	w.send(publishPacket("s/us", 0, 0))
	w.send(publishPacket("s/us", 1, 11))
	if p, ok := w.receive().(*packets.PubackPacket); !ok || p.MessageID != 11 {
		t.Fatalf("answer to QoS 1 is %v", p)
	}
	w.subscribe(map[string]byte{"s/dat": 0})
	for range 2 { // the second time it is the same message again
		w.send(publishPacket("s/uat", 2, 12))
	}
	var tokens, received int
	for range 3 {
		switch p := w.receive().(type) {
		case *packets.PublishPacket:
			tokens++
		case *packets.PubrecPacket:
			if p.MessageID != 12 {
				t.Errorf("PUBREC of %d", p.MessageID)
			}
			received++
		}
	}
	if tokens != 1 || received != 2 {
		t.Errorf("%d tokens, %d PUBREC; want 1 and 2", tokens, received)
	}
	rel := packets.NewControlPacket(packets.Pubrel).(*packets.PubrelPacket)
	rel.MessageID = 12
	w.send(rel)
	if p, ok := w.receive().(*packets.PubcompPacket); !ok || p.MessageID != 12 {
		t.Fatalf("answer to PUBREL is %v", p)
	}
}

func TestPasswordUsersGetNoToken(t *testing.T) {
	s := serve(t, nil)
	w := s.dial(nil)
	p := connectPacket("tool")
	p.UsernameFlag, p.Username, p.PasswordFlag, p.Password = true, "t1/person", true, []byte("secret")
	w.send(p)
	if code := w.connack(); code != 0 {
		t.Fatalf("return code %d", code)
	}
	w.subscribe(map[string]byte{"s/dat": 0})
	w.send(publishPacket("s/uat", 0, 0))
	w.alive()
}

func TestFaultsCloseTheConnection(t *testing.T) {
	s := serve(t, nil)
	long := strings.Repeat("x", 16184)
	for _, tt := range []struct {
		name string
		data []byte
	}{
		{"second CONNECT", []byte{0x10, 15, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 3, 'd', 'e', 'v'}},
		{"CONNACK", []byte{0x20, 2, 0, 0}},
		{"PUBLISH QoS 3", []byte{0x36, 5, 0, 1, 't', 0, 1}},
		{"PUBLISH with a wildcard", []byte{0x30, 3, 0, 1, '#'}},
		{"PUBLISH without a topic", []byte{0x30, 2, 0, 0}},
		{"PUBLISH of packet identifier 0", []byte{0x32, 5, 0, 1, 't', 0, 0}},
		{"PUBLISH cut short", []byte{0x30, 2, 0, 9}},
		{"PUBLISH oversize", append([]byte{0x30, 0xbb, 0x7e, 0, 1, 't'}, long...)},
		{"SUBSCRIBE with wrong flags", []byte{0x80, 6, 0, 1, 0, 1, 't', 0}},
		{"SUBSCRIBE to nothing", []byte{0x82, 2, 0, 1}},
		{"SUBSCRIBE QoS 3", []byte{0x82, 6, 0, 1, 0, 1, 't', 3}},
		{"SUBSCRIBE to the empty filter", []byte{0x82, 5, 0, 1, 0, 0, 0}},
		{"SUBSCRIBE of packet identifier 0", []byte{0x82, 6, 0, 0, 0, 1, 't', 0}},
		{"UNSUBSCRIBE from nothing", []byte{0xa2, 2, 0, 1}},
		{"PUBREL with wrong flags", []byte{0x60, 2, 0, 1}},
		{"PUBACK too long", []byte{0x40, 3, 0, 1, 0}},
		{"PINGREQ with a body", []byte{0xc0, 1, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.connect("dev")
			w.raw(tt.data...)
			w.closed()
		})
	}
	w := s.connect("dev")
	w.send(packets.NewControlPacket(packets.Disconnect))
	w.closed()
}

func TestUnacknowledgedMessagesAreBounded(t *testing.T) {
	s := serve(t, nil)
	w := s.connect("dev")
	w.subscribe(map[string]byte{"s/dat": 1})
	go func() { // the answers must be read while the questions are sent
		for range 400 {
			if publishPacket("s/uat", 0, 0).Write(w.Conn) != nil {
				return
			}
		}
	}()
	n := 0
	for ; ; n++ {
		if _, err := packets.ReadPacket(w.Conn); err == io.EOF {
			break
		} else if err != nil {
			break // the broker may reset, with requests of ours unread
		}
	}
	if n != 256 {
		t.Errorf("%d messages without acknowledgement, want 256", n)
	}
}
