package suites

import "github.com/chainmail-iot/chainmail/certfactory/cases"

// Profiles returns every profile, the default first. What one expects otherwise
// than the specification stands here and nowhere else.
func Profiles() []Profile {
	return []Profile{deviceCertificates(), deviceCertificates2024(), broker()}
}

// A profile must have seen these, or it has not seen a platform that uses
// certificates at all.
func core() []string {
	return []string{
		"chain/valid-direct", "chain/expired-leaf", "chain/anchor-unknown", "chain/sig-bitflip-leaf",
		"transport/key-wrong", "transport/no-certificate-no-password", "trust/anchor-deleted",
	}
}

func deviceCertificates() Profile {
	return Profile{
		Name: "device-certificates", Summary: "the whole specification",
		MaxChainLength: 2,
		MustRun: append(core(), "identity/cn-mismatch", "rest/pem-lf", "registration/autoreg-on-new-device", "registration/autoreg-off-new-device",
			"token/token-form", "token/token-opens-http"),
	}
}

// Where the later behaviour is written down.
const (
	since2024 = `since July 2024 the platform takes the full chain, or the device certificate alone where its immediate issuer was uploaded (MQTT implementation, "full chain or only the leaf")`
	length10  = "since 2024 the maximum chain length is ten by default, and may be set lower or higher"
)

// deviceCertificates2024 is the same platform as it behaves since July 2024.
func deviceCertificates2024() Profile {
	p := deviceCertificates()
	p.Name = "device-certificates-2024"
	p.Summary = "the platform as it behaves since July 2024: the anchor may be left out where it issued the device certificate, chains of ten"
	p.MaxChainLength, p.AnchorOptional = 10, true
	p.Texts = map[string]string{
		"DC-CHAIN-01": "The presented chain includes the uploaded CA certificate, unless it is the device certificate alone and that was issued by it",
		"DC-CHAIN-10": "By default a chain has at most ten certificates, device and CA included; a longer one is refused",
	}
	p.Amendments = []Amendment{
		{
			Spec: "chain/anchor-not-in-chain", Expectation: cases.Accept, Clauses: []string{"DC-CHAIN-01", "DC-CHAIN-02"}, Reason: since2024,
		},
		{
			Spec: "chain/chain-longer-than-2", Expectation: cases.Refuse, Clauses: []string{"DC-CHAIN-11"},
			Reason: length10 + ": that two are too few is no more than a setting which is honoured",
		},
	}
	return p
}

// broker is a plain MQTT broker.
func broker() Profile {
	const (
		none     = "a plain broker has no such interface"
		stack    = "a TLS stack builds a path of its own out of what is presented and what it trusts"
		longPath = "how long a path may be is the TLS stack's own affair"
	)
	return Profile{
		Name: "broker", Summary: "a plain MQTT broker: what a TLS stack and an identity rule can do",
		MaxChainLength: 2,
		Without: []Exclusion{
			{"DC-CHAIN-01", stack},
			{"DC-CHAIN-09", stack},
			{"DC-CHAIN-10", longPath},
			{"DC-CHAIN-11", longPath},
			{"DC-REST", none},
			{"DC-REG", none},
			{"DC-TOK", none},
			{"DC-UI", none},
			{"DC-TLS-03", "MQTT over WebSocket is a listener of its own there"},
		},
		MustRun: core(),
	}
}
