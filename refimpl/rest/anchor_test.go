package rest_test

import (
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
)

func TestAnchorObject(t *testing.T) {
	a := newAPI(t)
	der := a.der("root", certfactory.With(func(c *x509.Certificate) {
		c.Subject = pkix.Name{
			Country: []string{"DE"}, Organization: []string{`John "Doe", AG+`}, CommonName: "root",
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: []int{1, 2, 840, 113549, 1, 9, 1}, Value: "a@b.c"}},
		}
		c.SerialNumber = big.NewInt(1234567890123)
	}), certfactory.Valid(now.Add(-time.Hour), now.Add(time.Hour)))
	got := a.call("POST", anchors, "t1/admin", upload(t, map[string]any{
		"status": "ENABLED", "name": "mine", "autoRegistrationEnabled": "true", "certInPemFormat": string(certfactory.PEM(der)),
	}))
	sum := sha1.Sum(der)
	fingerprint := hex.EncodeToString(sum[:])
	subject := `EMAILADDRESS=a@b.c, CN=root, O="John \"Doe\", AG+", C=DE`
	want := map[string]any{
		"fingerprint": fingerprint, "name": "mine", "status": "ENABLED", "autoRegistrationEnabled": true,
		"certInPemFormat": base64.StdEncoding.EncodeToString(der), "algorithmName": "SHA256withECDSA",
		"subject": subject, "issuer": subject, "serialNumber": "1234567890123", "version": 3.0,
		"notBefore": "2026-06-01T11:00:00.000Z", "notAfter": "2026-06-01T13:00:00.000Z",
		"self": "https://example.com" + anchors + "/" + fingerprint,
	}
	if diff := cmp.Diff(want, got.body); diff != "" || got.status != 201 {
		t.Fatalf("status %d: %s", got.status, diff)
	}
	for _, spelled := range []string{fingerprint, strings.ToUpper(fingerprint)} {
		if read := a.call("GET", anchors+"/"+spelled, "t1/manager", ""); cmp.Diff(want, read.body) != "" {
			t.Errorf("GET %s: %d %v", spelled, read.status, read.body)
		}
	}
}

func TestAnchorIsChangedAndDeleted(t *testing.T) {
	a := newAPI(t)
	body := upload(t, map[string]any{"status": "DISABLED", "certInPemFormat": a.pem("root")})
	fingerprint := a.call("POST", anchors, "t1/admin", body).body["fingerprint"].(string)
	path := anchors + "/" + fingerprint
	for _, tt := range []struct {
		name, body string
		status     int
		field      string
		want       any
	}{
		{"as uploaded", `{}`, 200, "status", "DISABLED"},
		{"enable", `{"status":"ENABLED"}`, 200, "status", "ENABLED"},
		{"name", `{"name":"new"}`, 200, "name", "new"},
		{"register, boolean", `{"autoRegistrationEnabled":true}`, 200, "autoRegistrationEnabled", true},
		{"register, string", `{"autoRegistrationEnabled":"false"}`, 200, "autoRegistrationEnabled", false},
		{"register, number", `{"autoRegistrationEnabled":1}`, 422, "error", "general/Unprocessable Entity"},
		{"unknown status", `{"status":"MAYBE"}`, 422, "error", "tenants/Invalid Data"},
		{"certificate is ignored", `{"certInPemFormat":"x"}`, 200, "fingerprint", fingerprint},
		{"the rest stayed", `{}`, 200, "name", "new"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := a.call("PUT", path, "t1/manager", tt.body); got.status != tt.status || got.body[tt.field] != tt.want {
				t.Errorf("%d %v, want %d with %s %v", got.status, got.body, tt.status, tt.field, tt.want)
			}
		})
	}
	if got := a.call("DELETE", path, "t1/admin", ""); got.status != 204 {
		t.Errorf("DELETE: %d %v", got.status, got.body)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if got := a.call(method, path, "t1/admin", `{}`); got.status != 404 {
			t.Errorf("%s after DELETE: %d", method, got.status)
		}
	}
	if want := []string{"anchor t1/" + fingerprint}; !cmp.Equal(want, a.ended) {
		t.Errorf("ended %v, want %v", a.ended, want)
	}
	if got := a.call("POST", anchors, "t1/admin", body); got.status != 201 {
		t.Errorf("upload after DELETE: %d %v", got.status, got.body)
	}
}

func TestAnchorList(t *testing.T) {
	a := newAPI(t)
	for i := range 7 {
		a.call("POST", anchors, "t1/admin", upload(t, map[string]any{
			"status": "ENABLED", "name": fmt.Sprint(i), "certInPemFormat": a.pem(fmt.Sprint("root", i)),
		}))
	}
	for _, tt := range []struct {
		name, query string
		items       int
		statistics  map[string]any
		next, prev  bool
	}{
		{"default", "", 5, map[string]any{"currentPage": 1.0, "pageSize": 5.0}, true, false},
		{"second", "?currentPage=2", 2, map[string]any{"currentPage": 2.0, "pageSize": 5.0}, false, true},
		{"totals", "?pageSize=3&withTotalPages=true&withTotalElements=true", 3, map[string]any{"currentPage": 1.0, "pageSize": 3.0, "totalPages": 3.0, "totalElements": 7.0}, true, false},
		{"all", "?pageSize=9999", 7, map[string]any{"currentPage": 1.0, "pageSize": 2000.0}, false, false},
		{"beyond", "?currentPage=99", 0, map[string]any{"currentPage": 99.0, "pageSize": 5.0}, false, true},
		{"nonsense", "?pageSize=-1&currentPage=x", 5, map[string]any{"currentPage": 1.0, "pageSize": 5.0}, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := a.call("GET", anchors+tt.query, "t1/manager", "").body
			if n := len(got["certificates"].([]any)); n != tt.items {
				t.Errorf("%d items, want %d", n, tt.items)
			}
			if diff := cmp.Diff(tt.statistics, got["statistics"]); diff != "" {
				t.Error(diff)
			}
			if (got["next"] != nil) != tt.next || (got["prev"] != nil) != tt.prev {
				t.Errorf("next %v, prev %v", got["next"], got["prev"])
			}
		})
	}
}

