package deviation

// Deviations that refuse good devices.
const (
	WantsExtKeyUsage        = "wants-ext-key-usage"
	WantsLeafConstraints    = "wants-leaf-basic-constraints"
	WantsCriticalBasic      = "wants-critical-basic-constraints"
	WantsKeyUsage           = "wants-key-usage"
	WantsAuthorityKeyID     = "wants-authority-key-id"
	RefusesSAN              = "refuses-subject-alt-name"
	RefusesUnknownExtension = "refuses-unknown-extensions"
	RefusesP384             = "refuses-p384"
	RefusesP521             = "refuses-p521"
	RefusesRSA4096          = "refuses-rsa4096"
	RefusesPSS              = "refuses-rsa-pss"
	RefusesLongSerial       = "refuses-long-serial"
	RefusesLongValidity     = "refuses-long-validity"
	RefusesGeneralizedTime  = "refuses-generalized-time"
	RefusesEndlessRoot      = "refuses-endless-root"
	AnchorMustBeSelfSigned  = "anchor-must-be-self-signed"
	PathLenCountsLeaf       = "pathlen-counts-leaf"
	LengthMustBeBelowMax    = "length-must-be-below-maximum"
	IgnoresLengthSetting    = "ignores-length-setting"
	RefusesDeepChains       = "refuses-deep-chains"
	RefusesLongNames        = "refuses-long-names"
	RefusesNonASCII         = "refuses-non-ascii-names"
	LowersName              = "lowers-name"
	NameMustStandAlone      = "name-must-stand-alone"
	NameMustStandLast       = "name-must-stand-last"
	NameMustBePrintable     = "name-must-be-printable"
	RefusesDPrefix          = "refuses-d-prefix"
	RefusesTemplate         = "refuses-template"
	WantsUserName           = "wants-user-name"
	TLS12Only               = "tls12-only"
	TLS13Only               = "tls13-only"
	PinsFirstCertificate    = "pins-first-certificate"
	RemembersRefusals       = "remembers-refusals"
)

func strict() []Deviation {
	return append(strictChain(), strictDevice()...)
}

func strictChain() []Deviation {
	return []Deviation{
		{WantsExtKeyUsage, "DC-CHAIN-18", "a device certificate without extKeyUsage is refused"},
		{WantsLeafConstraints, "DC-CHAIN-15", "a device certificate without basicConstraints is refused"},
		{WantsCriticalBasic, "DC-CHAIN-04", "a CA certificate whose basicConstraints are not critical is refused"},
		{WantsKeyUsage, "DC-CHAIN-17", "a CA certificate without keyUsage is refused"},
		{WantsAuthorityKeyID, "DC-CHAIN-08", "a device certificate without authorityKeyIdentifier is refused"},
		{RefusesSAN, "DC-CHAIN-02", "a device certificate with a subjectAltName is refused"},
		{RefusesUnknownExtension, "DC-CHAIN-16", "an unknown extension is refused though it is not critical"},
		{RefusesP384, "DC-CHAIN-13", "keys on P-384 are refused"},
		{RefusesP521, "DC-CHAIN-13", "keys on P-521 are refused"},
		{RefusesRSA4096, "DC-CHAIN-13", "RSA keys of more than 3072 bits are refused"},
		{RefusesPSS, "DC-CHAIN-07", "signatures by RSASSA-PSS are refused"},
		{RefusesLongSerial, "DC-CHAIN-20", "serial numbers of more than 19 octets are refused"},
		{RefusesLongValidity, "DC-CHAIN-12", "a device certificate that is valid for more than ten years is refused"},
		{RefusesGeneralizedTime, "DC-CHAIN-12", "dates in GeneralizedTime are refused"},
		{RefusesEndlessRoot, "DC-CHAIN-12", "a CA certificate that ends in 9999 is refused"},
		{AnchorMustBeSelfSigned, "DC-TRUST-06", "an intermediate that was uploaded anchors nothing"},
		{PathLenCountsLeaf, "DC-CHAIN-06", "the device certificate counts towards pathLenConstraint"},
		{LengthMustBeBelowMax, "DC-CHAIN-02", "a chain of exactly the maximum length is refused"},
		{RefusesDeepChains, "DC-CHAIN-03", "a chain of more than five certificates is refused whatever the maximum length is set to"},
		{IgnoresLengthSetting, "DC-CHAIN-11", "the maximum chain length stays at 2 whatever it is set to"},
	}
}

func strictDevice() []Deviation {
	return []Deviation{
		{RefusesLongNames, "DC-ID-03", "common names of more than 48 characters are refused"},
		{RefusesNonASCII, "DC-ID-03", "common names in other letters than those of ASCII are refused"},
		{LowersName, "DC-ID-03", "the common name is put into lower case before it is compared"},
		{NameMustStandAlone, "DC-ID-02", "a common name that shares its RDN with another attribute is not found"},
		{NameMustStandLast, "DC-ID-02", "a common name that is not the last of the subject is not found"},
		{NameMustBePrintable, "DC-ID-02", "a common name that is no PrintableString is refused"},
		{RefusesDPrefix, "DC-ID-04", `a Client Identifier with "d:" names no device`},
		{RefusesTemplate, "DC-ID-04", "a Client Identifier with a template names no device"},
		{WantsUserName, "DC-ID-01", "a device without a user name is refused"},
		{TLS12Only, "DC-TLS-04", "TLS 1.3 is not spoken"},
		{TLS13Only, "DC-TLS-04", "TLS 1.2 is not spoken"},
		{PinsFirstCertificate, "DC-ID-02", "a device that comes back with another certificate is refused"},
		{RemembersRefusals, "DC-CHAIN-12", "a certificate that was refused once stays refused"},
	}
}
