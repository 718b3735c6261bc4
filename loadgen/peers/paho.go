package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// inFlight is how many devices of a peer connect at once, where no rate can be set.
const inFlight = 32

// actAsPaho is what one would write with the full client of Go Paho: a client for each
// device, with its defaults and those of crypto/tls.
func (s *scene) actAsPaho(devices int) error {
	data, err := os.ReadFile(s.path(fleetFile))
	if err != nil {
		return err
	}
	fleet, err := certfactory.ReadPacked(data)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	text, err := os.ReadFile(s.path(caFile))
	if err != nil || !roots.AppendCertsFromPEM(text) {
		return errors.Join(err, errors.New("read CA"))
	}
	options := make([]*mqtt.ClientOptions, devices)
	for i := range options {
		chain, key, err := fleet.Device(i)
		if err != nil {
			return err
		}
		options[i] = mqtt.NewClientOptions().AddBroker("ssl://" + s.address).SetClientID(fmt.Sprint("paho-", i)).
			SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key}}})
	}
	var talk script
	if err := talk.ready(); err != nil {
		return err
	}
	clients, err := connectPaho(options)
	if err != nil {
		return err
	}
	talk.done()
	for _, c := range clients {
		c.Disconnect(0)
	}
	return nil
}

func connectPaho(options []*mqtt.ClientOptions) ([]mqtt.Client, error) {
	clients := make([]mqtt.Client, len(options))
	failed := make([]error, len(options))
	places := make(chan struct{}, inFlight)
	var connecting sync.WaitGroup
	for i, o := range options {
		places <- struct{}{}
		connecting.Go(func() {
			defer func() { <-places }()
			clients[i] = mqtt.NewClient(o)
			for _, token := range []func() mqtt.Token{
				clients[i].Connect, func() mqtt.Token { return clients[i].Subscribe("s/dat", 0, nil) },
			} {
				if t := token(); t.Wait() && t.Error() != nil {
					failed[i] = t.Error()
					return
				}
			}
		})
	}
	connecting.Wait()
	return clients, errors.Join(failed...)
}
