package device_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"runtime"
	"testing"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// newPlatform serves the small platform with mutual TLS.
func newPlatform(tb testing.TB, ca *authority, script func(*tls.Conn)) device.Config {
	tb.Helper()
	config := &tls.Config{
		Certificates: []tls.Certificate{ca.server(tb)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool(),
		SessionTicketsDisabled: true,
	}
	return device.Config{
		Address: serve(tb, overTLS(config, script)), RootCAs: ca.pool(), Identity: ca.device(tb, "d", false), ClientID: "d",
	}
}

// BenchmarkConnect includes the server's side, which runs in the same process.
func BenchmarkConnect(b *testing.B) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b.Run("tls="+tls.VersionName(version)[4:], func(b *testing.B) {
			cfg := newPlatform(b, newAuthority(b, "ca"), platform)
			cfg.MinVersion, cfg.MaxVersion = version, version
			b.ReportAllocs()
			for b.Loop() {
				d, outcome, err := device.Connect(context.Background(), cfg)
				if d == nil {
					b.Fatal(outcome.Detail, err)
				}
				if _, err := d.Token(context.Background()); err != nil {
					b.Fatal(err)
				}
				d.Close()
			}
		})
	}
}

// BenchmarkPublish has a server that allocates nothing, so that the allocations are the device's alone.
func BenchmarkPublish(b *testing.B) {
	for qos := range byte(3) {
		b.Run(fmt.Sprintf("qos=%d/size=64", qos), func(b *testing.B) {
			cfg := newPlatform(b, newAuthority(b, "ca"), func(conn *tls.Conn) { answerCONNECT(0x20, 2, 0, 0)(conn); acknowledging(conn) })
			d := mustConnect(b, cfg)
			payload := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Publish(context.Background(), "s/us", payload, qos); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkToken is one request and its answer, server included.
func BenchmarkToken(b *testing.B) {
	d := mustConnect(b, newPlatform(b, newAuthority(b, "ca"), platform))
	if _, err := d.Token(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.RequestToken(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIdle reports what a device costs that has subscribed and is idle: what it holds, what that lies scattered in, and its
// stack. The broker is a process of its own.
func BenchmarkIdle(b *testing.B) {
	const devices = 2000
	ca := newAuthority(b, "ca")
	identities := make([]*device.Identity, devices)
	for i := range identities {
		identities[i] = ca.device(b, fmt.Sprint("d", i), false)
	}
	cfg := device.Config{Address: mosquitto(b, ca), RootCAs: ca.pool(), TLS: device.TLSOptions{Verifier: new(device.Verifier)}}
	for b.Loop() {
		before := inUse()
		connected := make([]*device.Device, devices)
		for i := range connected {
			cfg.ClientID, cfg.Identity = fmt.Sprint("d", i), identities[i]
			connected[i] = mustConnect(b, cfg)
			if _, err := connected[i].SubscribeToken(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		after := inUse()
		each := func(before, after uint64) float64 { return float64(after-before) / devices / 1024 }
		b.ReportMetric(each(before.HeapAlloc, after.HeapAlloc), "KiB-heap/device")
		b.ReportMetric(each(before.HeapInuse, after.HeapInuse), "KiB-spans/device")
		b.ReportMetric(each(before.StackInuse, after.StackInuse), "KiB-stack/device")
		for _, d := range connected {
			d.Close()
		}
	}
}

func inUse() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
