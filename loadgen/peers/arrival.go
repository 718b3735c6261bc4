package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// rate is how many devices come each second, in every peer that is written in Go.
const rate = 400

// arrive has devices come at that rate, whatever became of the ones before, and waits
// until all have been dealt with.
func arrive(devices int, deal func(i int) error) error {
	failed := make([]error, devices)
	var under sync.WaitGroup
	began := time.Now()
	for i := range devices {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / rate)))
		under.Go(func() { failed[i] = deal(i) })
	}
	under.Wait()
	return errors.Join(failed...)
}

// devices reads the identity of each device, and whom they trust.
func (s *scene) devices(n int) ([]tls.Certificate, *x509.CertPool, error) {
	data, err := os.ReadFile(s.path(fleetFile))
	if err != nil {
		return nil, nil, err
	}
	fleet, err := certfactory.ReadPacked(data)
	if err != nil {
		return nil, nil, err
	}
	identities := make([]tls.Certificate, n)
	for i := range identities {
		chain, key, err := fleet.Device(i)
		if err != nil {
			return nil, nil, err
		}
		identities[i] = tls.Certificate{Certificate: chain, PrivateKey: key}
	}
	roots := x509.NewCertPool()
	text, err := os.ReadFile(s.path(caFile))
	if err != nil || !roots.AppendCertsFromPEM(text) {
		return nil, nil, errors.Join(err, errors.New("read CA"))
	}
	return identities, roots, nil
}
