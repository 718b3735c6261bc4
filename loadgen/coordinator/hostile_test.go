package coordinator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// listen plays script on each connection, in a goroutine of its own. At the end of the
// test all are cut and awaited.
func listen(t *testing.T, script func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cut := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				script(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		cut()
		running.Wait()
	})
	return listener.Addr().String()
}

// loadgenClosed is an endpoint at which nobody listens, nor can until the end of the
// test: it is one end of a connection.
func loadgenClosed(t *testing.T) loadgen.Endpoint {
	t.Helper()
	conn, err := net.Dial("tcp", listen(t, stall))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return loadgen.Endpoint{Address: conn.LocalAddr().String(), ServerName: "localhost"}
}

// serverTLS is a server's side of mutual TLS under a CA that the job trusts.
func serverTLS(t *testing.T, job *loadgen.Job) *tls.Config {
	t.Helper()
	factory := certfactory.New(certfactory.NewSeed(), time.Now())
	root := factory.Root("test server CA")
	leaf := factory.Device(root, "localhost", certfactory.With(func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"localhost"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}))
	der, err := leaf.DER()
	if err != nil {
		t.Fatal(err)
	}
	anchor, err := root.DER()
	if err != nil {
		t.Fatal(err)
	}
	job.Target.ServerName, job.Target.Roots = "localhost", string(certfactory.PEM(anchor))
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: leaf.Signer()}},
		ClientAuth:   tls.RequireAnyClientCert, SessionTicketsDisabled: true,
	}
}

// admit reads CONNECT and answers CONNACK 0.
func admit(conn net.Conn) bool {
	return readPacket(conn) == 1 && write(conn, 0x20, 2, 0, 0)
}

// subscribed admits a device and grants it its first subscription.
func subscribed(conn net.Conn) bool {
	return admit(conn) && readPacket(conn) == 8 && write(conn, 0x90, 3, 0, 1, 0)
}

// writeToken sends a token that holds from one second to another.
func writeToken(conn net.Conn, issued, expires int) bool {
	token := "71,e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"iat":%d,"exp":%d}`, issued, expires)) + ".x"
	return write(conn, append([]byte{0x30, byte(7 + len(token)), 0, 5}, "s/dat"+token...)...)
}

// readPacket reads one small Control Packet and returns its type, 0 at the end.
func readPacket(conn net.Conn) byte {
	head := make([]byte, 2)
	if _, err := io.ReadFull(conn, head); err != nil {
		return 0
	}
	length := int(head[1])
	if length >= 0x80 { // of two bytes: a CONNECT with a long client id
		var more [1]byte
		if _, err := io.ReadFull(conn, more[:]); err != nil {
			return 0
		}
		length = length&0x7f | int(more[0])<<7
	}
	if _, err := io.CopyN(io.Discard, conn, int64(length)); err != nil {
		return 0
	}
	return head[0] >> 4
}

func write(conn net.Conn, b ...byte) bool {
	_, err := conn.Write(b)
	return err == nil
}

