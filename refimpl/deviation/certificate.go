package deviation

// Deviations about a certificate by itself.
const (
	AcceptsExpired               = "accepts-expired"
	IgnoresNotBefore             = "ignores-not-before"
	DatesOfDeviceOnly            = "dates-of-device-only"
	DatesOfCAsOnly               = "dates-of-cas-only"
	GraceOfADay                  = "grace-of-a-day"
	ReadsUTCTimeAs20YY           = "reads-utctime-as-20yy"
	IgnoresUnknownCritical       = "ignores-unknown-critical"
	IgnoresUnknownCriticalInLeaf = "ignores-unknown-critical-in-leaf"
	IgnoresUnknownCriticalInCAs  = "ignores-unknown-critical-in-cas"
	AcceptsSHA1                  = "accepts-sha1"
	AcceptsMD5                   = "accepts-md5"
	WeakSignaturesAboveLeaf      = "weak-signatures-above-leaf"
	AcceptsRSA1024               = "accepts-rsa1024"
	AcceptsAnyRSAKey             = "accepts-any-rsa-key"
	RoundsRSASize                = "rounds-rsa-size"
	WeakKeysAboveLeaf            = "weak-keys-above-leaf"
	IgnoresSerial                = "ignores-serial"
	AcceptsSloppyDER             = "accepts-sloppy-der"
	IgnoresDeviceKeyUsage        = "ignores-device-key-usage"
	IgnoresExtKeyUsage           = "ignores-ext-key-usage"
	IgnoresNoncriticalPurpose    = "ignores-noncritical-ext-key-usage"
)

func certificate() []Deviation {
	return []Deviation{
		{AcceptsExpired, "DC-CHAIN-12", "notAfter is ignored: an expired certificate passes anywhere in the chain"},
		{IgnoresNotBefore, "DC-CHAIN-12", "notBefore is ignored: a certificate passes before its time"},
		{DatesOfDeviceOnly, "DC-CHAIN-12", "notBefore and notAfter count in the device certificate only"},
		{DatesOfCAsOnly, "DC-CHAIN-12", "notBefore and notAfter count in CA certificates only"},
		{GraceOfADay, "DC-CHAIN-12", "a certificate passes for a day after notAfter"},
		{ReadsUTCTimeAs20YY, "DC-CHAIN-12", "a UTCTime of YY >= 50 is read as 20YY"},
		{IgnoresUnknownCritical, "DC-CHAIN-16", "an unknown critical extension is ignored"},
		{IgnoresUnknownCriticalInLeaf, "DC-CHAIN-16", "an unknown critical extension of the device certificate is ignored"},
		{IgnoresUnknownCriticalInCAs, "DC-CHAIN-16", "an unknown critical extension of a CA certificate is ignored"},
		{AcceptsSHA1, "DC-CHAIN-13", "signatures over SHA-1 are good enough"},
		{AcceptsMD5, "DC-CHAIN-13", "signatures over MD5 are good enough"},
		{WeakSignaturesAboveLeaf, "DC-CHAIN-13", "weak signature algorithms are refused in the device certificate only"},
		{AcceptsRSA1024, "DC-CHAIN-13", "RSA keys from 1024 bits on are good enough"},
		{AcceptsAnyRSAKey, "DC-CHAIN-13", "RSA keys of any size and exponent are good enough"},
		{RoundsRSASize, "DC-CHAIN-13", "the size of an RSA key is rounded up to whole octets"},
		{WeakKeysAboveLeaf, "DC-CHAIN-13", "weak keys are refused in the device certificate only"},
		{IgnoresSerial, "DC-CHAIN-20", "the serial number may be any integer"},
		{AcceptsSloppyDER, "DC-CHAIN-20", "what RFC 5280 and DER forbid passes if the parser can read it"},
		{IgnoresDeviceKeyUsage, "DC-CHAIN-20", "a device may sign the handshake whatever its keyUsage"},
		{IgnoresExtKeyUsage, "DC-CHAIN-18", "extKeyUsage of the device certificate is ignored"},
		{IgnoresNoncriticalPurpose, "DC-CHAIN-18", "extKeyUsage of the device certificate is ignored unless it is critical"},
	}
}
