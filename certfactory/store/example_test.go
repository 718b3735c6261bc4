package store_test

import (
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// A key store for a device and a trust store for the server it dials, as the
// specification's commands make them.
func Example() {
	f := certfactory.New(certfactory.Seed{}, time.Date(2031, 1, 2, 3, 4, 0, 0, time.UTC))
	leaf := f.Device(f.Root("our root"), "device-1")
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		fmt.Println(err)
		return
	}
	keyStore, err := store.Encode(
		[]store.Entry{{Alias: store.DeviceAlias, Key: leaf.Signer(), Chain: chain}},
		store.Config{Format: store.PKCS12, Password: "changeit", Rand: f.Stream("key store")})
	if err != nil {
		fmt.Println(err)
		return
	}
	trustStore, err := store.Encode(
		[]store.Entry{{Alias: store.ServerAlias, Chain: chain[1:], Trusted: true}},
		store.Config{Format: store.JKS, Password: "changeit"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, file := range [][]byte{keyStore, trustStore} {
		s, err := store.Open(file, "changeit")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Format, s.Entries)
	}
	// Output:
	// pkcs12 ["devicekeyentry", private key, 2 certificates]
	// jks ["servercertificate", trusted certificate, 1 certificates]
}

// A bundle that somebody put together the wrong way round.
func ExampleSort() {
	f := certfactory.New(certfactory.Seed{}, time.Date(2031, 1, 2, 3, 4, 0, 0, time.UTC))
	chain, err := certfactory.Chain(f.Device(f.Root("our root"), "device-1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	bundle := store.MarshalCertificates([][]byte{chain[1], chain[0]})
	chain, err = store.ParseCertificates(bundle)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.CheckOrder(chain))
	chain, err = store.Sort(chain)
	fmt.Println(store.CheckOrder(chain), err)
	// Output:
	// certificate 2 is out of order: it is "CN=device-1,O=Chainmail", but the one before was issued by "CN=our root,O=Chainmail"
	// <nil> <nil>
}

// The private key of a device, as `openssl genrsa -aes256` writes it.
func ExampleMarshalKey() {
	f := certfactory.New(certfactory.Seed{}, time.Date(2031, 1, 2, 3, 4, 0, 0, time.UTC))
	pem, err := store.MarshalKey(f.Key(certfactory.P256, "device-1"), store.Config{Password: "changeit"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.ParseKey(pem, "changeit")
	fmt.Println(err)
	_, err = store.ParseKey(pem, "something else")
	fmt.Println(err)
	// Output:
	// <nil>
	// read private key: line 1: decrypt private key: wrong password, or a damaged file
}