func stall(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// reset ends a connection with RST.
func reset(conn net.Conn) {
	if over, ok := conn.(*tls.Conn); ok {
		conn = over.NetConn()
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// shortTimeouts bounds a handshake, and each answer, where a server falls silent at a stage.
func shortTimeouts(silent measure.Stage) (handshake, response time.Duration) {
	if silent == measure.StageTLS {
		return time.Second, bound
	}
	return bound, 4 * time.Second // what comes before the silence is bounded by it too
}

// Whatever a server does, every device has its result with the right cause at the
// right stage, in the time that the plan allows.
func TestHostileServers(t *testing.T) {
	t.Parallel()
	over := func(script func(net.Conn)) func(*tls.Config) func(net.Conn) {
		return func(config *tls.Config) func(net.Conn) {
			return func(raw net.Conn) {
				if conn := tls.Server(raw, config); conn.Handshake() == nil {
					script(conn)
				}
			}
		}
	}
	plain := func(script func(net.Conn)) func(*tls.Config) func(net.Conn) {
		return func(*tls.Config) func(net.Conn) { return script }
	}
	timeout, fin := measure.Cause{Kind: measure.KindTimeout}, measure.Cause{Kind: measure.KindFIN}
	rst, garbage := measure.Cause{Kind: measure.KindReset}, measure.Cause{Kind: measure.KindMalformed}
	for _, tt := range []struct {
		name   string
		server func(*tls.Config) func(net.Conn)
		stage  measure.Stage
		cause  measure.Cause
	}{
		{"black hole", plain(stall), measure.StageTLS, timeout},
		{"half open", plain(func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite(); stall(c) }), measure.StageTLS, fin},
		{"garbage for TLS", plain(func(c net.Conn) { write(c, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")...); stall(c) }), measure.StageTLS, measure.Cause{Kind: measure.KindTLS}},
		{"reset before TLS", plain(func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); reset(c) }), measure.StageTLS, rst},
		{"black hole after TLS", over(stall), measure.StageConnack, timeout},
		{"garbage for CONNACK", over(func(c net.Conn) { readPacket(c); write(c, 0x20, 2, 7, 0); stall(c) }), measure.StageConnack, garbage},
		{"reset for CONNACK", over(func(c net.Conn) { readPacket(c); reset(c) }), measure.StageConnack, rst},
		{"CONNACK 3", over(func(c net.Conn) { readPacket(c); write(c, 0x20, 2, 0, 3); stall(c) }), measure.StageConnack, measure.ReturnCode(3)},
		{"black hole for SUBACK", over(func(c net.Conn) { admit(c); stall(c) }), measure.StageSuback, timeout},
		{"SUBACK 128", over(func(c net.Conn) { admit(c); readPacket(c); write(c, 0x90, 3, 0, 1, 0x80); stall(c) }), measure.StageSuback, measure.SubackCode(128)},
		{"garbage for SUBACK", over(func(c net.Conn) { admit(c); readPacket(c); write(c, 0x90, 0); stall(c) }), measure.StageSuback, garbage},
		{"reset for SUBACK", over(func(c net.Conn) { admit(c); readPacket(c); reset(c) }), measure.StageSuback, rst},
		{"closed for a token", over(func(c net.Conn) { subscribed(c); readPacket(c) }), measure.StageToken, fin},
		{"black hole for a token", over(func(c net.Conn) { subscribed(c); stall(c) }), measure.StageToken, timeout},
		{"reset for a token", over(func(c net.Conn) { subscribed(c); readPacket(c); reset(c) }), measure.StageToken, rst},
		{"no token", over(func(c net.Conn) {
			subscribed(c)
			readPacket(c)
			write(c, append([]byte{0x30, 9, 0, 5}, "s/datx,"...)...)
			stall(c)
		}), measure.StageToken, measure.Cause{Kind: measure.KindToken}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plan := testPlan(3, 100)
			plan.TLS.Max = "1.2"     // so that the server's handshake is done when the device's is
			if tt.cause == timeout { // the one that is to pass; others come before it
				plan.Timeouts.Handshake, plan.Timeouts.Response = shortTimeouts(tt.stage)
			}
			job := newJob(plan)
			job.Target.Address = listen(t, tt.server(serverTLS(t, job)))
			r := mustRun(t, config(t, job))
			mustAccount(t, r, 3)
			if failed := r.Totals.Results[measure.Good][measure.ResultFailed]; failed != 3 {
				t.Errorf("%d devices failed, want 3", failed)
			}
			var found uint64
			for key, n := range r.Totals.Causes {
				if key.Stage == tt.stage && key.Cause == tt.cause {
					found += n
				}
			}
			if found != 3 {
				t.Errorf("causes %v, want 3 of %v at %v", r.Totals.Causes, tt.cause, tt.stage)
			}
		})
	}
}

// The same of the server that tokens are for.
func TestHostileHTTPServers(t *testing.T) {
	t.Parallel()
	asked := func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) { asked(conn); write(conn, []byte(text)...) }
	}
	for _, tt := range []struct {
		name   string
		server func(net.Conn)
		cause  measure.Cause
	}{
		{"black hole", stall, measure.Cause{Kind: measure.KindTimeout}},
		{"closes", asked, measure.Cause{Kind: measure.KindFIN}},
		{"reset", func(c net.Conn) { asked(c); reset(c) }, measure.Cause{Kind: measure.KindReset}},
		{"garbage", say("220 mail.example ESMTP\r\n"), measure.Cause{Kind: measure.KindMalformed}},
		{"garbage in the header", say("HTTP/1.1 200 OK\r\nno header\r\n\r\n"), measure.Cause{Kind: measure.KindMalformed}},
		{"body cut short", say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), measure.Cause{Kind: measure.KindFIN}},
		{"status 503", say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), measure.HTTPStatus(503)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plan := testPlan(3, 100)
			plan.Journey.HTTP.Requests = 2
			job := newJob(plan)
			startPlatform(t, refimpl.Config{}, job)
			job.Plan.Timeouts = loadgen.Timeouts{Connect: bound, Handshake: 2 * time.Second, Response: 2 * time.Second}
			job.Target.HTTP, job.Target.HTTPRoots = "http://"+listen(t, tt.server), ""
			r := mustRun(t, config(t, job))
			mustAccount(t, r, 3)
			outcome := measure.Failed
			if tt.cause.Kind == measure.KindHTTP {
				outcome = measure.Refused
			}
			key := measure.CauseKey{Stage: measure.StageHTTP, Outcome: outcome, Cause: tt.cause}
			if r.Totals.Causes[key] != 3 || len(r.Totals.Causes) != 1 {
				t.Errorf("causes %v, want 3 of %v at http and no other", r.Totals.Causes, tt.cause)
			}
		})
	}
}

