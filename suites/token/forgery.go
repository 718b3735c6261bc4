package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// forgeries are the specs that a token which differs from a good one in one
// thing opens nothing.
func forgeries() []suites.Spec {
	return []suites.Spec{
		forgery("token-alg-none", "a token says alg none and has no signature", func(_ *suites.Env, t jwt) string {
			_, claims, _ := split(t)
			return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + claims + "."
		}),
		forgery("token-altered", "the end of a token is put off by a day, its signature kept", func(e *suites.Env, t jwt) string {
			return altered(e, t, "exp", t.Expires+24*60*60)
		}),
		forgery("token-other-device", "a token is made out to another device that there is, its signature kept", func(e *suites.Env, t jwt) string {
			return altered(e, t, "sub", suites.DeviceUser(e.GoodDevice("other").ClientID))
		}, func(ctx context.Context, e *suites.Env, _ string) { e.Connect(ctx, e.GoodDevice("other")) }),
		forgery("token-other-tenant", "a token is made out to another tenant, which has a device of that name, its signature kept", func(e *suites.Env, t jwt) string {
			return altered(e, t, "ten", e.Tenant(1).ID)
		}, namesake),
		forgery("token-signature-cut", "a token without its signature", func(_ *suites.Env, t jwt) string {
			header, claims, _ := split(t)
			return header + "." + claims + "."
		}),
		forgery("token-foreign-key", "a token signed with a key of our own", foreignKey),
		asAdmin(),
	}
}

// forgery is the spec that what is forged of a good token opens nothing. What has
// to stand before is told the name of the device.
func forgery(slug, title string, forge func(*suites.Env, jwt) string, before ...func(context.Context, *suites.Env, string)) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "401 Unauthorized",
		Clauses: []string{"DC-TOK-09"}, Level: clause.Must, Needs: needs(target.TrustedCertificates),
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			for _, stand := range before {
				stand(ctx, e, p.ClientID)
			}
			token := obtain(ctx, e, e.Connect(ctx, p))
			control(ctx, e, reports.RoleControlBefore, token)
			response := currentUser(ctx, e, reports.RoleCase, forge(e, token))
			if response.Status == http.StatusUnauthorized {
				control(ctx, e, reports.RoleControlAfter, token)
			}
			e.Observe("%d %s", response.Status, http.StatusText(response.Status))
			Expect(response).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

// namesake connects a device of the same name that belongs to the second tenant.
func namesake(ctx context.Context, e *suites.Env, name string) {
	if !e.Target.Has(target.SecondTenant) {
		e.NotApplicable("the target does not declare %s", target.SecondTenant)
	}
	root, anchor := e.OwnAnchor("anchor of the second tenant")
	anchor.Tenant = 1
	e.Trust(ctx, anchor)
	e.Connect(ctx, e.DeviceNamed(root, name))
}

// control uses the good token; the spec is inconclusive where that opens nothing.
func control(ctx context.Context, e *suites.Env, role string, t jwt) {
	if response := currentUser(ctx, e, role, t.compact); response.Status != http.StatusOK {
		e.Inconclusive("the good token (%s) was answered %d", role, response.Status)
	}
}

// asAdmin is the spec that a device's token is not an administrator's.
func asAdmin() suites.Spec {
	return suites.Spec{
		ID: family + "/token-as-admin", Title: "a device uploads a trust anchor with its token", Expected: "403 Forbidden",
		Clauses: []string{"DC-REST-03", "DC-TOK-04"}, Level: clause.Must, Needs: needs(target.TrustedCertificates),
		Run: func(ctx context.Context, e *suites.Env) {
			token := obtain(ctx, e, e.Connect(ctx, e.GoodDevice("case")))
			control(ctx, e, reports.RoleControlBefore, token)
			_, anchor := e.OwnAnchor("case")
			e.WillAdd(anchor)
			response := e.Ask(ctx, reports.RoleCase, target.Request{
				Method: http.MethodPost, Path: target.AnchorsPath(e.Tenant(0).ID), Bearer: token.compact, Body: target.NewUpload(anchor),
			})
			Expect(response).To(expect.Answer(http.StatusForbidden))
		},
	}
}

// foreignKey signs the same header and claims with a key that the platform does
// not know, by the algorithm that the header names.
func foreignKey(e *suites.Env, t jwt) string {
	header, claims, _ := split(t)
	signed := header + "." + claims
	digest := sha256.Sum256([]byte(signed))
	switch t.Algorithm {
	case "ES256":
		key := e.Factory.Key(certfactory.P256, "foreign token key").(*ecdsa.PrivateKey)
		r, s, err := ecdsa.Sign(nil, key, digest[:])
		if err != nil {
			e.Fault(err)
		}
		var signature [64]byte
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signed + "." + encode(signature[:])
	case "RS256":
		key := e.Factory.Key(certfactory.RSA2048, "foreign token key").(*rsa.PrivateKey)
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if err != nil {
			e.Fault(err)
		}
		return signed + "." + encode(signature)
	}
	e.NotApplicable("tokens are signed %s, for which we have no key of our own", t.Algorithm)
	return ""
}

// altered is a token of which one claim is changed and nothing else.
func altered(e *suites.Env, t jwt, claim string, value any) string {
	header, claims, signature := split(t)
	data, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		e.Fault(err) // decode has read it before
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		e.Fault(err)
	}
	changed, err := json.Marshal(value)
	if err != nil {
		e.Fault(err)
	}
	if all[claim] == nil {
		e.NotApplicable("tokens have no claim %s", claim)
	}
	all[claim] = changed
	if data, err = json.Marshal(all); err != nil {
		e.Fault(err)
	}
	return header + "." + encode(data) + "." + signature
}

// split returns the three parts of a compact JWT.
func split(t jwt) (header, claims, signature string) {
	parts := strings.Split(t.compact, ".")
	return parts[0], parts[1], parts[2]
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
