package refimpl

import (
	"crypto/x509"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// Trust makes a certificate a trust anchor that registers devices.
func Trust(p *Platform, tenant string, root *certfactory.Certificate) error {
	der, err := root.DER()
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	_, err = p.registry.AddAnchor(registry.Anchor{Tenant: tenant, Certificate: certificate, Enabled: true, AutoRegistration: true})
	return err
}
