package broker_test

import (
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// acceptable returns the names of CAs that the server sends.
func (s *stand) acceptable() (names [][]byte) {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.address, &tls.Config{
		RootCAs: s.roots, ServerName: "localhost",
		GetClientCertificate: func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			names = request.AcceptableCAs
			return &tls.Certificate{}, nil
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	conn.Close()
	return names
}

func TestServerNamesTheEnabledAnchors(t *testing.T) {
	s := serve(t, nil)
	if names := s.acceptable(); len(names) != 1 || string(names[0]) != string(s.anchor.Certificate.RawSubject) {
		t.Errorf("one anchor: %q", names)
	}
	other, err := s.registry.AddAnchor(registry.Anchor{Tenant: "t2", Certificate: s.parse(s.factory.Root("other"))})
	if err != nil {
		t.Fatal(err)
	}
	if names := s.acceptable(); len(names) != 1 {
		t.Errorf("a disabled one besides: %q", names)
	}
	on := true
	if _, err := s.registry.UpdateAnchor("t2", other.Fingerprint, registry.AnchorUpdate{Enabled: &on}); err != nil {
		t.Fatal(err)
	}
	if names := s.acceptable(); len(names) != 2 {
		t.Errorf("enabled: %q", names)
	}
}

func TestManyAnchorsAreNotNamed(t *testing.T) {
	s := serve(t, nil)
	root := s.root
	for i := range 1000 {
		root = s.factory.Root(fmt.Sprint("root", i))
		if _, err := s.registry.AddAnchor(registry.Anchor{Tenant: "t1", Certificate: s.parse(root), Enabled: true, AutoRegistration: true}); err != nil {
			t.Fatal(err)
		}
	}
	if names := s.acceptable(); len(names) != 0 {
		t.Errorf("%d names: more than some clients can read", len(names))
	}
	s.root = root
	s.connect("dev")
}
