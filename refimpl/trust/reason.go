package trust

// A Reason is the name of the rule that a chain, a common name or a Client Identifier
// breaks. The names are those that the case catalogue uses.
type Reason string

// Reasons that lie in the chain as a whole.
const (
	NoCertificate      Reason = "no-certificate"       // DC-TLS-09
	ChainTooLong       Reason = "chain-too-long"       // DC-CHAIN-10
	AnchorNotPresented Reason = "anchor-not-presented" // DC-CHAIN-01, 14
	AnchorDisabled     Reason = "anchor-disabled"      // DC-TRUST-07
	TenantAmbiguous    Reason = "tenant-ambiguous"     // DC-TRUST-02
	LeafIsAnchor       Reason = "leaf-is-anchor"       // DC-CHAIN-09
	Constraints        Reason = "constraints"          // DC-CHAIN-19
)

// Reasons that lie in one certificate.
const (
	Expired         Reason = "expired"          // DC-CHAIN-12
	NotYetValid     Reason = "not-yet-valid"    // DC-CHAIN-12
	UnknownCritical Reason = "unknown-critical" // DC-CHAIN-16
	WeakSignature   Reason = "weak-signature"   // DC-CHAIN-13
	WeakKey         Reason = "weak-key"         // DC-CHAIN-13
	BadSerial       Reason = "bad-serial"       // DC-CHAIN-20
	NotDER          Reason = "not-der"          // DC-CHAIN-20
	LeafKU          Reason = "leaf-ku"          // DC-CHAIN-18
	LeafEKU         Reason = "leaf-eku"         // DC-CHAIN-18
)

// Reasons that lie between a certificate and the one before it.
const (
	CANotV3        Reason = "ca-not-v3"       // DC-CHAIN-04
	IssuerNotCA    Reason = "issuer-not-ca"   // DC-CHAIN-04
	IssuerKU       Reason = "issuer-ku"       // DC-CHAIN-17
	CANoName       Reason = "ca-no-name"      // DC-CHAIN-08
	PathLen        Reason = "pathlen"         // DC-CHAIN-05
	IssuerMismatch Reason = "issuer-mismatch" // DC-CHAIN-08, 09
	BadSignature   Reason = "bad-signature"   // DC-CHAIN-07
)

// Reasons that lie in who the device says it is.
const (
	CNMissing        Reason = "cn-missing"        // DC-ID-06
	CNMultiple       Reason = "cn-multiple"       // DC-ID-03
	CNType           Reason = "cn-type"           // DC-ID-03
	CNLong           Reason = "cn-long"           // DC-ID-03
	CNSpace          Reason = "cn-space"          // DC-ID-03
	CNControl        Reason = "cn-control"        // DC-ID-03
	CNColon          Reason = "cn-colon"          // DC-ID-05
	CNMQTT           Reason = "cn-mqtt"           // DC-ID-03
	ClientIDMismatch Reason = "clientid-mismatch" // DC-ID-03, 04
)

// Disliked is the reason of a deviation that refuses what is good.
const Disliked Reason = "disliked"
