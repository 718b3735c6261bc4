package cases

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// uploadRequests has the rows about the request that uploads a good root.
func uploadRequests() []UploadCase {
	return append(uploadFields(), append(uploadForms(), uploadRights()...)...)
}

// fieldRow uploads a good root with other members in the JSON.
func fieldRow(id string, e Expectation, clause, basis, how string, fields ...field) UploadCase {
	c := UploadCase{
		ID: id, Expectation: e, Clauses: []string{clause}, Basis: basis, How: how, Statuses: created, Build: uploadOf(goodRoot, fields...),
	}
	switch {
	case e.Refuse():
		c.Statuses, c.Build = invalid, refused(c.Build)
	case e == Either:
		c.Statuses = undecided
	}
	return c
}

func uploadFields() []UploadCase {
	const cert, required = "certInPemFormat", uploadRequest
	const open = "the specification shows the member and does not say that it is needed"
	return []UploadCase{
		fieldRow("upload-missing-cert", Refuse, "DC-REST-07", required, "no certInPemFormat", withoutField(cert)),
		fieldRow("upload-null-cert", Refuse, "DC-REST-07", required, "certInPemFormat is null", with(cert, nil)),
		fieldRow("upload-number-cert", Refuse, "DC-REST-07", required, "certInPemFormat is a number", with(cert, 5)),
		fieldRow("upload-empty-cert", Refuse, "DC-REST-07", required, "certInPemFormat is an empty string", with(cert, "")),
		fieldRow("upload-missing-name", Either, "DC-REST-01", open, "no name", withoutField("name")),
		fieldRow("upload-empty-name", Either, "DC-REST-01", open, "an empty name", with("name", "")),
		fieldRow("upload-long-name", Either, "DC-REST-01", "no bound is given", "a name of 10000 characters", with("name", strings.Repeat("a", 10000))),
		fieldRow("upload-status-lower", Either, "DC-TRUST-07", uploadStatus, "status is enabled in lower case", with("status", "enabled")),
		fieldRow("upload-status-unknown", Refuse, "DC-TRUST-07", uploadStatus+": there is no third", "status is MAYBE", with("status", "MAYBE")),
		fieldRow("upload-status-missing", Either, "DC-TRUST-07", open, "no status", withoutField("status")),
		fieldRow("upload-status-disabled", Accept, "DC-TRUST-07", uploadStatus, "status is DISABLED from the start", with("status", "DISABLED")),
		fieldRow("upload-autoreg-boolean", Accept, "DC-REST-05", `"a flag autoRegistrationEnabled with a value of true"`, "autoRegistrationEnabled is the boolean true",
			with("autoRegistrationEnabled", true)),
		fieldRow("upload-autoreg-missing", AcceptShould, "DC-REST-05", `"If auto-registration is not activated it is required to use the bulk registration"`, "no autoRegistrationEnabled",
			withoutField("autoRegistrationEnabled")),
	}
}

func uploadForms() []UploadCase {
	formRow := func(id string, e Expectation, basis, how string, statuses []int, edit func(*Request)) UploadCase {
		return UploadCase{
			ID: id, Expectation: e, Clauses: []string{"DC-REST-07"}, Basis: basis, How: how, Statuses: statuses,
			Build: refused(edited(uploadOf(goodRoot), func(_ *Bench, u *Upload) error {
				edit(&u.Request)
				return nil
			})),
		}
	}
	return []UploadCase{
		formRow("upload-bad-json", Refuse, "RFC 8259 §2: an object ends with a brace", "the last brace of the JSON is missing", []int{400, 422},
			func(r *Request) { r.Body = r.Body[:len(r.Body)-1] }),
		formRow("upload-raw-newline-in-json", Refuse, "RFC 8259 §7: control characters MUST be escaped", "the line ends in the PEM are not escaped in the JSON", []int{400, 422},
			func(r *Request) { r.Body = bytes.ReplaceAll(r.Body, []byte(`\n`), []byte("\n")) }),
		formRow("upload-content-type", RefuseShould, `"Content-Type: application/json"`, "the body is sent as text/plain", []int{415},
			func(r *Request) { r.ContentType = "text/plain" }),
	}
}

func uploadRights() []UploadCase {
	rightRow := func(id, clause, basis, how string, statuses []int, edit func(*Request)) UploadCase {
		return UploadCase{
			ID: id, Expectation: Refuse, Clauses: []string{clause}, Basis: basis, How: how, Statuses: statuses,
			Build: refused(edited(uploadOf(goodRoot), func(_ *Bench, u *Upload) error {
				edit(&u.Request)
				return nil
			})),
		}
	}
	return []UploadCase{
		rightRow("upload-no-role", "DC-REST-03", uploadRoles, "a user without either role uploads", []int{403}, func(r *Request) { r.Unprivileged = true }),
		rightRow("upload-other-tenant-path", "DC-TRUST-01", tenantTrusts, "the first tenant's admin uploads to the second tenant", []int{403, 404}, func(r *Request) { r.Tenant = 1 }),
	}
}

