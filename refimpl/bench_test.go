package refimpl_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// BenchmarkAutoRegistration lets devices log in that nobody knows, many at a time. What a client
// costs, its certificate included, is part of the figure: the two are for comparison.
func BenchmarkAutoRegistration(b *testing.B) {
	for _, data := range []string{"memory", "disk"} {
		b.Run("data="+data, func(b *testing.B) {
			var c refimpl.Config
			if data == "disk" {
				c.Data = filepath.Join(b.TempDir(), "data")
			}
			registerDevices(b, c)
		})
	}
}

func registerDevices(b *testing.B, c refimpl.Config) {
	b.Helper()
	p, err := refimpl.New(c)
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := p.Close(context.Background()); err != nil {
			b.Error(err)
		}
	}()
	factory := certfactory.New(certfactory.NewSeed(), time.Now())
	root := factory.Root("root")
	if err := refimpl.Trust(p, "t1", root); err != nil {
		b.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.CA())
	var n atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			leaf := factory.Device(root, fmt.Sprint("dev", n.Add(1)))
			if err := register(p.Addresses().MQTT, roots, leaf); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "devices/s")
}

// register connects a device, waits for its CONNACK and leaves.
func register(address string, roots *x509.CertPool, leaf *certfactory.Certificate) error {
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		return err
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{
		RootCAs: roots, ServerName: "localhost", CurvePreferences: []tls.CurveID{tls.X25519},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: chain, PrivateKey: leaf.Signer()}, nil
		},
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	c := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	c.ProtocolName, c.ProtocolVersion, c.CleanSession, c.ClientIdentifier = "MQTT", 4, true, leaf.Name()
	if err := c.Write(conn); err != nil {
		return err
	}
	answer, err := packets.ReadPacket(conn)
	if connack, ok := answer.(*packets.ConnackPacket); err == nil && (!ok || connack.ReturnCode != 0) {
		return fmt.Errorf("answer to CONNECT is %v", answer)
	}
	return err
}
