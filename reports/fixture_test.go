package reports_test

import (
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// noon is when every run of these tests starts.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func header() reports.Header {
	return reports.Header{
		Tool: reports.Tool{Name: "chainmail", Version: "0.1.0", Commit: "3e59455"},
		Target: reports.Target{
			Name: "staging", Organization: "Example IoT", Product: "Hub", Version: "10.18",
			URL: "https://hub.example.com", Driver: "cumulocity",
			MQTTAddress: "mqtt.hub.example.com:8883", RESTBaseURL: "https://hub.example.com",
		},
		Profile: "device-certificates", Seed: "quiet-otter-41", Started: noon(),
		Environment: reports.Environment{OS: "linux", Arch: "amd64", Go: "go1.26.8", CPUs: 2},
		Calibration: &reports.Calibration{
			Program: strings.Repeat("5a", 32), Finished: noon(), Deviations: 92, Killed: 91, Survivors: []string{"ignores-pathlen"},
			Pairs: 100, MaskedPairs: []string{"accepts-expired+ignores-pathlen"},
		},
		RoundTrip: 0.25,
		Again:     "chainmail conform --target staging.yaml --seed quiet-otter-41",
		Clauses: []reports.Clause{
			{ID: "DC-TLS-09", Level: "must", Text: "A client that presents no certificate and no other credentials is not admitted"},
			{ID: "DC-CHAIN-02", Level: "must", Text: "A device certificate that the anchor signed itself is admitted"},
			{ID: "DC-CHAIN-09", Level: "should", Text: "Each certificate is followed by the one that signed it; another order is refused"},
			{ID: "DC-CHAIN-11", Level: "must", Text: "The maximum chain length is a setting of the whole platform and can be raised"},
			{ID: "DC-CHAIN-12", Level: "must", Unwaivable: true, Text: "Every certificate of the chain is within its notBefore and notAfter"},
			{ID: "DC-REG-02", Level: "must", Text: "With auto-registration off, a device that is not registered is refused"},
			{ID: "DC-TOK-01", Level: "must", Text: "After subscribing to s/dat and publishing an empty message to s/uat, a token comes on s/dat"},
			{ID: "DC-TOK-05", Level: "must", Text: "The default lifetime of a token is one hour"},
			{ID: "DC-CERT-01", Level: "must", Text: "A CA certificate has the extensions of the sample configuration"},
		},
		Untested: []reports.Untested{{ID: "DC-CERT-01", Reason: "binds the certificate factory, not the platform"}},
	}
}

// admitted is the evidence of a control that went well.
func admitted(role string) reports.Evidence {
	return reports.Evidence{
		Role: role, Layer: reports.LayerAdmitted, CertificateRequested: true, CertificateSent: true, AcceptableCAs: 1,
		ReturnCode: new(0), TLSVersion: "1.2", Times: reports.Times{TCP: 0.2, TLS: 7.4, CONNACK: 1.1},
		Detail: "CONNACK 0",
	}
}

// refused is the evidence of a chain that was refused as RFC 8446 would.
func refused(version string) reports.Evidence {
	return reports.Evidence{
		Role: reports.RoleCase, Layer: reports.LayerTLSHandshake, CertificateRequested: true, CertificateSent: true,
		Alert:    &reports.Alert{Level: "fatal", Code: 45, Name: "certificate_expired"},
		ClosedBy: reports.ClosedByPeer, Close: reports.CloseFIN, TLSVersion: version,
		SideEffects: &reports.SideEffects{DeviceUser: reports.NotCreated, Device: reports.NotCreated},
		Bystander:   reports.BystanderConnected, Times: reports.Times{TCP: 0.2, TLS: 6},
		Detail: "alert certificate_expired (45) in the handshake",
	}
}

func controlled(e reports.Evidence) []reports.Evidence {
	return []reports.Evidence{admitted(reports.RoleControlBefore), e, admitted(reports.RoleControlAfter)}
}

// result is a passed result with its id taken apart.
func result(family, slug, clause, title string) reports.Result {
	id := family + "/" + slug
	return reports.Result{
		ID: id, Spec: id, Family: family, Title: title, Clauses: []string{clause}, Level: reports.LevelMust,
		Verdict: reports.Pass, Started: noon().Add(time.Second), Duration: 31.5,
		Again: "chainmail conform --target staging.yaml --seed quiet-otter-41 --only " + id,
	}
}

func passes() []reports.Result {
	expired := result("chain", "expired-leaf", "DC-CHAIN-12", "a device certificate past notAfter is refused")
	expired.ID += "@tls1.3"
	expired.Axes = map[string]string{"tls": "1.3"}
	expired.Case = "expired-leaf"
	expired.Expected, expired.Observed = "refused", "refused in the handshake"
	expired.Evidence = controlled(refused("1.3"))
	return []reports.Result{
		result("transport", "no-certificate", "DC-TLS-09", "a client without a certificate is not admitted"),
		result("chain", "valid-direct", "DC-CHAIN-02", "a device signed by the anchor is admitted"),
		expired,
		result("token", "on-request", "DC-TOK-01", "a token comes on s/dat"),
	}
}

