package main

import (
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/suites/target"
)

// A relay stands before one port of a platform: it makes the way longer, or treats
// connections as a hostile platform would.
type relay struct {
	upstream string
	// delay is how long each byte is on its way, there and back alike, give or take
	// the jitter.
	delay, jitter time.Duration
	// seize is asked about each connection, counted from 1; true says that it has
	// dealt with it. Nil: never.
	seize func(n int, conn net.Conn) bool

	count atomic.Int64
	down  atomic.Bool // connections are closed at once

	mu       sync.Mutex // guards what follows
	conns    []net.Conn
	listener net.Listener
}

// stop is what a platform does that goes down: nothing listens any more.
func (r *relay) stop() {
	r.cut()
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.listener.Close()
}

// cut closes all connections and every one that comes, until mend.
func (r *relay) cut() {
	r.down.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.Close()
	}
	r.conns = nil
}

func (r *relay) mend() { r.down.Store(false) }

// listen starts the relay; it ends with the test.
func (r *relay) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	r.mu.Lock()
	r.listener = l
	r.mu.Unlock()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(conn)
		}
	}()
	return l.Addr().String()
}

func (r *relay) serve(conn net.Conn) {
	defer conn.Close()
	if r.down.Load() {
		return
	}
	r.mu.Lock()
	r.conns = append(r.conns, conn)
	r.mu.Unlock()
	if n := int(r.count.Add(1)); r.seize != nil && r.seize(n, conn) {
		return
	}
	time.Sleep(r.way() + r.way()) // the TCP handshake of a connection that long
	up, err := net.Dial("tcp", r.upstream)
	if err != nil {
		return
	}
	defer up.Close()
	var both sync.WaitGroup
	both.Go(func() { r.carry(up, conn) })
	both.Go(func() { r.carry(conn, up) })
	both.Wait()
}

// way is how long something is on its way just now.
func (r *relay) way() time.Duration {
	if r.jitter == 0 {
		return r.delay
	}
	return r.delay - r.jitter + rand.N(2*r.jitter)
}

// carry copies one direction. What was sent earlier arrives earlier, however much
// is on the way; a reset arrives as a reset.
func (r *relay) carry(to, from net.Conn) {
	type piece struct {
		data []byte
		due  time.Time
	}
	way := make(chan piece, 1024)
	var due time.Time
	arrives := func() time.Time { // in order, as TCP has it
		if at := time.Now().Add(r.way()); at.After(due) {
			due = at
		}
		return due
	}
	go func() {
		defer close(way)
		for {
			buffer := make([]byte, 16<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				way <- piece{buffer[:n], arrives()}
			}
			if err != nil {
				if err != io.EOF {
					_ = to.(*net.TCPConn).SetLinger(0)
				}
				way <- piece{nil, arrives()}
				return
			}
		}
	}()
	for p := range way {
		time.Sleep(time.Until(p.due))
		if p.data == nil {
			_ = to.(*net.TCPConn).CloseWrite()
			continue
		}
		_, _ = to.Write(p.data) // who has gone away gets nothing more
	}
}

// behind puts relays before all ports of a platform and returns the target file
// that leads through them. Of the MQTT port it is the relay given, the first. More
// is what the target file says besides.
func behind(t *testing.T, platform ready, mqtt *relay, more ...string) (string, []*relay) {
	t.Helper()
	data, err := os.ReadFile(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	mqtt.upstream = platform.MQTT
	text = strings.ReplaceAll(text, platform.MQTT, mqtt.listen(t))
	relays := []*relay{mqtt}
	for _, address := range []string{platform.REST, platform.Management} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(u.Host)
		r := &relay{upstream: net.JoinHostPort("127.0.0.1", port), delay: mqtt.delay, jitter: mqtt.jitter}
		relays = append(relays, r)
		_, other, _ := net.SplitHostPort(r.listen(t))
		text = strings.ReplaceAll(text, u.Host, strings.TrimSuffix(u.Host, port)+other)
	}
	file := filepath.Join(filepath.Dir(platform.Target), "behind.yaml")
	write(t, file, []byte(text+strings.Join(more, "\n")))
	system, err := target.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	system.REST.Close()
	return file, relays
}
