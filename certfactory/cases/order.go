package cases

// orders has the rows whose certificates are all good, but sent in another order,
// twice, with a gap or with something in between.
func orders() []Case {
	return append(wrongOrders(), superfluous()...)
}

func wrongOrders() []Case {
	return []Case{
		{
			ID: "order-intermediate-root-swapped", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-09"}, Basis: keepOrder,
			How: "device certificate, root, intermediate", Fault: "chain: intermediate and root swapped",
			Control: "valid-one-intermediate", Reason: "issuer-mismatch", RFCAlert: []string{"bad_certificate"},
			Build: below(1, sending(0, 2, 1)),
		},
		{
			ID: "order-two-intermediates-swapped", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-09"}, Basis: keepOrder,
			How: "device certificate, upper intermediate, lower intermediate that issued the device, root", Fault: "chain: the intermediates swapped",
			Control: "chain-at-max-4", Reason: "issuer-mismatch", RFCAlert: []string{"bad_certificate"},
			Build: below(2, sending(0, 2, 1, 3)),
		},
		{
			ID: "order-reversed", Expectation: Refuse, Clauses: []string{"DC-CHAIN-08", "DC-CHAIN-09", "DC-TLS-06"}, Basis: chainStarts,
			How: "root, intermediate, device certificate; the device's key signs", Fault: "chain, key: turned round",
			Control: "valid-one-intermediate", Reason: "issuer-mismatch", RFCAlert: []string{"decrypt_error"},
			Build: below(1, sending(2, 1, 0)),
		},
		{
			ID: "gap-missing-intermediate", Expectation: Refuse, MaxLength: 3, Clauses: []string{"DC-CHAIN-08", "DC-CHAIN-07"}, Basis: chainStarts,
			How: "device certificate and root; the intermediate between them is left out", Fault: "chain: one certificate missing",
			Control: "valid-one-intermediate", Reason: "issuer-mismatch", RFCAlert: []string{"unknown_ca", "bad_certificate"},
			Build: below(1, sending(0, 2)),
		},
		{
			ID: "gap-missing-middle-of-three", Expectation: Refuse, MaxLength: 4, Clauses: []string{"DC-CHAIN-08", "DC-CHAIN-07"}, Basis: chainStarts,
			How: "device certificate, its issuer, root; the intermediate between the last two is left out", Fault: "chain: one certificate missing",
			Control: "chain-at-max-4", Reason: "issuer-mismatch", RFCAlert: []string{"unknown_ca", "bad_certificate"},
			Build: below(2, sending(0, 1, 3)),
		},
	}
}

func superfluous() []Case {
	const tolerated = "RFC 8446 §4.4.2 tolerates certificates that do not belong; the specification does not speak of them"
	return []Case{
		{
			ID: "dup-leaf", Expectation: Either, Clauses: []string{"DC-CHAIN-09"}, Basis: tolerated, Reason: "issuer-not-ca",
			How: "device certificate twice, root", Build: direct(sending(0, 0, 1)),
		},
		{
			ID: "dup-root", Expectation: Either, Clauses: []string{"DC-CHAIN-09"}, Basis: tolerated,
			How: "device certificate, root twice", Build: direct(sending(0, 1, 1)),
		},
		{
			ID: "dup-intermediate", Expectation: Either, Clauses: []string{"DC-CHAIN-09"}, Basis: tolerated, Reason: "issuer-mismatch",
			How: "device certificate, intermediate twice, root", Build: below(1, sending(0, 1, 1, 2)),
		},
		{
			ID: "extra-unrelated-after-anchor", Expectation: Either, Clauses: []string{"DC-CHAIN-09"}, Basis: tolerated, Reason: "issuer-mismatch",
			How: "device certificate, root, another root that has to do with neither", Build: direct(sendingAfter(2, unrelatedRoot)),
		},
		{
			ID: "extra-unrelated-between", Expectation: Either, Clauses: []string{"DC-CHAIN-09"}, Basis: tolerated, Reason: "issuer-mismatch",
			How: "device certificate, a root that has to do with neither, root", Build: direct(sendingAfter(1, unrelatedRoot)),
		},
		{
			ID: "extra-second-leaf", Expectation: Either, Clauses: []string{"DC-CHAIN-09"}, Basis: tolerated, Reason: "issuer-not-ca",
			How:   "certificate of the device, certificate of another device, root; key and client id are the first one's",
			Build: direct(sendingAfter(1, secondDevice)),
		},
		{
			ID: "extra-second-leaf-claimed", Expectation: Refuse, Clauses: []string{"DC-ID-03", "DC-TLS-06", "DC-CHAIN-08"}, Basis: cnClientID + "; " + keyOnlyOwner,
			How:   "certificate of the device, certificate of another device, root; the client id is the second one's",
			Fault: "chain, clientID: another device's certificate and name", Control: "valid-one-intermediate",
			Reason: "issuer-not-ca",
			Build:  direct(sendingAfter(1, secondDevice), func(p *plan) { asking(func(string) string { return secondDevice(p).Name() })(p) }),
		},
	}
}

func unrelatedRoot(p *plan) *certificate { return p.sharedRoot("unrelated root") }

// secondDevice is another device under the root of the run.
func secondDevice(p *plan) *certificate {
	return p.factory.Device(p.Root(), p.CommonName("second"))
}
