package stock_test

import (
	"maps"
	"slices"
	"testing"
)

// A difference is a row that the specification leaves open, and on which the
// second platform does otherwise than the reference platform.
type difference struct {
	id   string
	does string // what the second platform does: admits or refuses
	why  string
}

// differences returns all of them. None is about a row that expects something.
func differences() []difference {
	const (
		admits   = "admits"
		refuses  = "refuses"
		strings  = "it reads every string type that crypto/x509 decodes; the reference takes UTF8String and PrintableString alone"
		spaces   = "it compares names as they are and trims nothing; the reference takes no outer space"
		selfMade = "x509.Verify counts self-issued certificates against pathlen, which RFC 5280 §6.1.4 (l) does not; the reference follows the RFC"
	)
	return []difference{
		{"cn-bmpstring", admits, strings},
		{"cn-ia5string", admits, strings},
		{"cn-numericstring", admits, strings},
		{"cn-teletex-latin1", admits, strings},
		{"cn-teletexstring", admits, strings},
		{"cn-leading-space", admits, spaces},
		{"cn-trailing-space", admits, spaces},
		{"eku-intermediate-serverauth-only", refuses, "x509.Verify nests extended key usages, which RFC 5280 does not ask for; the reference looks at the device's alone"},
		{"ext-critical-false-written", refuses, "it wants DER to the letter (X.690 §11.5); the reference takes the default written out, which is often seen"},
		{"extra-unrelated-after-anchor", admits, "it ignores what follows the trust anchor, as RFC 8446 §4.4.2 recommends; the reference wants every certificate to sign the one before"},
		{"leaf-p224", admits, "the specification names no curve, and TLS 1.2 can sign with this one; the reference takes it for a weak key"},
		{"pathlen-0-self-issued-intermediate", refuses, selfMade},
		{"pathlen-1-two-self-issued", refuses, selfMade},
		{"self-signed-device-sent-twice", admits, "the certificate is a trust anchor and comes first, where x509.Verify ends; the reference sees an anchor used as a device"},
		{"serial-zero", admits, "crypto/x509 takes the serial number 0; the reference wants a positive one (RFC 5280 §4.1.2.2)"},
		{"sig-sha1-root-self", admits, "nobody checks a trust anchor's own signature (RFC 8446 §4.4.2.4); the reference takes no SHA-1 anywhere"},
	}
}

// compareDifferences holds what was seen against what is written down.
func compareDifferences(t *testing.T, seen map[string]string) {
	t.Helper()
	for _, d := range differences() {
		if seen[d.id] != d.does {
			t.Errorf("%s: the second platform no longer %s the device, though %s", d.id, d.does, d.why)
		}
		delete(seen, d.id)
	}
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		t.Errorf("%s: the second platform %s the device and the reference platform does not: one is wrong, or say why", id, seen[id])
	}
}