// anchorRequests has the rows about an anchor that is there already.
func anchorRequests() []UploadCase {
	return append(repeated(), append(changes(), append(readings(), anchorRights()...)...)...)
}

// afterUpload uploads a good root and then sends another request about it.
func afterUpload(next func(b *Bench, first Upload) (Request, error), fields ...field) func(*Bench) (Upload, error) {
	return func(b *Bench) (Upload, error) {
		first, err := uploadOf(goodRoot, fields...)(b)
		if err != nil {
			return Upload{}, err
		}
		request, err := next(b, first)
		return Upload{Before: []Request{first.Request}, Request: request, Certificate: first.Certificate, Remaining: 1}, err
	}
}

func again(_ *Bench, first Upload) (Request, error) { return first.Request, nil }

func repeated() []UploadCase {
	const unique = `the API: "A certificate with the same fingerprint already exists."`
	return []UploadCase{
		{
			ID: "upload-duplicate", Expectation: RefuseShould, Clauses: []string{"DC-REST-01"}, Basis: unique, Statuses: []int{409},
			How:   "the same certificate is uploaded twice to one tenant; whatever the answer, there is one anchor afterwards",
			Build: regardless(afterUpload(again)),
		},
		{
			ID: "upload-duplicate-other-tenant", Expectation: Either, Clauses: []string{"DC-TRUST-02"}, Basis: tenantTrusts, Statuses: []int{201, 409},
			How: "the same certificate is uploaded to both tenants; whatever the answer, the first one keeps its anchor",
			Build: regardless(afterUpload(func(_ *Bench, first Upload) (Request, error) {
				second := first.Request
				second.Tenant, second.As = 1, 1
				return second, nil
			})),
		},
		{
			ID: "upload-duplicate-disabled", Expectation: RefuseShould, Clauses: []string{"DC-REST-01", "DC-TRUST-07"}, Basis: unique, Statuses: []int{409},
			How:   "a certificate that is there with status DISABLED is uploaded again",
			Build: regardless(afterUpload(again, with("status", "DISABLED"))),
		},
	}
}

// put changes members of the anchor that was uploaded.
func put(body string) func(*Bench, Upload) (Request, error) {
	return func(_ *Bench, first Upload) (Request, error) {
		return Request{Method: "PUT", Fingerprint: certfactory.Fingerprint(first.Certificate), ContentType: "application/json", Body: []byte(body)}, nil
	}
}

func changes() []UploadCase {
	const manage = `"To manage the auto registration field of uploaded certificates in the UI refer to [...] Managing trusted certificates"`
	unknown := UploadCase{
		ID: "put-unknown", Expectation: Refuse, Clauses: []string{"DC-REST-06"}, Basis: "the API: " + `"Certificate not found."`, Statuses: []int{404},
		How: "the status of a certificate is changed that was never uploaded",
		Build: func(b *Bench) (Upload, error) {
			der, err := b.uploadRoot().DER()
			return Upload{Request: Request{
				Method: "PUT", Fingerprint: certfactory.Fingerprint(der), ContentType: "application/json", Body: []byte(`{"status":"DISABLED"}`),
			}, Certificate: der}, err
		},
	}
	deleteOnce := func(_ *Bench, first Upload) (Request, error) {
		return Request{Method: "DELETE", Fingerprint: certfactory.Fingerprint(first.Certificate)}, nil
	}
	return []UploadCase{
		{
			ID: "put-status", Expectation: Accept, Clauses: []string{"DC-REST-06", "DC-TRUST-07"}, Basis: uploadStatus, Statuses: ok,
			How: "the status of an anchor is changed to DISABLED", Build: afterUpload(put(`{"status":"DISABLED"}`)),
		},
		{
			ID: "put-status-unknown", Expectation: RefuseShould, Clauses: []string{"DC-REST-06", "DC-TRUST-07"}, Basis: uploadStatus + ": there is no third", Statuses: invalid,
			How: "the status of an anchor is changed to MAYBE", Build: afterUpload(put(`{"status":"MAYBE"}`)),
		},
		{
			ID: "put-autoreg", Expectation: Accept, Clauses: []string{"DC-REST-06", "DC-REG-03"}, Basis: manage, Statuses: ok,
			How: "auto registration of an anchor is switched off", Build: afterUpload(put(`{"autoRegistrationEnabled":false}`)),
		},
		{
			ID: "put-certificate", Expectation: Either, Clauses: []string{"DC-REST-06"}, Basis: "the API: certInPemFormat is read-only", Statuses: []int{200, 422},
			How: "another certificate is put in the place of an anchor; the anchor keeps its own, whatever the answer",
			Build: regardless(afterUpload(func(b *Bench, first Upload) (Request, error) {
				other, err := b.factory.Root(b.CommonName("chainmail other")).DER()
				if err != nil {
					return Request{}, err
				}
				request, err := b.post(string(certfactory.PEM(other)))
				request.Method, request.Fingerprint = "PUT", certfactory.Fingerprint(first.Certificate)
				return request, err
			})),
		},
		unknown,
		{
			ID: "delete-once", Expectation: Accept, Clauses: []string{"DC-REST-06", "DC-TRUST-08"}, Basis: tenantTrusts, Statuses: []int{204},
			How: "an anchor is deleted", Build: refused(afterUpload(deleteOnce)),
		},
		{
			ID: "delete-twice", Expectation: RefuseShould, Clauses: []string{"DC-REST-06"}, Statuses: []int{404},
			Basis: "the API: " + `"Certificate not found."; RFC 9110 §9.2.2 lets a second DELETE succeed`,
			How:   "an anchor is deleted a second time",
			Build: refused(edited(afterUpload(deleteOnce), func(_ *Bench, u *Upload) error {
				u.Before = append(u.Before, u.Request)
				return nil
			})),
		},
	}
}

