package trust_test

import (
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// Each deviation turns the verdict on a row about its clause round, and leaves that on
// the row's control alone.
func TestDeviationsTurnARow(t *testing.T) {
	f := newFactory()
	for _, tt := range []struct{ deviation, row string }{
		{deviation.AnchorNeedNotBePresented, "anchor-not-in-chain"},
		{deviation.AnchorAnywhereSuffices, "sig-by-leaf-itself"},
		{deviation.TrustsBySubject, "anchor-lookalike-name"},
		{deviation.TrustsByKey, "anchor-same-key-other-subject"},
		{deviation.TrustsAnyRoot, "self-signed-device"},
		{deviation.IgnoresMaxLength, "chain-over-max-4"},
		{deviation.LengthWithoutLeaf, "chain-longer-than-2"},
		{deviation.SortsChain, "order-two-intermediates-swapped"},
		{deviation.LastDeviceCounts, "extra-second-leaf-claimed"},
		{deviation.IgnoresSignatures, "sig-wrong-key"},
		{deviation.IgnoresLeafSignature, "sig-wrong-key"},
		{deviation.IgnoresSignaturesAboveLeaf, "sig-bitflip-ica1-of-2"},
		{deviation.IgnoresSignatureUnderRoot, "sig-bitflip-ica1-of-2"},
		{deviation.IgnoresMiddleSignatures, "sig-bitflip-ica0-of-2"},
		{deviation.SkipsUnknownAlgorithms, "sigalg-unknown-oid"},
		{deviation.IgnoresNames, "issuer-name-mismatch"},
		{deviation.LinksByCommonName, "issuer-rdn-order-differs"},
		{deviation.AcceptsNamelessCAs, "ca-subject-empty"},
		{deviation.IgnoresCAFlag, "ca-false-intermediate"},
		{deviation.MissingConstraintsMeanCA, "bc-missing-intermediate"},
		{deviation.AcceptsOldVersionCAs, "v1-intermediate"},
		{deviation.IgnoresPathLen, "pathlen-1-below-2-root-of-2"},
		{deviation.PathLenOfRootOnly, "pathlen-0-below-1-ica1-of-2"},
		{deviation.PathLenNotOfRoot, "pathlen-0-below-1-root-of-1"},
		{deviation.PathLenOfNearestOnly, "pathlen-1-below-2-ica2-of-3"},
		{deviation.PathLenZeroIsNone, "pathlen-0-below-1-root-of-1"},
		{deviation.PathLenOnlyZero, "pathlen-1-below-2-root-of-2"},
		{deviation.PathLenOffByOne, "pathlen-1-below-2-root-of-2"},
		{deviation.IgnoresKeyUsage, "ku-no-certsign-intermediate"},
		{deviation.IgnoresKeyUsageOfRoot, "ku-no-certsign-root"},
		{deviation.EmptyKeyUsageIsNone, "ku-zero-bits-intermediate"},
		{deviation.IgnoresNameConstraints, "ext-nc-ip-excluded"},
		{deviation.IgnoresPolicyConstraints, "ext-policy-required"},
		{deviation.AcceptsExpired, "expired-intermediate"},
		{deviation.IgnoresNotBefore, "not-yet-valid-leaf"},
		{deviation.DatesOfDeviceOnly, "expired-intermediate"},
		{deviation.DatesOfCAsOnly, "expired-leaf"},
		{deviation.GraceOfADay, "expired-leaf"},
		{deviation.ReadsUTCTimeAs20YY, "validity-utctime-2050-trap"},
		{deviation.IgnoresUnknownCritical, "ext-nc-dirname-violated"},
		{deviation.IgnoresUnknownCriticalInLeaf, "ext-ct-poison"},
		{deviation.IgnoresUnknownCriticalInCAs, "ext-unknown-critical-intermediate"},
		{deviation.AcceptsSHA1, "sig-sha1-ecdsa"},
		{deviation.AcceptsMD5, "sig-md5-rsa"},
		{deviation.WeakSignaturesAboveLeaf, "sig-sha1-intermediate"},
		{deviation.AcceptsRSA1024, "leaf-rsa1024"},
		{deviation.AcceptsAnyRSAKey, "root-rsa512"},
		{deviation.AcceptsAnyRSAKey, "root-rsa-e1-forgery"},
		{deviation.RoundsRSASize, "leaf-rsa2047"},
		{deviation.WeakKeysAboveLeaf, "intermediate-rsa1024"},
		{deviation.IgnoresSerial, "serial-1000-octets"},
		{deviation.AcceptsSloppyDER, "der-trailing-in-tbs"},
		{deviation.IgnoresDeviceKeyUsage, "ku-leaf-no-digitalsignature"},
		{deviation.IgnoresExtKeyUsage, "eku-serverauth-only-critical"},
		{deviation.IgnoresNoncriticalPurpose, "eku-serverauth-only"},
		{deviation.IgnoresClientID, "cn-mismatch"},
		{deviation.ClientIDIgnoresCase, "cn-mismatch-case"},
		{deviation.ClientIDByPrefix, "cn-mismatch-prefix"},
		{deviation.StripsEveryD, "cn-clientid-d-twice"},
		{deviation.AnyTypeNamesADevice, "cn-clientid-other-prefix"},
		{deviation.FillsInClientID, "cn-clientid-empty"},
		{deviation.NameIsACString, "cn-nul-byte-bmp"},
		{deviation.TrimsName, "cn-trimmed-match"},
		{deviation.TakesFirstName, "cn-two-first-matches"},
		{deviation.TakesLastName, "cn-two-last-matches"},
		{deviation.NameFromText, "cn-dn-injection"},
		{deviation.SANStandsIn, "cn-only-in-san"},
		{deviation.TakesAnyName, "cn-newline"},
		{deviation.AllowsColon, "cn-colon-mac-address"},
		{deviation.NameEndsAtColon, "cn-colon-clientid-bare"},
		{deviation.StripsDFromName, "cn-d-prefix"},
		{deviation.AllowsControlCharacters, "cn-bidi-override"},
		{deviation.AllowsTopicCharacters, "cn-mqtt-hash"},
		{deviation.AllowsLongNames, "cn-65535"},
		{deviation.CutsLongNames, "cn-65536"},
		{deviation.AllowsSpaces, "cn-only-spaces"},
		{deviation.WantsExtKeyUsage, "eku-absent-leaf"},
		{deviation.WantsLeafConstraints, "bc-missing-leaf"},
		{deviation.WantsCriticalBasic, "bc-noncritical-intermediate"},
		{deviation.WantsKeyUsage, "ku-absent-cas"},
		{deviation.WantsAuthorityKeyID, "aki-missing"},
		{deviation.RefusesSAN, "ext-san-plain"},
		{deviation.RefusesUnknownExtension, "ext-unknown-noncritical"},
		{deviation.RefusesP384, "leaf-p384"},
		{deviation.RefusesP521, "leaf-p521"},
		{deviation.RefusesRSA4096, "leaf-rsa4096"},
		{deviation.RefusesPSS, "sig-rsa-pss"},
		{deviation.RefusesLongSerial, "serial-20-octets"},
		{deviation.RefusesLongValidity, "validity-leaf-outlives-ca"},
		{deviation.RefusesGeneralizedTime, "validity-no-end"},
		{deviation.RefusesEndlessRoot, "validity-no-end-root"},
		{deviation.AnchorMustBeSelfSigned, "valid-anchor-is-intermediate"},
		{deviation.PathLenCountsLeaf, "pathlen-spec-example"},
		{deviation.LengthMustBeBelowMax, "valid-direct"},
		{deviation.RefusesDeepChains, "chain-at-max-10"},
		{deviation.IgnoresLengthSetting, "chain-at-max-4"},
		{deviation.RefusesLongNames, "cn-64"},
		{deviation.RefusesNonASCII, "cn-unicode"},
		{deviation.LowersName, "cn-mixed-case"},
		{deviation.NameMustStandAlone, "cn-multivalued-rdn"},
		{deviation.NameMustStandLast, "cn-before-other-rdns"},
		{deviation.NameMustBePrintable, "cn-utf8string"},
		{deviation.RefusesDPrefix, "cn-clientid-d"},
		{deviation.RefusesTemplate, "cn-clientid-d-template"},
	} {
		t.Run(tt.deviation, func(t *testing.T) {
			row, _ := cases.ByID(tt.row)
			if testing.Short() && tt.row == "leaf-rsa4096" {
				return // the key alone takes seconds to find
			}
			before, after := admits(t, f, row, ""), admits(t, f, row, tt.deviation)
			if before != row.Expectation.Accept() || after == before {
				t.Errorf("%s is admitted %v, with the deviation %v", tt.row, before, after)
			}
			if control, ok := cases.ByID(row.Control); ok && !admits(t, f, control, tt.deviation) {
				t.Errorf("the control %s of %s is refused", row.Control, tt.row)
			}
		})
	}
}

// A key that is let pass still has to have made the signature.
func TestSmallKeysVerify(t *testing.T) {
	set, err := deviation.Parse([]string{deviation.AcceptsAnyRSAKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"root-rsa512", "root-rsa-e1-forgery"} {
		row, _ := cases.ByID(id)
		p, err := row.Build(cases.NewBench(newFactory(), "row"))
		if err != nil {
			t.Fatal(err)
		}
		leaf := p.Chain[0]
		leaf[len(leaf)-1] ^= 1
		rules := trust.Rules{Anchors: anchors(p), Now: now, Deviations: set}
		if _, refusal := rules.Walk(parseAll(t, p.Chain...)); reason(refusal) != trust.BadSignature {
			t.Errorf("%s with one bit of the signature flipped: %q, want %q", id, reason(refusal), trust.BadSignature)
		}
	}
}

// admits uploads the anchors of a row and judges it.
func admits(t *testing.T, f *certfactory.Factory, row cases.Case, name string) bool {
	t.Helper()
	set, err := deviation.Parse([]string{name}[:min(1, len(name))])
	if err != nil {
		t.Fatal(err)
	}
	p, err := row.Build(cases.NewBench(f, row.ID))
	if err != nil {
		t.Fatal(err)
	}
	rules := trust.Rules{Anchors: anchors(p), MaxLength: p.MaxLength, Now: now, Deviations: set}
	for _, a := range anchors(p) {
		if rules.CheckAnchor(a.Certificate) != nil {
			return false
		}
	}
	path, refusal := rules.Walk(parseAll(t, p.Chain...))
	if refusal != nil {
		return false
	}
	commonName, refusal := rules.CommonName(path.Leaf)
	return refusal == nil && rules.MatchClientID(p.ClientID, commonName) == nil
}
