package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// An UploadCase is one row about what is uploaded as trusted, or about a request
// to what was uploaded. It is a plain value; only Build does anything.
type UploadCase struct {
	ID          string
	Group       string // "upload-value", "upload-certificate", "upload-request", "anchor-request"
	Clauses     []string
	Basis       string
	How         string
	Expectation Expectation
	// Control is the id of a good upload that must succeed for a refusing row to
	// show anything.
	Control string
	// Statuses are the HTTP statuses that the API description leads to expect. A
	// refusal by another one is a remark, no failure.
	Statuses []int
	Tags     []string
	Build    func(*Bench) (Upload, error)
}

// Tagged reports whether the row has that tag.
func (c UploadCase) Tagged(tag string) bool { return slices.Contains(c.Tags, tag) }

// An Upload is what an [UploadCase] does: requests that must succeed, and the one
// that is judged.
type Upload struct {
	Before  []Request
	Request Request
	// Certificate is the certificate that the row is about, whose anchors are to be
	// looked for and taken away afterwards; nil if there is none.
	Certificate []byte
	// Remaining is how many anchors of that certificate the first tenant has
	// afterwards if the answer is the expected one; of rows of Either it says
	// nothing.
	Remaining int
	// Anchor is the certificate again, where a device under it is to be admitted once
	// the upload has succeeded; nil where that is not asked for.
	Anchor *certfactory.Certificate
	// Regardless demands Remaining whatever the answer, as a must.
	Regardless bool
}

// A Request is one HTTP request to the trusted certificates of a tenant. The path
// is made by whoever sends it.
type Request struct {
	Method string
	Tenant int // whose trusted certificates: 0 the first tenant, 1 the second
	// As is the tenant whose user asks. Unprivileged: a user without the roles.
	As           int
	Unprivileged bool
	// Fingerprint is the anchor that is addressed, "" for the collection.
	Fingerprint string
	Query       string // without the question mark
	ContentType string // "" where there is no body
	Body        []byte
}

// AllUploads returns every row about uploads in the order of the catalogue, as a
// slice of the caller's own.
func AllUploads() []UploadCase {
	var all []UploadCase
	for _, g := range []struct {
		name string
		rows []UploadCase
	}{
		{"upload-value", uploadValues()},
		{"upload-certificate", uploadCertificates()},
		{"upload-request", uploadRequests()},
		{"anchor-request", anchorRequests()},
	} {
		for _, c := range g.rows {
			c.Group = g.name
			if c.Expectation.Refuse() {
				c.Control = "pem-lf"
			}
			all = append(all, c)
		}
	}
	return all
}

// UploadByID returns the row of that id.
func UploadByID(id string) (UploadCase, bool) {
	all := AllUploads()
	if i := slices.IndexFunc(all, func(c UploadCase) bool { return c.ID == id }); i >= 0 {
		return all[i], true
	}
	return UploadCase{}, false
}

// Statuses of the API.
var (
	created   = []int{201}
	ok        = []int{200}
	invalid   = []int{422}
	undecided = []int{201, 422}
)

// uploadBody is the JSON of the specification's example, which writes the flag as
// a string.
type uploadBody struct {
	Status           string `json:"status"`
	Name             string `json:"name"`
	AutoRegistration string `json:"autoRegistrationEnabled"`
	PEM              string `json:"certInPemFormat"`
}

// A field sets one member of the JSON, or takes it out.
type field func(map[string]any)

func with(name string, value any) field {
	return func(body map[string]any) { body[name] = value }
}

func withoutField(name string) field {
	return func(body map[string]any) { delete(body, name) }
}

// uploadRoot describes a good root of the bench, which nothing else uploads.
func (b *Bench) uploadRoot(opts ...option) *certificate {
	return b.factory.Root(b.CommonName("chainmail upload"), opts...)
}

// post uploads a value of certInPemFormat to the first tenant, as its own admin.
func (b *Bench) post(value string, fields ...field) (Request, error) {
	whole, err := json.Marshal(uploadBody{"ENABLED", b.CommonName("upload"), "true", value})
	if err != nil {
		return Request{}, fmt.Errorf("encode upload: %w", err)
	}
	if len(fields) > 0 {
		var body map[string]any
		if err := json.Unmarshal(whole, &body); err != nil {
			return Request{}, fmt.Errorf("edit upload: %w", err)
		}
		for _, edit := range fields {
			edit(body)
		}
		if whole, err = json.Marshal(body); err != nil {
			return Request{}, fmt.Errorf("encode upload: %w", err)
		}
	}
	return Request{Method: "POST", ContentType: "application/json", Body: whole}, nil
}

// uploadOf uploads a certificate as PEM, which leaves one anchor of it.
func uploadOf(describe func(*Bench) *certificate, fields ...field) func(*Bench) (Upload, error) {
	return func(b *Bench) (Upload, error) {
		der, err := describe(b).DER()
		if err != nil {
			return Upload{}, err
		}
		request, err := b.post(string(certfactory.PEM(der)), fields...)
		return Upload{Request: request, Certificate: der, Remaining: 1}, err
	}
}

// goodRoot is the certificate of rows whose fault is elsewhere.
func goodRoot(b *Bench) *certificate { return b.uploadRoot() }

// edited changes an upload after it was built.
func edited(build func(*Bench) (Upload, error), edit func(*Bench, *Upload) error) func(*Bench) (Upload, error) {
	return func(b *Bench) (Upload, error) {
		u, err := build(b)
		if err != nil {
			return Upload{}, err
		}
		return u, edit(b, &u)
	}
}

// refused leaves no anchor behind.
func refused(build func(*Bench) (Upload, error)) func(*Bench) (Upload, error) {
	return edited(build, func(_ *Bench, u *Upload) error {
		u.Remaining = 0
		return nil
	})
}

// regardless wants the number of anchors whatever the answer is.
func regardless(build func(*Bench) (Upload, error)) func(*Bench) (Upload, error) {
	return edited(build, func(_ *Bench, u *Upload) error {
		u.Regardless = true
		return nil
	})
}

// textOf is the PEM of a certificate without the last line end.
func textOf(der []byte) string { return string(bytes.TrimRight(certfactory.PEM(der), "\n")) }
