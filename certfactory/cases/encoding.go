package cases

// encoding has the rows whose entries are not the DER of a certificate.
func encoding() []Case {
	undecodable := []string{"decode_error", "bad_certificate"}
	return []Case{
		{
			ID: "der-truncated", Expectation: Refuse, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 8446 §4.4.2, RFC 5280 §4.1: an entry is a whole certificate",
			How: "the device certificate is cut in half", Fault: "leaf.bytes: half of them",
			Control: "valid-direct", Reason: "tls", RFCAlert: undecodable,
			Build: direct(sendingInstead(0, func(der []byte) []byte { return der[:len(der)/2] })),
		},
	}
}