// anchorRights has the rows about who asks.
func anchorRights() []UploadCase {
	const apiRoles = uploadRoles + ", and the API asks for the same"
	get := func(*Bench, Upload) (Request, error) { return Request{Method: "GET", Query: "pageSize=100"}, nil }
	remove := func(_ *Bench, first Upload) (Request, error) {
		return Request{Method: "DELETE", Fingerprint: certfactory.Fingerprint(first.Certificate)}, nil
	}
	disable := put(`{"status":"DISABLED"}`)
	row := func(id string, e Expectation, clause, basis, how string, ask func(*Bench, Upload) (Request, error), who func(*Request)) UploadCase {
		return UploadCase{
			ID: id, Expectation: e, Clauses: []string{clause}, Basis: basis, How: how, Statuses: []int{403, 404},
			Build: edited(afterUpload(ask), func(_ *Bench, u *Upload) error {
				who(&u.Request)
				return nil
			}),
		}
	}
	viewer := func(r *Request) { r.Unprivileged = true }
	neighbour := func(r *Request) { r.As = 1 }
	return []UploadCase{
		row("list-no-role", RefuseShould, "DC-REST-03", apiRoles, "a user without either role lists the anchors", get, viewer),
		row("put-no-role", RefuseShould, "DC-REST-03", apiRoles, "a user without either role disables an anchor", disable, viewer),
		row("delete-no-role", RefuseShould, "DC-REST-03", apiRoles, "a user without either role deletes an anchor", remove, viewer),
		row("list-other-tenant", RefuseShould, "DC-TRUST-01", tenantTrusts, "the second tenant's admin lists the first tenant's anchors", get, neighbour),
		row("put-other-tenant", Refuse, "DC-TRUST-01", tenantTrusts, "the second tenant's admin disables an anchor of the first", disable, neighbour),
		row("delete-other-tenant", Refuse, "DC-TRUST-01", tenantTrusts, "the second tenant's admin deletes an anchor of the first", remove, neighbour),
	}
}

func readings() []UploadCase {
	return []UploadCase{
		{
			ID: "get-fingerprint-case", Expectation: Either, Clauses: []string{"DC-REST-06"}, Basis: "the API: 40 characters of hex, in lower case in every example", Statuses: []int{200, 404},
			How: "an anchor is read by its fingerprint in upper case",
			Build: afterUpload(func(_ *Bench, first Upload) (Request, error) {
				return Request{Method: "GET", Fingerprint: strings.ToUpper(certfactory.Fingerprint(first.Certificate))}, nil
			}),
		},
		{
			ID: "get-list-paging", Expectation: Accept, Clauses: []string{"DC-REST-06"}, Basis: `"Then the added certificate should be visible"`, Statuses: ok,
			How: "the anchors are listed one to a page",
			Build: afterUpload(func(*Bench, Upload) (Request, error) {
				return Request{Method: "GET", Query: "pageSize=1&currentPage=1&withTotalPages=true"}, nil
			}),
		},
		{
			ID: "get-no-private-data", Expectation: Accept, Clauses: []string{"DC-REST-06"}, Basis: keyOnlyOwner + `; "Then the added certificate should be visible"`, Statuses: ok,
			How: "the anchors are listed: no answer of the platform has a private key in it, after pem-key-after-certificate above all",
			Build: afterUpload(func(*Bench, Upload) (Request, error) {
				return Request{Method: "GET", Query: "pageSize=100"}, nil
			}),
		},
		{
			ID: "upload-many", Expectation: Accept, Clauses: []string{"DC-REST-01", "DC-TRUST-01"}, Basis: tenantTrusts, Statuses: created, Tags: []string{TagRobustness, TagCostly},
			How: "the thousandth root is uploaded to one tenant; a device under it then connects",
			Build: func(b *Bench) (Upload, error) {
				last := b.uploadRoot()
				u, err := uploadOf(func(*Bench) *certificate { return last })(b)
				u.Anchor = last
				for i := 0; i < 999 && err == nil; i++ {
					var before Upload
					before, err = uploadOf(func(b *Bench) *certificate {
						return b.factory.Root(b.CommonName(fmt.Sprintf("chainmail many %d", i)))
					}, with("name", b.CommonName(fmt.Sprintf("many %d", i))))(b)
					u.Before = append(u.Before, before.Request)
				}
				return u, err
			},
		},
	}
}
