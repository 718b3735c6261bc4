package deviation

// Deviations about which certificate is the trust anchor, and how long a chain may be.
const (
	AnchorNeedNotBePresented = "anchor-need-not-be-presented"
	AnchorAnywhereSuffices   = "anchor-anywhere-suffices"
	TrustsBySubject          = "trusts-by-subject"
	TrustsByKey              = "trusts-by-key"
	TrustsAnyRoot            = "trusts-any-root"
	EmptyStoreTrustsFirst    = "empty-store-trusts-first"
	IgnoresMaxLength         = "ignores-max-length"
	LengthWithoutLeaf        = "length-without-leaf"
	SortsChain               = "sorts-chain"
	LastDeviceCounts         = "last-device-counts"
)

// Deviations about what links one certificate to the next.
const (
	IgnoresSignatures          = "ignores-signatures"
	IgnoresLeafSignature       = "ignores-leaf-signature"
	IgnoresSignaturesAboveLeaf = "ignores-signatures-above-leaf"
	IgnoresSignatureUnderRoot  = "ignores-signature-under-root"
	IgnoresMiddleSignatures    = "ignores-middle-signatures"
	SkipsUnknownAlgorithms     = "skips-unknown-algorithms"
	IgnoresNames               = "ignores-names"
	LinksByCommonName          = "links-by-common-name"
	AcceptsNamelessCAs         = "accepts-nameless-cas"
	IgnoresCAFlag              = "ignores-ca-flag"
	MissingConstraintsMeanCA   = "missing-constraints-mean-ca"
	AcceptsOldVersionCAs       = "accepts-old-version-cas"
	IgnoresPathLen             = "ignores-pathlen"
	PathLenOfRootOnly          = "pathlen-of-root-only"
	PathLenNotOfRoot           = "pathlen-not-of-root"
	PathLenOfNearestOnly       = "pathlen-of-nearest-only"
	PathLenZeroIsNone          = "pathlen-zero-is-none"
	PathLenOnlyZero            = "pathlen-only-zero"
	PathLenOffByOne            = "pathlen-off-by-one"
	IgnoresKeyUsage            = "ignores-key-usage"
	IgnoresKeyUsageOfRoot      = "ignores-key-usage-of-root"
	EmptyKeyUsageIsNone        = "empty-key-usage-is-none"
	IgnoresNameConstraints     = "ignores-name-constraints"
	IgnoresPolicyConstraints   = "ignores-policy-constraints"
)

func chain() []Deviation {
	return append(anchoring(), linking()...)
}

func anchoring() []Deviation {
	return []Deviation{
		{AnchorNeedNotBePresented, "DC-CHAIN-01", "a chain that ends below the uploaded certificate is completed from the store"},
		{AnchorAnywhereSuffices, "DC-CHAIN-07", "an uploaded certificate anywhere in the list is enough: nothing has to link it to the device"},
		{TrustsBySubject, "DC-CHAIN-14", "a certificate with the subject of an uploaded one is taken for it"},
		{TrustsByKey, "DC-CHAIN-14", "a certificate with the public key of an uploaded one is taken for it"},
		{TrustsAnyRoot, "DC-CHAIN-14", "a chain that no uploaded certificate anchors is taken to hang on the first one there is"},
		{EmptyStoreTrustsFirst, "DC-CHAIN-14", "while nothing is uploaded, the last certificate of the first chain becomes a trust anchor"},
		{IgnoresMaxLength, "DC-CHAIN-10", "a chain of any length is walked"},
		{LengthWithoutLeaf, "DC-CHAIN-10", "the device certificate does not count towards the maximum chain length"},
		{SortsChain, "DC-CHAIN-09", "the order in which certificates were sent does not matter, nor what else was sent"},
		{LastDeviceCounts, "DC-TLS-06", "the last certificate in the list that is no CA is taken for the device's, though the key of the first was proved"},
	}
}

func linking() []Deviation {
	return []Deviation{
		{IgnoresSignatures, "DC-CHAIN-07", "no signature is verified"},
		{IgnoresLeafSignature, "DC-CHAIN-07", "the signature of the device certificate is not verified"},
		{IgnoresSignaturesAboveLeaf, "DC-CHAIN-07", "only the signature of the device certificate is verified"},
		{IgnoresSignatureUnderRoot, "DC-CHAIN-07", "the signature of an intermediate right below the last certificate is not verified"},
		{IgnoresMiddleSignatures, "DC-CHAIN-07", "only the first and the last signature of the chain are verified"},
		{SkipsUnknownAlgorithms, "DC-CHAIN-07", "a signature of an unknown algorithm is not verified"},
		{IgnoresNames, "DC-CHAIN-08", "issuer and subject need not be the same name"},
		{LinksByCommonName, "DC-CHAIN-08", "of issuer and subject only the common names are compared"},
		{AcceptsNamelessCAs, "DC-CHAIN-08", "a CA certificate may have an empty subject"},
		{IgnoresCAFlag, "DC-CHAIN-04", "any certificate may sign another"},
		{MissingConstraintsMeanCA, "DC-CHAIN-04", "a certificate without basicConstraints is taken for that of a CA"},
		{AcceptsOldVersionCAs, "DC-CHAIN-04", "certificates of versions 1 and 2 may sign others"},
		{IgnoresPathLen, "DC-CHAIN-05", "pathLenConstraint is ignored"},
		{PathLenOfRootOnly, "DC-CHAIN-05", "pathLenConstraint counts in the last certificate only"},
		{PathLenNotOfRoot, "DC-CHAIN-05", "pathLenConstraint counts in every certificate but the last"},
		{PathLenOfNearestOnly, "DC-CHAIN-05", "of several pathLenConstraints the one nearest to the device counts"},
		{PathLenZeroIsNone, "DC-CHAIN-05", "a pathLenConstraint of 0 is taken for none"},
		{PathLenOnlyZero, "DC-CHAIN-05", "a pathLenConstraint greater than 0 is taken for none"},
		{PathLenOffByOne, "DC-CHAIN-05", "one CA certificate more than pathLenConstraint allows may stand below"},
		{IgnoresKeyUsage, "DC-CHAIN-17", "a certificate may sign another whatever its keyUsage"},
		{IgnoresKeyUsageOfRoot, "DC-CHAIN-17", "a self-issued certificate may sign another whatever its keyUsage"},
		{EmptyKeyUsageIsNone, "DC-CHAIN-17", "a keyUsage with no bit set is taken for none"},
		{IgnoresNameConstraints, "DC-CHAIN-19", "name constraints are ignored"},
		{IgnoresPolicyConstraints, "DC-CHAIN-19", "policy constraints are ignored"},
	}
}
