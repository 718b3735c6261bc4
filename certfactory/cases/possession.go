package cases

import (
	"crypto"
	"errors"
	"io"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// possession has the rows whose chain is good and whose handshake is not signed
// by the key in the device certificate.
func possession() []Case {
	row := func(id, how, fault, alert string, key func(*plan) crypto.Signer) Case {
		return Case{
			ID: id, Expectation: Refuse, Clauses: []string{"DC-TLS-06"}, Basis: keyProof,
			How: how, Fault: "key: " + fault, Control: "valid-direct", Reason: "tls", RFCAlert: []string{"decrypt_error", alert},
			Build: direct(signing(key)),
		}
	}
	const wrong = "decrypt_error"
	rows := []Case{
		row("key-wrong", "another P-256 key signs the handshake", "another P-256 key", wrong,
			func(p *plan) crypto.Signer { return p.key("wrong") }),
		row("key-wrong-type", "an RSA key signs the handshake, the certificate has a P-256 key", "an RSA key", "illegal_parameter",
			func(p *plan) crypto.Signer { return p.factory.Key(certfactory.RSA2048, "wrong type") }),
		row("key-of-the-ca", "the root's key signs the handshake", "the root's", wrong,
			func(p *plan) crypto.Signer { return p.Root().Signer() }),
		row("key-signature-garbage", "the handshake's signature is made of random bytes", "random bytes", wrong,
			func(p *plan) crypto.Signer { return fixedSigner{p.device.Signer(), garbage(p.Bench, 70)} }),
		row("key-signature-zero", "the handshake's signature is ECDSA with r and s of 0, which broken verifiers take for anything (CVE-2022-21449)",
			"r = s = 0", wrong, func(p *plan) crypto.Signer { return fixedSigner{p.device.Signer(), zeroSignature()} }),
		row("key-other-device", "the key of another device of the same CA signs the handshake", "another device's", wrong,
			func(p *plan) crypto.Signer { return secondDevice(p).Signer() }),
	}
	for i, r := range rows {
		if r.RFCAlert[0] == r.RFCAlert[1] {
			rows[i].RFCAlert = r.RFCAlert[:1]
		}
	}
	return rows
}

// A fixedSigner claims a key and always gives the same signature.
type fixedSigner struct {
	crypto.Signer
	signature []byte
}

func (s fixedSigner) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if len(digest) == 0 {
		return nil, errors.New("sign handshake: nothing to sign")
	}
	return s.signature, nil
}

// zeroSignature is the ECDSA-Sig-Value of r and s of 0.
func zeroSignature() []byte { return sequence(integer(0), integer(0)) }

// garbage is random bytes that belong to the bench.
func garbage(b *Bench, n int) []byte {
	bytes := make([]byte, n)
	// A stream of the factory neither ends nor fails.
	_, _ = io.ReadFull(b.factory.Stream("garbage "+b.tag), bytes)
	return bytes
}
