package main

import (
	"crypto/tls"
	"fmt"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// actAsPaho is what one would write with the full client of Go Paho: a client for each
// device, with its defaults and those of crypto/tls.
func (s *scene) actAsPaho(devices int) error {
	identities, roots, err := s.devices(devices)
	if err != nil {
		return err
	}
	options := make([]*mqtt.ClientOptions, devices)
	for i := range options {
		options[i] = mqtt.NewClientOptions().AddBroker("ssl://" + s.address).SetClientID(fmt.Sprint("paho-", i)).
			SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: identities[i : i+1]})
	}
	var talk script
	if err := talk.ready(); err != nil {
		return err
	}
	clients := make([]mqtt.Client, devices)
	err = arrive(devices, func(i int) error {
		clients[i] = mqtt.NewClient(options[i])
		for _, step := range []func() mqtt.Token{
			clients[i].Connect, func() mqtt.Token { return clients[i].Subscribe("s/dat", 0, nil) },
		} {
			if t := step(); t.Wait() && t.Error() != nil {
				return t.Error()
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	talk.done()
	for _, c := range clients {
		c.Disconnect(0)
	}
	return nil
}
