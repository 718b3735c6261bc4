package rest

import (
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A describe makes the certificate that a spec uploads.
type describe func(*suites.Env) *certfactory.Certificate

func root(e *suites.Env) *certfactory.Certificate {
	return e.Factory.Root(e.Bench("root").CommonName("anchor"))
}

func intermediate(e *suites.Env) *certfactory.Certificate {
	return e.Factory.Intermediate(root(e), e.Bench("intermediate").CommonName("anchor"))
}

func leaf(e *suites.Env) *certfactory.Certificate {
	return e.Factory.Device(root(e), e.Bench("leaf").CommonName("dev"))
}

func version1(e *suites.Env) *certfactory.Certificate {
	return e.Factory.Root(e.Bench("v1").CommonName("anchor"),
		certfactory.Mutate(certfactory.Version(0, false), certfactory.DropExtensions()))
}

// anchorOf returns the certificate as a trust anchor of the first tenant.
func anchorOf(e *suites.Env, d describe) certfactory.Anchor {
	c := d(e)
	der, err := c.DER()
	if err != nil {
		e.Fault(err)
	}
	return certfactory.Anchor{Name: c.Name(), DER: der, AutoRegistration: true}
}

// A body turns a good upload into what is sent.
type body func(target.Upload) any

func asItIs(u target.Upload) any { return u }

// withoutNewlines does what the specification tells its reader to do.
func withoutNewlines(u target.Upload) any {
	u.PEM = strings.ReplaceAll(u.PEM, "\n", "")
	return u
}

// autoRegistrationAsString is the body as the specification prints it.
func autoRegistrationAsString(u target.Upload) any {
	return map[string]string{
		"status": u.Status, "name": u.Name, "autoRegistrationEnabled": "true", "certInPemFormat": u.PEM,
	}
}

func truncated(u target.Upload) any {
	u.PEM = u.PEM[:len(u.PEM)/2]
	return u
}

func withoutFooter(u target.Upload) any {
	u.PEM, _, _ = strings.Cut(u.PEM, "-----END")
	return u
}
