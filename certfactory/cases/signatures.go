package cases

import (
	"github.com/chainmail-iot/chainmail/certfactory"
)

// signatures has the rows about the signatures of certificates.
func signatures() []Case {
	forged := []string{"decrypt_error", "bad_certificate"}
	return []Case{
		{
			ID: "sig-bitflip-leaf", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07"}, Basis: signatureMatch,
			How: "the last bit of the device certificate's signature is flipped", Fault: "leaf.signature: one bit",
			Control: "valid-direct", Reason: "bad-signature", RFCAlert: forged,
			Build: direct(leaf(certfactory.Mutate(certfactory.FlipSignatureBit()))),
		},
		{
			ID: "sig-wrong-key", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07"}, Basis: signatureMatch,
			How: "a key that has nothing to do with the root signed the device certificate", Fault: "leaf.signature: another key's",
			Control: "valid-direct", Reason: "bad-signature", RFCAlert: forged,
			Build: direct(func(p *plan) { leaf(certfactory.SignedBy(p.key("stranger")))(p) }),
		},
	}
}
