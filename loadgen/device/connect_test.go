package device_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// observed ignores what depends on the moment or is covered by tests of its own.
var observed = cmpopts.IgnoreFields(device.Outcome{}, "Times", "Detail", "TLSVersion", "CipherSuite", "AcceptableCAs", "TLSError")

func versions(t *testing.T, test func(t *testing.T, version uint16)) {
	t.Helper()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

// quick keeps the tests of silence short; what else they do must fit in, on a busy machine too.
func quick() device.Timeouts { return device.Timeouts{Response: time.Second} }

func fatal(code uint8) *device.Alert {
	alert := device.NewAlert(code)
	return &alert
}

// patient waits for what the other side is going to do: for its close too where that is expected. What is to pass keeps its bound.
func patient(t device.Timeouts, closer string) device.Timeouts {
	for _, d := range []*time.Duration{&t.Connect, &t.Handshake, &t.Response} {
		if *d == 0 {
			*d = bound
		}
	}
	if closer == device.ByPeer {
		t.Close = bound
	}
	return t
}

// ending is a server that ends the attempt in its way, and what is to be observed of it.
type ending struct {
	name     string
	script   func(net.Conn)
	identity *device.Identity
	timeouts device.Timeouts
	settle   time.Duration
	want12   device.Outcome
	want13   device.Outcome // like want12 where empty
	anyClose bool           // FIN or RST, as the server had read CONNECT before it closed or not
	refused  bool
}

// TestOutcome plays servers that end the attempt in each way there is once they have got as far as a certificate.
func TestOutcome(t *testing.T) {
	ca := newAuthority(t, "ca")
	base := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequireAnyClientCert}
	refusing := base.Clone()
	refusing.ClientAuth, refusing.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool()
	good := ca.device(t, "d", false)
	for _, tt := range slices.Concat(
		tlsEndings(good, ca.device(t, "d", true), base, refusing), connackEndings(good, base), noConnackEndings(good, base),
	) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			versions(t, func(t *testing.T, version uint16) {
				want := tt.want12
				if version == tls.VersionTLS13 && tt.want13.Layer != "" {
					want = tt.want13
				}
				options := []cmp.Option{observed}
				if tt.anyClose {
					options = append(options, cmpopts.IgnoreFields(device.Outcome{}, "Close"))
				}
				want.CertificateRequested, want.CertificateSent = true, tt.identity != nil
				d, got, err := device.Connect(t.Context(), device.Config{
					Address: serve(t, tt.script), RootCAs: ca.pool(), Identity: tt.identity, ClientID: "d", Timeouts: patient(tt.timeouts, want.ClosedBy),
					MinVersion: version, MaxVersion: version, Settle: tt.settle,
				})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, options...); diff != "" {
					t.Errorf("outcome differs (-want +got):\n%s%s", diff, got.Detail)
				}
				if got.Refused() != tt.refused || (d != nil) != got.Admitted() || got.TLSVersion != version || got.Detail == "" {
					t.Errorf("refused %t, device %t, %s: %q", got.Refused(), d != nil, tls.VersionName(got.TLSVersion), got.Detail)
				}
				if d != nil {
					d.Close()
				}
			})
		})
	}
}

// tlsEndings are those decided by the certificate.
func tlsEndings(good, expired *device.Identity, base, refusing *tls.Config) []ending {
	zero := byte(0)
	return []ending{
		{
			name: "admitted", script: overTLS(base, platform), identity: good,
			want12: device.Outcome{Layer: device.LayerAdmitted, ReturnCode: &zero},
		},
		{
			name: "admitted after the settle time", script: overTLS(base, platform), identity: good, settle: 50 * time.Millisecond,
			want12: device.Outcome{Layer: device.LayerAdmitted, ReturnCode: &zero},
		},
		{
			name: "expired certificate", script: overTLS(refusing, platform), identity: expired, refused: true,
			want12: device.Outcome{Layer: device.LayerTLSHandshake, Alert: fatal(45), ClosedBy: "peer", Close: "fin"},
			want13: device.Outcome{Layer: device.LayerTLSPostHandshake, Alert: fatal(45), ClosedBy: "peer"}, anyClose: true,
		},
		{
			name: "expired certificate, listened for", script: overTLS(refusing, platform), identity: expired, refused: true,
			settle: bound,
			want12: device.Outcome{Layer: device.LayerTLSHandshake, Alert: fatal(45), ClosedBy: "peer", Close: "fin"},
			want13: device.Outcome{Layer: device.LayerTLSPostHandshake, Alert: fatal(45), ClosedBy: "peer", Close: "fin"},
		},
		{
			name: "no certificate", script: overTLS(base, platform), refused: true, settle: bound,
			want12: device.Outcome{Layer: device.LayerTLSHandshake, Alert: fatal(40), ClosedBy: "peer", Close: "fin"},
			want13: device.Outcome{Layer: device.LayerTLSPostHandshake, Alert: fatal(116), ClosedBy: "peer", Close: "fin"},
		},
		{
			name: "closed after the handshake without alert", identity: good, refused: true, settle: bound,
			script:   overTLS(base, func(*tls.Conn) {}),
			anyClose: true,
			want12:   device.Outcome{Layer: device.LayerMQTTClose, ClosedBy: "peer"},
			want13:   device.Outcome{Layer: device.LayerTLSPostHandshake, ClosedBy: "peer", Close: "fin"},
		},
	}
}

