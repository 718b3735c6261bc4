package broker_test

import (
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/broker"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// floodVariable makes the test binary a flood of half-open connections: broker and flood are too
// many open files for one process.
const floodVariable = "CHAINMAIL_TEST_FLOOD"

// flood opens connections, says that all are open, and keeps them until its input ends.
func flood(spec string) int {
	var address, helloText string
	var connections int
	if _, err := fmt.Sscan(spec, &address, &connections, &helloText); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	hello, err := hex.DecodeString(helloText)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	conns := make([]net.Conn, connections)
	for i := range conns {
		if conns[i], err = net.Dial("tcp", address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		switch i % 20 {
		case 0: // a handshake that nobody goes on with
			_, _ = conns[i].Write(hello)
		case 1, 2, 3, 4, 5, 6, 7, 8, 9: // half a record
			_, _ = conns[i].Write([]byte{0x16, 3, 1, 2, 0, 1, 0})
		}
	}
	fmt.Print("ready\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(conns)
	return 0
}

// startFlood returns when a flood of half-open connections has come to the broker.
func (s *stand) startFlood(connections int) {
	s.t.Helper()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Max < uint64(connections)+500 {
		s.t.Skipf("a process may have %d files open here, too few for %d connections", files.Max, connections)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %x", floodVariable, s.address, connections, s.clientHello()))
	command.Stderr = os.Stderr
	hold, err := command.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	ready, err := command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		hold.Close()
		_ = command.Wait()
	})
	if _, err := io.ReadFull(ready, make([]byte, len("ready\n"))); err != nil {
		s.t.Fatalf("flood: %v", err)
	}
}

// served expects that a good device gets what it wants.
func (s *stand) served(name string) *wire {
	s.t.Helper()
	w := s.connect(name)
	w.subscribe(map[string]byte{"s/dat": 0})
	w.send(publishPacket("s/uat", 0, 0))
	if w.receive() == nil {
		s.t.Errorf("no token for %s", name)
	}
	return w
}

func TestGoodDeviceGetsInBesideTenThousandHalfOpen(t *testing.T) {
	s := serve(t, func(c *broker.Config) { c.Timeouts.Handshake = time.Minute })
	early := s.connect("early")
	s.startFlood(10_000)
	s.served("late").alive()
	early.alive()
}

// A broker that is full of those who say nothing has room for who does.
func TestGoodDeviceGetsInWhereTheBrokerIsFull(t *testing.T) {
	reasons := newReasons()
	s := serve(t, func(c *broker.Config) {
		c.Timeouts.Handshake, c.Limits.Connections, c.Observe = time.Minute, 20, reasons.observe
	})
	early := s.connect("early")
	s.startFlood(500)
	s.served("late").alive()
	early.alive()
	if reasons.count("made-room") == 0 {
		t.Error("nobody made room: was the broker full?")
	}
}

func TestFullOfAdmittedTurnsAway(t *testing.T) {
	reasons := newReasons()
	s := serve(t, func(c *broker.Config) { c.Limits.Connections, c.Observe = 3, reasons.observe })
	devices := []*wire{s.connect("a"), s.connect("b"), s.connect("c")}
	s.turnedAway()
	if reasons.count("too-many-connections") != 1 { // told before the end
		t.Errorf("reasons %v", reasons.all())
	}
	for _, w := range devices {
		w.alive()
	}
	devices[0].Close()
	s.connectLater("d").alive() // its place is free a moment after the end was told
}

// connectLater connects a good device as soon as there is room for it.
func (s *stand) connectLater(name string) *wire {
	s.t.Helper()
	dialer := tls.Dialer{Config: s.client(s.device(name))}
	for ended := time.Now().Add(bound); time.Now().Before(ended); {
		conn, err := dialer.DialContext(s.t.Context(), "tcp", s.address)
		if err != nil {
			continue
		}
		s.t.Cleanup(func() { conn.Close() })
		_ = conn.SetDeadline(ended)
		w := &wire{s.t, conn.(*tls.Conn)}
		w.send(connectPacket(name))
		if code := w.connack(); code != 0 {
			s.t.Fatalf("%s: return code %d", name, code)
		}
		return w
	}
	s.t.Fatalf("no room for %s within %v", name, bound)
	return nil
}

func TestConnectionsOfOneAddressAreBounded(t *testing.T) {
	reasons := newReasons()
	s := serve(t, func(c *broker.Config) { c.Limits.PerAddress, c.Observe = 1, reasons.observe })
	w := s.connect("a")
	s.turnedAway()
	if reasons.count("too-many-connections-of-one-address") != 1 {
		t.Errorf("reasons %v", reasons.all())
	}
	w.alive()
}

// turnedAway expects that a new connection is closed without a word.
func (s *stand) turnedAway() {
	s.t.Helper()
	conn := s.connection()
	if n, err := conn.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		s.t.Errorf("read %d, %v, want the end of the connection", n, err)
	}
}

// A chain of more bytes than the limit is not walked: the anchor above it does not help.
func TestLargeChainIsRefusedUnseen(t *testing.T) {
	reasons := newReasons()
	s := serve(t, func(c *broker.Config) { c.Limits.Chain, c.Observe = 900, reasons.observe })
	device := s.device("dev")
	size := 0
	for _, der := range device.Certificate {
		size += len(der)
	}
	for _, tt := range []struct {
		name    string
		more    int // certificates that stand behind the good chain
		refused trust.Reason
	}{{"within", 0, ""}, {"one more", 1, "oversize"}, {"many more", 100, "oversize"}} {
		t.Run(tt.name, func(t *testing.T) {
			chain := *device
			chain.Certificate = slices.Concat(chain.Certificate, slices.Repeat(chain.Certificate[1:], tt.more))
			w := s.dial(&chain)
			_ = connectPacket("dev").Write(w)
			_, err := w.Read(make([]byte, 4))
			if (err != nil) != (tt.refused != "") {
				t.Fatalf("%d bytes, %d certificates: %v", size, len(chain.Certificate), err)
			}
			for tt.refused != "" && reasons.count(tt.refused) == 0 {
				runtime.Gosched() // the alert may be here before the broker has told
			}
		})
	}
}

// What TLS itself refuses does not come to us.
func TestHugeChainIsRefusedByTLS(t *testing.T) {
	reasons := newReasons()
	s := serve(t, func(c *broker.Config) { c.Observe = reasons.observe })
	device := s.device("dev")
	device.Certificate = slices.Concat(device.Certificate, slices.Repeat(device.Certificate[1:], 1000))
	w := s.dial(device)
	if _, err := w.Read(make([]byte, 4)); err == nil {
		t.Error("admitted")
	}
	for reasons.count("tls") == 0 {
		runtime.Gosched()
	}
	s.connect("good").alive()
}

func TestLimitsOfPacketsAndMessages(t *testing.T) {
	reasons := newReasons()
	s := serve(t, func(c *broker.Config) {
		c.Limits.Packet, c.Limits.Connect, c.Limits.Subscriptions, c.Limits.InFlight, c.Observe = 100, 50, 1, 1, reasons.observe
	})
	t.Run("packet", func(t *testing.T) {
		w := s.connect("a")
		w.raw(0x30, 101, 0)
		w.closed()
	})
	t.Run("CONNECT", func(t *testing.T) {
		w := s.dial(s.device("b"))
		w.raw(0x10, 51, 0)
		w.closed()
		for reasons.count("oversize") == 0 {
			runtime.Gosched()
		}
	})
	t.Run("subscriptions", func(t *testing.T) {
		w := s.connect("c")
		codes := w.subscribe(map[string]byte{"s/dat": 0, "s/ds": 0})
		if codes["s/dat"]+codes["s/ds"] != 0x80 {
			t.Errorf("return codes %v, want one failure", codes)
		}
	})
	t.Run("messages", func(t *testing.T) {
		w := s.connect("d")
		w.send(publishPacket("s/us", 2, 1))
		w.receive()
		w.send(publishPacket("s/us", 2, 2))
		w.closed()
	})
}

// Texts that a client chooses are not kept whole: thousands of events are remembered.
func TestEventsAreShort(t *testing.T) {
	events := make(chan broker.Event, 4)
	s := serve(t, func(c *broker.Config) { c.Observe = func(e broker.Event) { events <- e } })
	w := s.dial(s.device("dev"))
	w.send(connectPacket(string(slices.Repeat([]byte("x"), 60_000))))
	if code := w.connack(); code != 2 {
		t.Errorf("return code %d", code)
	}
	if e := <-events; len(e.ClientID) > 200 || len(e.Detail) > 200 || e.ClientID[0] != 'x' {
		t.Errorf("client id of %d bytes, detail of %d", len(e.ClientID), len(e.Detail))
	}
}

// reasons counts refusals by their reason.
type reasons struct {
	mu   sync.Mutex // guards both
	seen map[trust.Reason]int
	gone int
}

func newReasons() *reasons { return &reasons{seen: map[trust.Reason]int{}} }

func (r *reasons) observe(e broker.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case broker.Ended:
		r.gone++
	case broker.Refused, broker.HandshakeRefused, broker.TurnedAway:
		r.seen[e.Reason]++
	}
}

func (r *reasons) count(reason trust.Reason) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[reason]
}

func (r *reasons) all() map[trust.Reason]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}
