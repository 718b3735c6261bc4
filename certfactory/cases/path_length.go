package cases

import (
	"fmt"
	"math/big"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// pathLength has the rows about pathLenConstraint.
func pathLength() []Case {
	rows := []Case{{
		ID: "pathlen-spec-example", Expectation: Accept, Clauses: []string{"DC-CHAIN-06", "DC-CHAIN-05"}, Basis: pathLenExample,
		How: "A with pathlen 2, B with 1, C with 0, device", Build: exact(2),
	}}
	rows = append(rows,
		tooNarrow(1, 1), exactly(1),
		tooNarrow(2, 1), tooNarrow(2, 2), exactly(2),
		tooNarrow(3, 1), tooNarrow(3, 2), exactly(3),
		tooNarrow(4, 1), tooNarrow(4, 2), tooNarrow(4, 3), tooNarrow(4, 4), exactly(4),
	)
	return append(append(rows, pathLengthsKept()...), oddPathLengths()...)
}

// exact is a path in which every CA carries its smallest valid pathlen.
func exact(intermediates int, steps ...step) builder {
	return below(intermediates, append([]step{func(p *plan) {
		root(fmt.Sprintf("root pathlen %d", intermediates), certfactory.PathLen(intermediates))(p)
		for i := range intermediates {
			ca(i, certfactory.PathLen(i))(p)
		}
	}}, steps...)...)
}

func exactly(intermediates int) Case {
	return Case{
		ID: fmt.Sprintf("pathlen-exact-%d", intermediates), Expectation: Accept, Clauses: []string{"DC-CHAIN-05"}, Basis: pathLen,
		How:   fmt.Sprintf("%s, every CA with its smallest valid pathlen", count(intermediates, "intermediate")),
		Build: exact(intermediates),
	}
}

// count words a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// tooNarrow is the same path but for one CA, whose pathlen is one less than the
// number of CAs below it.
func tooNarrow(intermediates, under int) Case {
	who, field := fmt.Sprintf("ica%d", under), fmt.Sprintf("ca%d.basicConstraints", under)
	narrow := ca(under, certfactory.PathLen(under-1))
	var tags []string
	if under == intermediates {
		who, field, tags = "root", "root.basicConstraints", []string{TagOwnAnchor}
		narrow = root(fmt.Sprintf("root pathlen %d", under-1), certfactory.PathLen(under-1))
	}
	return Case{
		ID:          fmt.Sprintf("pathlen-%d-below-%d-%s-of-%d", under-1, under, who, intermediates),
		Expectation: Refuse, Clauses: []string{"DC-CHAIN-05"}, Basis: pathLen + "; RFC 5280 §6.1.4(l), (m)",
		How:   fmt.Sprintf("%s; %s has pathlen %d with %s below it", count(intermediates, "intermediate"), who, under-1, count(under, "CA")),
		Fault: fmt.Sprintf("%s: pathlen %d where %d is needed", field, under-1, under), Control: fmt.Sprintf("pathlen-exact-%d", intermediates),
		Reason: "pathlen", RFCAlert: []string{"bad_certificate", "unknown_ca"}, Tags: tags,
		Build: exact(intermediates, narrow),
	}
}

func pathLengthsKept() []Case {
	const selfIssued = "RFC 5280 §6.1.4(l) does not count self-issued certificates; the specification counts CA certificates"
	return []Case{
		{
			ID: "pathlen-0-root-direct-leaf", Expectation: Accept, Clauses: []string{"DC-CHAIN-05"}, Basis: pathLen,
			How: "root with pathlen 0, device certificate signed by it", Build: exact(0),
		},
		{
			ID: "pathlen-0-anchor-intermediate", Expectation: Accept, Clauses: []string{"DC-CHAIN-05", "DC-TRUST-06"}, Basis: pathLen,
			How:   "the uploaded intermediate has pathlen 0 and signed the device certificate",
			Build: below(1, neverUploaded, sharedCAs("intermediate pathlen 0"), ca(0, certfactory.PathLen(0)), uploading(1), sending(0, 1)),
		},
		{
			ID: "pathlen-grows-downwards", Expectation: Accept, Clauses: []string{"DC-CHAIN-05"}, Basis: "RFC 5280 §6.1.4(m): the lesser of the values counts",
			How:   "root with pathlen 1, intermediate with pathlen 5, device",
			Build: below(1, root("root pathlen 1", certfactory.PathLen(1)), ca(0, certfactory.PathLen(5))),
		},
		{
			ID: "pathlen-0-self-issued-intermediate", Expectation: Either, Clauses: []string{"DC-CHAIN-05"}, Basis: selfIssued,
			How:   "root with pathlen 0, a certificate of the root for a new key of its own, device",
			Build: exact(0, rollover(1)),
		},
		{
			ID: "pathlen-1-two-self-issued", Expectation: Either, Clauses: []string{"DC-CHAIN-05"}, Basis: selfIssued,
			How:   "root with pathlen 1, two certificates of the root for new keys of its own, one ordinary intermediate, device",
			Build: below(1, root("root pathlen 1", certfactory.PathLen(1)), rollover(2)),
		},
		{
			ID: "pathlen-0-leaf-is-ca", Expectation: Either, Clauses: []string{"DC-CHAIN-05", "DC-CHAIN-15"},
			Basis: "RFC 5280 §4.2.1.9: the last certificate of a path is not counted",
			How:   "root with pathlen 0, device certificate that is CA:TRUE",
			Build: exact(0, leaf(isCA)),
		},
		{
			ID: "pathlen-255", Expectation: Accept, Clauses: []string{"DC-CHAIN-05"}, Basis: "RFC 5280 §4.2.1.9: INTEGER (0..MAX)",
			How:   "root with pathlen 255, which takes two octets",
			Build: direct(root("root pathlen 255", certfactory.PathLen(255))),
		},
	}
}

// rollover puts self-issued intermediates right below the root.
func rollover(n int) step {
	return deviceIs(func(p *plan) *certificate {
		issuer := p.root
		for i := range n {
			label := certfactory.Label(fmt.Sprintf("rollover %d %s", i, p.tag))
			issuer = p.factory.Intermediate(issuer, p.root.Name(), label)
		}
		for i := len(p.cas) - 1; i >= 0; i-- {
			issuer = p.factory.Intermediate(issuer, p.caName(i), p.cas[i]...)
		}
		return p.factory.Device(issuer, p.commonName)
	})
}

func oddPathLengths() []Case {
	onRoot := func(stem string, value []byte) builder {
		return direct(root(stem, mutateBasic(critical, value)))
	}
	huge := new(big.Int).Lsh(big.NewInt(1), 64)
	return []Case{
		{
			ID: "pathlen-on-leaf", Expectation: Either, Clauses: []string{"DC-CHAIN-05"}, Basis: "RFC 5280 §4.2.1.9: CAs MUST NOT include it unless cA is true",
			How:   "device certificate with CA:FALSE and pathlen 0",
			Build: direct(leaf(mutateBasic(critical, sequence(integer(0))))),
		},
		{
			ID: "pathlen-negative", Expectation: Refuse, Clauses: []string{"DC-CHAIN-05", "DC-CHAIN-20"}, Basis: "RFC 5280 §4.2.1.9: INTEGER (0..MAX)",
			How: "root with pathlen -1", Fault: "root.basicConstraints: pathlen -1", Control: "valid-direct", Tags: []string{TagAnchorFault},
			Reason: "tls", RFCAlert: []string{"bad_certificate", "decode_error"},
			Build: onRoot("root pathlen negative", sequence(derTrue, integer(-1))),
		},
		{
			ID: "pathlen-huge", Expectation: Either, Clauses: []string{"DC-CHAIN-05"}, Basis: "RFC 5280 §4.2.1.9: INTEGER (0..MAX), and no word how much a reader must bear",
			How: "root with pathlen 2^64", Reason: "tls", Tags: []string{TagAnchorFault},
			Build: onRoot("root pathlen huge", sequence(derTrue, bigInteger(huge))),
		},
		{
			ID: "pathlen-non-minimal", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "X.690 §8.3.2: the fewest octets",
			How: "root with pathlen 0 in two octets", Fault: "root.basicConstraints: pathlen 02 02 00 00", Control: "pathlen-0-root-direct-leaf",
			Tags: []string{TagAnchorFault}, Reason: "tls", RFCAlert: []string{"decode_error"},
			Build: onRoot("root pathlen long", sequence(derTrue, []byte{2, 2, 0, 0})),
		},
		{
			ID: "pathlen-ca-false", Expectation: Refuse, Clauses: []string{"DC-CHAIN-04"}, Basis: signerIsCA,
			How:   "intermediate without CA:TRUE but with pathlen 3",
			Fault: "ca0.basicConstraints: no CA:TRUE, pathlen 3", Control: "valid-one-intermediate",
			Reason: "issuer-not-ca", RFCAlert: []string{"bad_certificate"},
			Build: below(1, ca(0, mutateBasic(critical, sequence(integer(3))))),
		},
	}
}