// connackEndings are those where CONNACK refuses.
func connackEndings(good *device.Identity, base *tls.Config) []ending {
	five := byte(5)
	return []ending{
		{
			name: "CONNACK 5", script: overTLS(base, answerCONNECT(0x20, 2, 0, 5)), identity: good, refused: true,
			want12: device.Outcome{
				Layer: device.LayerMQTTConnack, ReturnCode: &five, ClosedBy: "peer", Close: "fin",
			},
		},
		{
			name: "CONNACK 5 and left open", identity: good, refused: true,
			script: overTLS(base, func(conn *tls.Conn) { answerCONNECT(0x20, 2, 0, 5)(conn); stall(conn) }),
			want12: device.Outcome{Layer: device.LayerMQTTConnack, ReturnCode: &five, ClosedBy: "tester"},
		},
		{
			name: "CONNACK 5 with more behind it", identity: good, refused: true,
			script: overTLS(base, answerCONNECT(0x20, 2, 1, 5, 0xd0, 0)),
			want12: device.Outcome{
				Layer: device.LayerMQTTConnack, ReturnCode: &five, SessionPresent: true, ClosedBy: "peer", Close: "fin",
				Violations: []string{
					"CONNACK 5 with Session Present, MQTT-3.2.2-4", "PINGRESP after a CONNACK that refuses",
				},
			},
		},
	}
}

// noConnackEndings are those where CONNACK is due and does not come whole.
func noConnackEndings(good *device.Identity, base *tls.Config) []ending {
	return []ending{
		{
			name: "close_notify in place of CONNACK", identity: good, refused: true,
			script: overTLS(base, func(conn *tls.Conn) { answerCONNECT()(conn); conn.Close() }),
			want12: device.Outcome{Layer: device.LayerMQTTClose, ClosedBy: "peer", Close: "fin", CloseNotify: true},
		},
		{
			name: "closed in place of CONNACK", script: overTLS(base, answerCONNECT()), identity: good, refused: true,
			want12: device.Outcome{Layer: device.LayerMQTTClose, ClosedBy: "peer", Close: "fin"},
		},
		{
			name: "reset in place of CONNACK", identity: good, refused: true,
			script: overTLS(base, func(conn *tls.Conn) { answerCONNECT()(conn); cutHard(conn.NetConn()) }),
			want12: device.Outcome{Layer: device.LayerMQTTClose, ClosedBy: "peer", Close: "rst"},
		},
		{
			name: "half a CONNACK, then closed", script: overTLS(base, answerCONNECT(0x20, 2)), identity: good, refused: true,
			want12: device.Outcome{Layer: device.LayerMQTTClose, ClosedBy: "peer", Close: "fin"},
		},
		{
			name: "half a CONNACK, then silence", identity: good, timeouts: quick(),
			script: overTLS(base, func(conn *tls.Conn) { answerCONNECT(0x20, 2, 0)(conn); stall(conn) }),
			want12: device.Outcome{Layer: device.LayerMQTTConnack, ClosedBy: "tester", TimedOut: true},
		},
		{
			name: "silence after CONNECT", script: overTLS(base, func(conn *tls.Conn) { stall(conn) }), identity: good, timeouts: quick(),
			want12: device.Outcome{Layer: device.LayerMQTTConnack, ClosedBy: "tester", TimedOut: true},
		},
		{
			name: "another packet in place of CONNACK", script: overTLS(base, answerCONNECT(0xd0, 0)), identity: good,
			want12: device.Outcome{
				Layer: device.LayerMQTTConnack, ClosedBy: "tester",
				Violations: []string{"PINGRESP in place of CONNACK, MQTT-3.2.0-1"},
			},
		},
		{
			name: "oversize packet in place of CONNACK", identity: good,
			script: overTLS(base, answerCONNECT(0x30, 0xff, 0xff, 0xff, 0x7f)),
			want12: device.Outcome{
				Layer: device.LayerMQTTConnack, ClosedBy: "tester",
				Violations: []string{"PUBLISH of 268435455 bytes, more than the 1048576 allowed for"},
			},
		},
	}
}