func TestClosedPort(t *testing.T) {
	t.Parallel()
	job := newJob(testPlan(4, 100))
	job.Target = loadgenClosed(t)
	r := mustRun(t, config(t, job))
	mustAccount(t, r, 4)
	key := measure.CauseKey{Stage: measure.StageTCP, Outcome: measure.Failed, Cause: measure.Cause{Kind: measure.KindRefused}}
	if r.Totals.Causes[key] != 4 {
		t.Errorf("causes %v, want 4 at a closed port", r.Totals.Causes)
	}
}

// A server whose certificate leads to no anchor of the devices is refused by them.
func TestServerThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	job := newJob(testPlan(4, 100))
	config1 := serverTLS(t, job)
	serverTLS(t, job) // another CA
	job.Target.Address = listen(t, func(raw net.Conn) { _ = tls.Server(raw, config1).Handshake() })
	r := mustRun(t, config(t, job))
	mustAccount(t, r, 4)
	key := measure.CauseKey{Stage: measure.StageTLS, Outcome: measure.Failed, Cause: measure.Cause{Kind: measure.KindServerCertificate}}
	if r.Totals.Causes[key] != 4 {
		t.Errorf("causes %v, want 4 of the server's certificate", r.Totals.Causes)
	}
}

// witness keeps the certificates that devices present.
type witness struct {
	mu   sync.Mutex // guards seen
	seen [][]byte
}

// newWitness admits every device of the job and keeps its certificate.
func newWitness(t *testing.T, job *loadgen.Job) *witness {
	t.Helper()
	w := new(witness)
	config := serverTLS(t, job)
	job.Target.Address = listen(t, func(raw net.Conn) {
		conn := tls.Server(raw, config)
		if conn.Handshake() != nil {
			return
		}
		w.mu.Lock()
		w.seen = append(w.seen, conn.ConnectionState().PeerCertificates[0].Raw)
		w.mu.Unlock()
		admit(conn)
		stall(conn)
	})
	return w
}

// leaves returns the certificates in the order in which they were presented.
func (w *witness) leaves() [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}
