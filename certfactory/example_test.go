package certfactory_test

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

func Example() {
	seed, err := certfactory.ParseSeed("aebagaaaaaaaaaaaaaaaaaaaaa")
	if err != nil {
		fmt.Println(err)
		return
	}
	f := certfactory.New(seed, time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC))
	root := f.Root("our root", certfactory.PathLen(0))
	chain, err := certfactory.Chain(f.Device(root, "device-1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, der := range chain {
		cert, err := x509.ParseCertificate(der)
		fmt.Println(cert.Subject, cert.NotAfter, err)
	}
	// Output:
	// CN=device-1,O=Chainmail 2032-01-02 03:04:00 +0000 UTC <nil>
	// CN=our root,O=Chainmail 2041-01-02 03:04:00 +0000 UTC <nil>
}

// A bad certificate is a good one with one thing changed before it is signed.
func ExampleMutate() {
	f := certfactory.New(certfactory.Seed{}, time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC))
	leaf := f.Device(f.Root("our root"), "device-1",
		certfactory.Mutate(certfactory.AddExtension(certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 2), true, nil)))
	der, err := leaf.DER()
	if err != nil {
		fmt.Println(err)
		return
	}
	cert, err := x509.ParseCertificate(der)
	fmt.Println(cert.UnhandledCriticalExtensions, err)
	// Output: [1.3.6.1.4.1.99999.2] <nil>
}