// deadEnd is a server with which no handshake gets done.
type deadEnd struct {
	name     string
	script   func(net.Conn)
	timeouts device.Timeouts
	server   string
	want     device.Outcome
	says     string
	refused  bool
}

// TestNoHandshake plays servers that never get as far as a certificate.
func TestNoHandshake(t *testing.T) {
	ca := newAuthority(t, "ca")
	for _, tt := range deadEnds(t, ca, newAuthority(t, "foreign")) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, got, err := device.Connect(t.Context(), device.Config{
				Address: serve(t, tt.script), ServerName: tt.server, RootCAs: ca.pool(), Identity: ca.device(t, "d", false),
				Timeouts: patient(tt.timeouts, tt.want.ClosedBy),
			})
			if err != nil {
				t.Fatal(err)
			}
			options := []cmp.Option{observed}
			if tt.want.Close == "" && tt.want.ClosedBy == "peer" {
				// The ClientHello may still have been unread when the server closed, which makes a RST of the FIN.
				options = append(options, cmpopts.IgnoreFields(device.Outcome{}, "Close"))
			} else if tt.says != "" && got.Detail != tt.says {
				t.Errorf("detail %q, want %q", got.Detail, tt.says)
			}
			if diff := cmp.Diff(tt.want, got, options...); diff != "" {
				t.Errorf("outcome differs (-want +got):\n%s%s", diff, got.Detail)
			}
			if got.Refused() != tt.refused {
				t.Errorf("refused %t", got.Refused())
			}
			if (got.TLSError != "") != (tt.want.ClosedBy == "tester" && tt.want.Alert == nil && !tt.want.TimedOut) {
				t.Errorf("TLS error %q", got.TLSError)
			}
		})
	}
}

// deadEnds has certificates of the CA that the device trusts and of one that it does not.
func deadEnds(t *testing.T, ca, foreign *authority) []deadEnd {
	t.Helper()
	return []deadEnd{
		{
			name: "closes at once", script: func(net.Conn) {}, refused: true,
			want: device.Outcome{Layer: device.LayerTLSHandshake, ClosedBy: "peer"},
			says: "connection ended during the handshake without an alert, closed by the peer",
		},
		{
			name: "resets", script: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)); cutHard(conn) }, refused: true,
			want: device.Outcome{Layer: device.LayerTLSHandshake, ClosedBy: "peer", Close: "rst"},
			says: "connection ended during the handshake without an alert, closed by the peer (rst)",
		},
		{
			name: "stalls", script: stall, timeouts: device.Timeouts{Handshake: 300 * time.Millisecond},
			want: device.Outcome{Layer: device.LayerTLSHandshake, ClosedBy: "tester", TimedOut: true},
			says: "no answer in time during the handshake",
		},
		{
			name: "answers in plain text", script: func(conn net.Conn) { write(conn, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")...); stall(conn) },
			want: device.Outcome{Layer: device.LayerTLSHandshake, ClosedBy: "tester"},
			says: `the tester refused the server: first record does not look like a TLS handshake: "HTTP/", closed by the tester`,
		},
		{
			name: "an alert that Go has no text for", script: func(conn net.Conn) { write(conn, 21, 3, 3, 0, 2, 2, 41); stall(conn) }, refused: true,
			want: device.Outcome{Layer: device.LayerTLSHandshake, Alert: fatal(41), ClosedBy: "tester"},
			says: "alert no_certificate (41) during the handshake, closed by the tester",
		},
		{
			name: "an alert that nobody has a name for", script: func(conn net.Conn) { write(conn, 21, 3, 3, 0, 2, 2, 199) }, refused: true,
			want: device.Outcome{Layer: device.LayerTLSHandshake, Alert: fatal(199), ClosedBy: "peer"},
		},
		{
			name:   "a certificate of a foreign CA",
			script: overTLS(&tls.Config{Certificates: []tls.Certificate{foreign.server(t)}}, platform),
			want:   device.Outcome{Layer: device.LayerTLSHandshake, LocalAlert: fatal(42), ClosedBy: "tester"},
		},
		{
			name:   "a certificate for another name",
			script: overTLS(&tls.Config{Certificates: []tls.Certificate{ca.server(t, "right.example")}}, platform), server: "wrong.example",
			want: device.Outcome{Layer: device.LayerTLSHandshake, LocalAlert: fatal(42), ClosedBy: "tester"},
		},
	}
}

