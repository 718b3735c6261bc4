package broker_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/broker"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// BenchmarkToken asks for tokens over TLS, many at a time so that it is the broker that is
// measured and not the round trip. The clients' share of the CPU is part of the figure.
func BenchmarkToken(b *testing.B) {
	b.Run("token=cached", func(b *testing.B) { askForTokens(b, serve(b, nil)) })
	b.Run("token=signed", func(b *testing.B) {
		askForTokens(b, serve(b, func(c *broker.Config) { c.Tokens = neverTheSame(b, c.Registry) }))
	})
}

// neverTheSame returns an issuer whose clock goes on by a token's lifetime whenever it is
// looked at, so that every token is a new one.
func neverTheSame(b *testing.B, r *registry.Registry) *token.Issuer {
	b.Helper()
	var looked atomic.Int64
	tokens, err := token.New(token.Config{Host: "localhost", Options: r, Now: func() time.Time {
		return time.Unix(1_700_000_000, 0).Add(time.Duration(looked.Add(1)) * token.DefaultLifetime)
	}})
	if err != nil {
		b.Fatal(err)
	}
	return tokens
}

func askForTokens(b *testing.B, s *stand) {
	b.Helper()
	const clients, batch = 8, 64
	wires := make([]*wire, clients)
	for i := range wires {
		wires[i] = s.connect(fmt.Sprint("dev", i))
		wires[i].subscribe(map[string]byte{"s/dat": 0})
		_ = wires[i].SetDeadline(time.Time{})
	}
	var request bytes.Buffer
	for range batch {
		if err := publishPacket("s/uat", 0, 0).Write(&request); err != nil {
			b.Fatal(err)
		}
	}
	answer := answerLength(b, wires[0])
	rounds, before := 0, cpuTime(b)
	for b.Loop() {
		rounds++
		var wait sync.WaitGroup
		for _, w := range wires {
			wait.Go(func() {
				if _, err := w.Write(request.Bytes()); err != nil {
					b.Error(err)
				}
				if _, err := io.CopyN(io.Discard, w, int64(batch*answer)); err != nil {
					b.Error(err)
				}
			})
		}
		wait.Wait()
	}
	tokens := float64(rounds * clients * batch)
	b.ReportMetric(tokens/b.Elapsed().Seconds(), "tokens/s")
	b.ReportMetric(tokens/(cpuTime(b)-before).Seconds(), "tokens/CPU-s")
}

// cpuTime returns what this process has had of the CPU. It says what the broker can do where
// the machine has other things to do as well.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// answerLength returns how many bytes one token takes on the wire.
func answerLength(b *testing.B, w *wire) int {
	b.Helper()
	w.send(publishPacket("s/uat", 0, 0))
	var buf bytes.Buffer
	p := w.receive()
	if err := p.Write(&buf); err != nil {
		b.Fatal(err)
	}
	return buf.Len()
}

// idleClientsVariable holds what the clients of BenchmarkIdle need to know, in the process
// that they have to themselves.
const idleClientsVariable = "CHAINMAIL_IDLE_CLIENTS"

// BenchmarkIdle connects devices, each with a certificate of its own, and tells what one of
// them costs the server's process while it does nothing, beside another broker on the same
// library of packets.
func BenchmarkIdle(b *testing.B) {
	for _, devices := range []int{1000, 10000} {
		for _, by := range []string{"chainmail", "mochi"} {
			b.Run(fmt.Sprintf("devices=%d/by=%s", devices, by), func(b *testing.B) {
				for b.Loop() {
					b.ReportMetric(idle(b, by, devices)/1024, "KiB/connection")
				}
			})
		}
	}
}

// idle returns the bytes of heap and stacks per connection.
func idle(b *testing.B, by string, devices int) float64 {
	b.Helper()
	s := serve(b, nil)
	address := s.address
	if by == "mochi" {
		address = serveMochi(b, s)
	}
	before := inUse()
	seed, now := s.factory.Seed(), s.factory.Now()
	clients := exec.CommandContext(b.Context(), os.Args[0])
	clients.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s %d", idleClientsVariable, seed, now.Unix(), address, devices))
	clients.Stderr = os.Stderr
	hold, err := clients.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	ready, err := clients.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := clients.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		hold.Close()
		_ = clients.Wait()
	}()
	if _, err := io.ReadFull(ready, make([]byte, len("ready\n"))); err != nil {
		b.Fatalf("clients: %v", err)
	}
	return float64(inUse()-before) / float64(devices)
}

// inUse returns the bytes of heap and stacks after what is not needed has gone.
func inUse() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// admitAll is the hook by which the other broker asks nobody who they are.
type admitAll struct{ mochi.HookBase }

func (admitAll) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}
func (admitAll) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (admitAll) OnACLCheck(*mochi.Client, string, bool) bool              { return true }

// serveMochi starts the other broker, with the same certificate and the same demand for one.
func serveMochi(b *testing.B, s *stand) string {
	b.Helper()
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(new(admitAll), nil); err != nil {
		b.Fatal(err)
	}
	listener := listeners.NewTCP(listeners.Config{ID: "tls", Address: "127.0.0.1:0", TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{s.serverCertificate()}, ClientAuth: tls.RequireAnyClientCert, SessionTicketsDisabled: true,
	}})
	if err := server.AddListener(listener); err != nil {
		b.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { server.Close() })
	return listener.Address()
}

// idleClients connects, says that it is ready, and stays until its input ends.
func idleClients(spec string) int {
	var seedText, address string
	var unix int64
	var devices int
	if _, err := fmt.Sscan(spec, &seedText, &unix, &address, &devices); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	seed, err := certfactory.ParseSeed(seedText)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	factory := certfactory.New(seed, time.Unix(unix, 0))
	root := factory.Root("root")
	work, faults := make(chan int), make(chan error, devices)
	conns := make([]*tls.Conn, devices)
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			for i := range work {
				var err error
				if conns[i], err = idleClient(factory, root, address, fmt.Sprint("dev", i)); err != nil {
					faults <- err
				}
			}
		})
	}
	for i := range devices {
		work <- i
	}
	close(work)
	wait.Wait()
	select {
	case err := <-faults:
		fmt.Fprintln(os.Stderr, err)
		return 1
	default:
	}
	fmt.Print("ready\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(conns)
	return 0
}

func idleClient(f *certfactory.Factory, root *certfactory.Certificate, address, name string) (*tls.Conn, error) {
	leaf := f.Device(root, name)
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		return nil, err
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{
		InsecureSkipVerify: true, // it is the server's memory that is measured
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: chain, PrivateKey: leaf.Signer()}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	p := connectPacket(name)
	p.Keepalive = 0
	if err := p.Write(conn); err != nil {
		return nil, err
	}
	answer := make([]byte, 4)
	if _, err := io.ReadFull(conn, answer); err != nil || answer[3] != 0 {
		return nil, fmt.Errorf("%s: CONNACK %x, %w", name, answer, err)
	}
	return conn, nil
}
