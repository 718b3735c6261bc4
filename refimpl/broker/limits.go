package broker

import (
	"cmp"
	"time"
)

// Timeouts bound how long a client may take. A field that is 0 has its default.
type Timeouts struct {
	// Handshake bounds the TLS handshake. Default 10 s.
	Handshake time.Duration `yaml:"handshake"`
	// Connect bounds the silence between the handshake and the CONNECT packet. Default 10 s.
	Connect time.Duration `yaml:"connect"`
	// Packet bounds the time from the first byte of a packet to its last. Default 10 s.
	Packet time.Duration `yaml:"packet"`
	// Write bounds one write to a client. Default 5 s.
	Write time.Duration `yaml:"write"`
	// Drain bounds how long a connection that the broker ends stays half open, so
	// that the other side can read why. Default 1 s.
	Drain time.Duration `yaml:"drain"`
}

// WithDefaults fills in what is 0.
func (t Timeouts) WithDefaults() Timeouts {
	return Timeouts{
		Handshake: cmp.Or(t.Handshake, 10*time.Second), Connect: cmp.Or(t.Connect, 10*time.Second),
		Packet: cmp.Or(t.Packet, 10*time.Second), Write: cmp.Or(t.Write, 5*time.Second), Drain: cmp.Or(t.Drain, time.Second),
	}
}

// Limits bound how much a client may take. A field that is 0 has its default.
type Limits struct {
	// Connections is how many may be open at a time. The one that has waited longest without
	// being admitted makes room for a new one; where all are admitted the new one is
	// closed. Default: any number.
	Connections int `yaml:"connections"`
	// PerAddress is how many may be open at a time from one IP address; any more are closed.
	// Default: any number.
	PerAddress int `yaml:"connectionsPerAddress"`
	// Chain is how many bytes the certificates of a chain may have together; a longer one is
	// refused before any signature in it is looked at. crypto/tls itself takes 256 KiB.
	// Default 128 KiB, so that the longest common name that fits a Client Identifier is
	// still refused for what it is.
	Chain int `yaml:"chainBytes"`
	// Packet is how many bytes a packet may have after its fixed header; a longer one ends
	// the connection. Default 16184, the real platform's limit on a message.
	Packet int `yaml:"packetBytes"`
	// Connect is the same for CONNECT. Default 327690, room for the largest Client Identifier,
	// Will Message, user name and password that MQTT allows.
	Connect int `yaml:"connectBytes"`
	// Subscriptions is how many a client may have; any more are answered with 0x80.
	// Default 64.
	Subscriptions int `yaml:"subscriptions"`
	// InFlight is how many messages of QoS 1 and 2 may be without acknowledgement in each
	// direction; one more ends the connection. Default 256.
	InFlight int `yaml:"messagesInFlight"`
}

// WithDefaults fills in what is 0.
func (l Limits) WithDefaults() Limits {
	l.Chain = cmp.Or(l.Chain, 128<<10)
	l.Packet = cmp.Or(l.Packet, 16184)
	l.Connect = cmp.Or(l.Connect, 5*(1<<16+2))
	l.Subscriptions = cmp.Or(l.Subscriptions, 64)
	l.InFlight = cmp.Or(l.InFlight, 256)
	return l
}
