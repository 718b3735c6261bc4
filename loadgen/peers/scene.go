package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/machine"
)

// scene is what all peers share: a server, and devices in files.
type scene struct {
	dir       string
	address   string
	floor     time.Duration // of a handshake, the server's chain known
	fullFloor time.Duration
	server    *exec.Cmd
}

// Names of the files of a scene.
const (
	caFile    = "ca.pem"    // the devices' trust store, and the server's
	fleetFile = "fleet.bin" // packed
	pemFolder = "devices"   // <i>.pem and <i>.key
)

// newScene makes the devices and starts mosquitto.
func newScene(ctx context.Context, devices int) (*scene, error) {
	dir, err := os.MkdirTemp("", "chainmail-peers-")
	if err != nil {
		return nil, err
	}
	s := &scene{dir: dir}
	factory := certfactory.New(certfactory.NewSeed(), time.Now())
	for _, make := range []func() error{
		func() error { return s.makeFiles(factory, devices) },
		func() error { return s.calibrate(factory) },
		func() error { return s.startServer(ctx) },
	} {
		if err := make(); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *scene) close() {
	if s.server != nil {
		_ = s.server.Process.Kill()
		_ = s.server.Wait() // killed, which is an error to Wait
	}
	_ = os.RemoveAll(s.dir)
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

func (s *scene) calibrate(factory *certfactory.Factory) error {
	key := factory.Key(certfactory.P256, "calibration")
	known, err := machine.MeasureFloor(key, tls.X25519, 1)
	s.floor = known.Total()
	known.Signatures = 2
	s.fullFloor = known.Total()
	return err
}

// pemDevices is how many devices stand in files of their own, for the peers that
// read such.
const pemDevices = 1000

// makeFiles writes the CA, the server's certificate, and the devices.
func (s *scene) makeFiles(factory *certfactory.Factory, devices int) error {
	root := factory.Root("peers CA")
	leaf := factory.Device(root, "localhost", certfactory.With(func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}))
	anchor, err := root.DER()
	if err != nil {
		return err
	}
	server, err := leaf.DER()
	if err != nil {
		return err
	}
	fleet := factory.Fleet(root, devices, certfactory.P256)
	if err := os.Mkdir(s.path(pemFolder), 0o700); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(s.path(caFile), certfactory.PEM(anchor), 0o600),
		os.WriteFile(s.path("server.pem"), certfactory.PEM(server), 0o600),
		writeKey(s.path("server.key"), leaf.Signer()),
		s.writeFleet(fleet), s.writePEM(fleet),
	)
}

func (s *scene) writeFleet(fleet *certfactory.Fleet) error {
	above, err := fleet.Above()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(s.path(fleetFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	w, err := certfactory.NewPackedWriter(out, above, fleet.Len())
	for i := 0; i < fleet.Len() && err == nil; i++ {
		chain, key, made := fleet.Make(i)
		if err = made; err == nil {
			err = w.Add(chain[0], key)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(w.Close(), out.Flush())
}

func (s *scene) writePEM(fleet *certfactory.Fleet) error {
	for i := range min(fleet.Len(), pemDevices) {
		chain, key, err := fleet.Make(i)
		if err != nil {
			return err
		}
		name := filepath.Join(s.path(pemFolder), fmt.Sprint(i))
		if err := errors.Join(os.WriteFile(name+".pem", certfactory.PEM(chain...), 0o600), writeKey(name+".key", key)); err != nil {
			return err
		}
	}
	return nil
}

func writeKey(path string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// startServer starts mosquitto and waits for its port.
func (s *scene) startServer(ctx context.Context) error {
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		return fmt.Errorf("find the server: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = l.Addr().String()
	_, port, _ := net.SplitHostPort(s.address)
	_ = l.Close() // mosquitto cannot say which port it was given
	config := fmt.Sprintf("listener %s 127.0.0.1\ncafile %s\ncertfile %s\nkeyfile %s\nrequire_certificate true\n"+
		"allow_anonymous true\nset_tcp_nodelay true\nmax_connections -1\nuser %s\n",
		port, s.path(caFile), s.path("server.pem"), s.path("server.key"), "root")
	if err := os.WriteFile(s.path("mosquitto.conf"), []byte(config), 0o600); err != nil {
		return err
	}
	s.server = exec.CommandContext(ctx, program, "-c", s.path("mosquitto.conf"))
	if err := s.server.Start(); err != nil {
		return err
	}
	for range 200 {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("mosquitto does not listen")
}