func TestUpload(t *testing.T) {
	a := newAPI(t)
	expired := certfactory.Valid(now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	leaf, err := a.factory.Device(a.factory.Root("ca"), "leaf").DER()
	if err != nil {
		t.Fatal(err)
	}
	text := func(value any) map[string]any { return map[string]any{"status": "ENABLED", "certInPemFormat": value} }
	for _, tt := range []struct {
		name   string
		fields map[string]any
		want   int
	}{
		{"pem", text(a.pem("a")), 201},
		{"pem without line ends", text(strings.ReplaceAll(a.pem("b"), "\n", "")), 201},
		{"base64 alone", text(base64.StdEncoding.EncodeToString(a.der("c"))), 201},
		{"indented", text("  " + strings.ReplaceAll(a.pem("d"), "\n", "\n  ")), 201},
		{"crlf", text(strings.ReplaceAll(a.pem("e"), "\n", "\r\n")), 201},
		{"description before", text("Certificate:\n    Data:\n" + a.pem("f")), 201},
		{"pathlen 0", text(a.pem("g", certfactory.PathLen(0))), 201},
		{"basicConstraints not critical", text(a.pem("h", certfactory.Mutate(certfactory.SetCritical(certfactory.BasicConstraints, false)))), 201},
		{"valid from tomorrow", text(a.pem("i", certfactory.Valid(now.Add(24*time.Hour), now.Add(48*time.Hour)))), 201},
		{"no certificate", map[string]any{"status": "ENABLED"}, 422},
		{"null", text(nil), 422},
		{"number", text(5), 422},
		{"empty", text(""), 422},
		{"no status", map[string]any{"certInPemFormat": a.pem("j")}, 422},
		{"two certificates", text(a.pem("k") + a.pem("l")), 422},
		{"private key behind", text(a.pem("m") + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 422},
		{"footer missing", text(strings.Split(a.pem("n"), "-----END")[0]), 422},
		{"other label", text(strings.ReplaceAll(a.pem("o"), "CERTIFICATE", "CERTIFICATE REQUEST")), 422},
		{"bad base64", text(strings.Replace(a.pem("p"), "M", "*", 1)), 422},
		{"truncated", text(string(certfactory.PEM(a.der("q")[:100]))), 422},
		{"trailing bytes", text(string(certfactory.PEM(append(a.der("r"), 0, 0)))), 422},
		{"device certificate", text(string(certfactory.PEM(leaf))), 422},
		{"no basicConstraints", text(a.pem("s", certfactory.Mutate(certfactory.DropExtension(certfactory.BasicConstraints)))), 422},
		{"version 1", text(a.pem("t", certfactory.Mutate(certfactory.DropExtensions(), certfactory.Version(0, false)))), 422},
		{"expired", text(a.pem("u", expired)), 422},
		{"bad self-signature", text(a.pem("v", certfactory.Mutate(certfactory.FlipSignatureBit()))), 422},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(a.registry.Anchors("t1"))
			got := a.call("POST", anchors, "t1/admin", upload(t, tt.fields))
			if got.status != tt.want {
				t.Errorf("status %d %v, want %d", got.status, got.body, tt.want)
			}
			if added := len(a.registry.Anchors("t1")) > before; added != (tt.want == 201) {
				t.Errorf("added: %v", added)
			}
		})
	}
}

func FuzzUpload(f *testing.F) {
	factory := certfactory.New(certfactory.Seed{9}, now)
	der, err := factory.Root("root").DER()
	if err != nil {
		f.Fatal(err)
	}
	pem := string(certfactory.PEM(der))
	for _, value := range []string{
		pem, strings.ReplaceAll(pem, "\n", ""), base64.StdEncoding.EncodeToString(der), pem + pem,
		"", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----", `{"status":"ENABLED"}`,
	} {
		f.Add(value)
		f.Add(`{"status":"ENABLED","autoRegistrationEnabled":"true","certInPemFormat":"` + strings.ReplaceAll(value, "\n", `\n`) + `"}`)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, body := range []string{value, upload(t, map[string]any{"status": "ENABLED", "certInPemFormat": value})} {
			a := newAPI(t)
			got := a.call("POST", anchors, "t1/admin", body)
			stored := a.registry.Anchors("t1")
			if (got.status == 201) != (len(stored) == 1) || got.status >= 500 {
				t.Fatalf("status %d, %d anchors", got.status, len(stored))
			}
			if len(stored) == 1 && !parse(t, stored[0].Certificate.Raw).IsCA {
				t.Fatal("an anchor that is no CA")
			}
		}
	})
}