// troubles holds a result of every verdict but pass, two of some.
func troubles() []reports.Result {
	return []reports.Result{failure(), sideEffect(), warning(), inconclusive("tls1.2"), inconclusive("tls1.3"), notApplicable("three"), notApplicable("ten"), fault()}
}

func failure() reports.Result {
	r := result("chain", "expired-leaf", "DC-CHAIN-12", "a device certificate past notAfter is refused")
	r.ID += "@tls1.2"
	r.Axes = map[string]string{"tls": "1.2"}
	r.Case, r.Verdict = "expired-leaf", reports.Fail
	r.Expected = "refused, in whatever form, before CONNACK 0"
	r.Observed = "admitted: CONNACK 0 to a certificate that expired a day before"
	r.Reason = "the platform admitted a device whose certificate had expired"
	e := admitted(reports.RoleCase)
	e.SideEffects = &reports.SideEffects{DeviceUser: reports.Created, Device: reports.NotCreated}
	e.Bystander = reports.BystanderConnected
	r.Evidence = controlled(e)
	r.Again = "chainmail conform --target staging.yaml --seed quiet-otter-41 --only chain/expired-leaf@tls1.2"
	return r
}

func sideEffect() reports.Result {
	r := result("registration", "auto-off-refuses-unregistered", "DC-REG-02", "without auto-registration an unknown device is refused")
	r.Verdict = reports.Fail
	r.Expected = "refused, and no device user afterwards"
	r.Observed = "refused by CONNACK 5, but a device user was created"
	r.Reason = "the refusal left a device user behind"
	r.Remarks = []string{"RFC 8446 section 6.2 has no say here: the handshake had succeeded"}
	e := refused("1.3")
	e.Layer, e.Alert, e.ReturnCode, e.Close = reports.LayerMQTTConnack, nil, new(5), reports.CloseRST
	e.SideEffects = &reports.SideEffects{DeviceUser: reports.Created, Device: reports.NotCreated}
	e.Detail = "CONNACK 5, not authorized"
	r.Evidence = controlled(e)
	r.Waited, r.Duration = 2000, 2431.25
	return r
}

func warning() reports.Result {
	r := result("chain", "order-anchor-first", "DC-CHAIN-09", "a chain that does not begin with the device is refused")
	r.Level, r.Verdict = reports.LevelShould, reports.Warn
	r.Expected, r.Observed = "refused", "admitted: CONNACK 0"
	r.Reason = "the platform put the chain into order by itself"
	return r
}

func inconclusive(version string) reports.Result {
	r := result("token", "default-lifetime", "DC-TOK-05", "a token lives for one hour")
	r.ID += "@" + version
	r.Verdict = reports.Inconclusive
	r.Reason = "no token came within 10 s, and none for the control either"
	r.Evidence = []reports.Evidence{{Role: reports.RoleCase, Layer: reports.LayerAdmitted, TimedOut: true, Detail: "no token on s/dat"}}
	r.Duration = 10_034
	return r
}

func notApplicable(slug string) reports.Result {
	r := result("chain", "length-"+slug, "DC-CHAIN-11", "a raised maximum length is honoured")
	r.Verdict = reports.NotApplicable
	r.Reason = "the target does not declare the capability maxChainLengthSetting"
	r.Duration = 0
	return r
}

func fault() reports.Result {
	r := result("transport", "websocket", "DC-TLS-09", "MQTT over WebSocket admits no device by certificate")
	r.Verdict = reports.Error
	r.Reason = `mint "websocket": serial number out of range`
	return r
}

// run assembles results that were all selected, and the ids in more.
func run(results []reports.Result, end reports.End, more ...string) reports.Report {
	h := header()
	for _, r := range results {
		h.Selected = append(h.Selected, r.ID)
	}
	h.Selected = append(h.Selected, more...)
	end.Finished = noon().Add(83 * time.Second)
	return reports.Assemble(h, results, end)
}

// everyVerdict is a run with every verdict, a missing spec, and notes.
func everyVerdict() reports.Report {
	end := reports.End{Notes: []string{"the anchor chainmail-7f3a could not be deleted: 503 Service Unavailable"}}
	known := warning()
	known.ID, known.Spec = "chain/order-swapped", "chain/order-swapped"
	mended := result("chain", "valid-two", "DC-CHAIN-02", "a device two steps below the anchor is admitted")
	results := append(append(passes(), troubles()...), known, mended)
	h := header()
	h.Waivers = []reports.Waiver{waiver(reports.Warn, "", known.ID), waiver(reports.Fail, "", mended.ID)}
	for _, r := range results {
		h.Selected = append(h.Selected, r.ID)
	}
	h.Selected = append(h.Selected, "token/renewal")
	end.Finished = noon().Add(83 * time.Second)
	return reports.Assemble(h, results, end)
}
