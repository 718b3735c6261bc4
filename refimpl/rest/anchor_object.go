package rest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// anchorObject is a trust anchor as the real platform shows one.
func anchorObject(c call, a registry.Anchor) map[string]any {
	cert := a.Certificate
	status := "DISABLED"
	if a.Enabled {
		status = "ENABLED"
	}
	return map[string]any{
		"fingerprint":             c.shownFingerprint(a),
		"name":                    a.Name,
		"status":                  status,
		"autoRegistrationEnabled": a.AutoRegistration,
		"certInPemFormat":         base64.StdEncoding.EncodeToString(cert.Raw),
		"algorithmName":           algorithmName(cert.SignatureAlgorithm),
		"issuer":                  javaName(cert.RawIssuer),
		"subject":                 javaName(cert.RawSubject),
		"serialNumber":            cert.SerialNumber.String(),
		"notBefore":               timestamp(cert.NotBefore),
		"notAfter":                timestamp(cert.NotAfter),
		"version":                 cert.Version,
		"self":                    c.url("/tenant/tenants/" + a.Tenant + "/trusted-certificates/" + a.Fingerprint),
	}
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// algorithmName is the name that Java gives to a signature algorithm.
func algorithmName(a x509.SignatureAlgorithm) string {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA:
		return strings.ReplaceAll(strings.TrimSuffix(a.String(), "-RSA"), "-", "") + "withRSA"
	case x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return strings.ReplaceAll(strings.TrimPrefix(a.String(), "ECDSA-"), "-", "") + "withECDSA"
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return "RSASSA-PSS"
	default:
		return a.String()
	}
}

// javaKeywords are the attribute types that Java writes by name.
func javaKeyword(oid asn1.ObjectIdentifier) string {
	keywords := map[string]string{
		"2.5.4.3": "CN", "2.5.4.4": "SURNAME", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L",
		"2.5.4.8": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "T",
		"2.5.4.42": "GIVENNAME", "2.5.4.43": "INITIALS", "2.5.4.44": "GENERATION", "2.5.4.46": "DNQ",
		"1.2.840.113549.1.9.1": "EMAILADDRESS", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
	}
	if k, ok := keywords[oid.String()]; ok {
		return k
	}
	return "OID." + oid.String()
}

// javaName writes a distinguished name as Java's X500Principal.toString does: last part
// first, separated by comma and space, quoted where a character needs it.
func javaName(raw []byte) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &name); err != nil || len(rest) > 0 {
		return ""
	}
	parts := make([]string, 0, len(name))
	for _, rdn := range slices.Backward(name) {
		values := make([]string, 0, len(rdn))
		for _, v := range rdn {
			values = append(values, javaKeyword(v.Type)+"="+javaValue(fmt.Sprint(v.Value)))
		}
		parts = append(parts, strings.Join(values, " + "))
	}
	return strings.Join(parts, ", ")
}

func javaValue(s string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	if strings.ContainsAny(s, ",+=\n<>#;\\\"") || strings.TrimSpace(s) != s || strings.Contains(s, "  ") {
		return `"` + escaped + `"`
	}
	return escaped
}
