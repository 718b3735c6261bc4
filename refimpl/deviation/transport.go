package deviation

// Deviations about TLS, and those that show only in some connections.
const (
	AsksForNoCertificate     = "asks-for-no-certificate"
	AdmitsAnonymous          = "admits-anonymous"
	PlaintextOnTLSPort       = "plaintext-on-tls-port"
	WebSocketAdmitsDevices   = "websocket-admits-devices"
	AcceptsOldTLS            = "accepts-old-tls"
	ServesAnotherCertificate = "serves-another-certificate"
	ResumptionSkipsDates     = "resumption-skips-dates"
	ExpiredInTLS12           = "accepts-expired-in-tls12"
	UnsignedInTLS13          = "ignores-signatures-in-tls13"
	ExpiredKnownDevices      = "accepts-expired-of-known-devices"
	UnjudgedInACrowd         = "unjudged-in-a-crowd"
)

func transport() []Deviation {
	return []Deviation{
		{AsksForNoCertificate, "DC-TLS-01", "no certificate is asked for: the Client Identifier is believed"},
		{AdmitsAnonymous, "DC-TLS-09", "a client that presents nothing is admitted under its Client Identifier"},
		{PlaintextOnTLSPort, "DC-TLS-02", "a client that does not begin with TLS is answered in plaintext"},
		{WebSocketAdmitsDevices, "DC-TLS-03", "MQTT over WebSocket asks for certificates and admits devices by them"},
		{AcceptsOldTLS, "DC-TLS-04", "TLS 1.0 and TLS 1.1 are spoken too"},
		{ServesAnotherCertificate, "DC-TLS-05", "the MQTT port serves the certificate of another platform"},
		{ResumptionSkipsDates, "DC-CHAIN-12", "whoever resumes a session may have expired since"},
		{ExpiredInTLS12, "DC-CHAIN-12", "notAfter is ignored in TLS 1.2"},
		{UnsignedInTLS13, "DC-CHAIN-07", "no signature is verified in TLS 1.3"},
		{ExpiredKnownDevices, "DC-CHAIN-12", "notAfter is ignored in the chain of a device that has been there before"},
		{UnjudgedInACrowd, "DC-CHAIN-12", "notAfter is ignored while twenty devices are connected"},
	}
}
