package cadir

import (
	"encoding/asn1"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Reason says why a certificate was revoked; the numbers are those of
// CRLReason (RFC 5280 §5.3.1).
type Reason int

// The reasons that a full CRL may give. Unspecified is the zero value and is
// left out of the database and of the CRL.
const (
	Unspecified          Reason = 0
	KeyCompromise        Reason = 1
	CACompromise         Reason = 2
	AffiliationChanged   Reason = 3
	Superseded           Reason = 4
	CessationOfOperation Reason = 5
	CertificateHold      Reason = 6
)

// removeFromCRL belongs into delta CRLs; OpenSSL writes it if told to.
const removeFromCRL Reason = 8

// reasonNames are OpenSSL's, which differ from RFC 5280 in CACompromise.
var reasonNames = map[Reason]string{
	Unspecified: "unspecified", KeyCompromise: "keyCompromise", CACompromise: "CACompromise",
	AffiliationChanged: "affiliationChanged", Superseded: "superseded",
	CessationOfOperation: "cessationOfOperation", CertificateHold: "certificateHold", removeFromCRL: "removeFromCRL",
}

// String returns OpenSSL's name of the reason.
func (r Reason) String() string {
	if name, ok := reasonNames[r]; ok {
		return name
	}
	return "Reason(" + strconv.Itoa(int(r)) + ")"
}

// ParseReason reads what String prints, in any case.
func ParseReason(s string) (Reason, error) {
	for r, name := range reasonNames {
		if strings.EqualFold(name, s) {
			return r, nil
		}
	}
	return 0, fmt.Errorf("parse reason: no %q", s)
}

// parseRevocation reads the third column: a time, a reason, and for some
// reasons a detail, divided by commas.
func (e *Entry) parseRevocation(s string) error {
	when, rest, given := strings.Cut(s, ",")
	var err error
	if e.RevokedAt, err = parseTime(when); err != nil || !given {
		return err
	}
	name, detail, detailed := strings.Cut(rest, ",")
	switch strings.ToLower(name) {
	case "holdinstruction":
		if _, err := parseOID(detail); err != nil {
			return err
		}
		e.Reason, e.detail = CertificateHold, rest
	case "keytime", "cakeytime":
		if _, err := time.Parse(generalizedTime, detail); err != nil {
			return fmt.Errorf("time of compromise %.50q: want one like 20261231235959Z", detail)
		}
		e.Reason, e.detail = KeyCompromise, rest
		if strings.EqualFold(name, "CAkeyTime") {
			e.Reason = CACompromise
		}
	default:
		if detailed {
			return fmt.Errorf("reason %.50q takes no detail", name)
		}
		if e.Reason, err = ParseReason(name); err != nil {
			return err
		}
		e.detail = rest
	}
	return nil
}

// revocation prints the third column.
func (e Entry) revocation() string {
	s := formatTime(e.RevokedAt)
	switch {
	case e.detail != "":
		return s + "," + e.detail
	case e.Reason != Unspecified:
		return s + "," + e.Reason.String()
	}
	return s
}

// holdInstructions are the names that OpenSSL knows (RFC 2459 §5.3.2).
var holdInstructions = map[string]asn1.ObjectIdentifier{
	"holdinstructionnone":       {1, 2, 840, 10040, 2, 1},
	"holdinstructioncallissuer": {1, 2, 840, 10040, 2, 2},
	"holdinstructionreject":     {1, 2, 840, 10040, 2, 3},
}

func parseOID(s string) (asn1.ObjectIdentifier, error) {
	if oid, ok := holdInstructions[strings.ToLower(s)]; ok {
		return oid, nil
	}
	var oid asn1.ObjectIdentifier
	for arc := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%.50q is no object identifier", s)
		}
		oid = append(oid, int(n))
	}
	if _, err := asn1.Marshal(oid); err != nil {
		return nil, fmt.Errorf("%.50q is no object identifier", s)
	}
	return oid, nil
}