func TestServerName(t *testing.T) {
	ca := newAuthority(t, "ca")
	names := make(chan string, 1)
	config := &tls.Config{
		Certificates: []tls.Certificate{ca.server(t, "mqtt.example")},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			names <- hello.ServerName
			return nil, nil
		},
	}
	address := serve(t, overTLS(config, platform))
	for _, tt := range []struct{ name, sni string }{{"", ""}, {"mqtt.example", "mqtt.example"}} {
		d := mustConnect(t, device.Config{Address: address, ServerName: tt.name, RootCAs: ca.pool()})
		if got := <-names; got != tt.sni {
			t.Errorf("server name %q: SNI %q, want %q", tt.name, got, tt.sni)
		}
		d.Close()
	}
}

// TestAcceptableCAs has a server name CAs that did not issue the device's certificate: it is sent all the same.
func TestAcceptableCAs(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	versions(t, func(t *testing.T, version uint16) {
		chains := make(chan [][]byte, 1)
		config := &tls.Config{
			Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequireAnyClientCert, ClientCAs: other.pool(),
			VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
				chains <- chain
				return nil
			},
		}
		identity := ca.device(t, "d", false)
		d, got, err := device.Connect(t.Context(), device.Config{
			Address: serve(t, overTLS(config, platform)), RootCAs: ca.pool(), Identity: identity, MinVersion: version, MaxVersion: version,
		})
		if err != nil || d == nil {
			t.Fatalf("%s, %v", got.Detail, err)
		}
		defer d.Close()
		if diff := cmp.Diff([][]byte{other.cert.RawSubject}, got.AcceptableCAs); diff != "" {
			t.Errorf("acceptable CAs differ:\n%s", diff)
		}
		if diff := cmp.Diff(identity.Chain, <-chains); diff != "" {
			t.Errorf("chain differs:\n%s", diff)
		}
	})
}

// TestResumption resumes only where a cache is given, and then no certificate is asked for.
func TestResumption(t *testing.T) {
	ca := newAuthority(t, "ca")
	versions(t, func(t *testing.T, version uint16) {
		config := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool()}
		cfg := device.Config{
			Address: serve(t, overTLS(config, platform)), RootCAs: ca.pool(), Identity: ca.device(t, "d", false),
			MinVersion: version, MaxVersion: version,
		}
		for i, cache := range []tls.ClientSessionCache{nil, nil, tls.NewLRUClientSessionCache(1), nil} {
			if i < 3 {
				cfg.TLS.Sessions = cache // the last attempt has the cache of the one before
			}
			d, got, err := device.Connect(t.Context(), cfg)
			if err != nil || d == nil {
				t.Fatalf("%s, %v", got.Detail, err)
			}
			d.Close()
			if resumed := i == 3; got.Resumed != resumed || got.CertificateRequested == resumed {
				t.Errorf("attempt %d: resumed %t, certificate requested %t", i, got.Resumed, got.CertificateRequested)
			}
		}
	})
}

// TestFloodAfterRefusal bounds what is kept of a platform that goes on talking after CONNACK 5.
func TestFloodAfterRefusal(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "ca")
	_, got, err := device.Connect(t.Context(), device.Config{
		Address: serve(t, overTLS(&tls.Config{Certificates: []tls.Certificate{ca.server(t)}}, func(conn *tls.Conn) {
			answerCONNECT(0x20, 2, 0, 5)(conn)
			for {
				if _, err := conn.Write([]byte{0xd0, 0}); err != nil {
					return
				}
			}
		})), RootCAs: ca.pool(), Timeouts: device.Timeouts{Close: time.Second},
	})
	if err != nil || !got.Refused() || got.ClosedBy != device.ByTester || got.TimedOut || len(got.Violations) != 16 {
		t.Errorf("%s with %d violations, %v", got.Detail, len(got.Violations), err)
	}
}
