package cadir_test

import (
	"fmt"
	"log"
	"os"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
)

func Example() {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)

	ca, err := cadir.Create(parent+"/caCertificate", cadir.Options{
		Subject:  cadir.Subject{Organization: "Example", CommonName: "Example root"},
		Password: "a long password",
	}, cadir.Config{})
	if err != nil {
		log.Fatal(err)
	}
	device, err := ca.Issue(cadir.Device{Subject: cadir.Subject{CommonName: "device-1"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, cert := range device.Chain {
		fmt.Println(cert.Subject)
	}
	if _, err := ca.Revoke(device.Certificate.SerialNumber, cadir.KeyCompromise); err != nil {
		log.Fatal(err)
	}
	crl, err := ca.CRL(30)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d revoked\n", len(crl.RevokedCertificateEntries))
	// Output:
	// CN=device-1
	// CN=Example root,O=Example
	// 1 revoked
}
