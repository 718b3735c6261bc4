package cases

import (
	"crypto"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// VectorSchemaName is what [Vectors.Schema] says.
const VectorSchemaName = "chainmail/vectors/v1"

//go:embed schema/vectors.schema.json
var vectorSchema string

// VectorSchema returns the JSON Schema (draft 2020-12) of [Vectors].
func VectorSchema() string { return vectorSchema }

// Vectors is the catalogue made at one seed and moment, for programs that are not
// written in Go.
type Vectors struct {
	Schema string `json:"schema"` // VectorSchemaName
	// Seed and Moment decide every byte. Validity periods are reckoned from the
	// moment, so the vectors are to be judged as of then.
	Seed    string    `json:"seed"`
	Moment  time.Time `json:"moment"`
	Oracles []Oracle  `json:"oracles"`
	Cases   []Vector  `json:"cases"`
	// Uploads are the rows about what is uploaded as trusted.
	Uploads []UploadVector `json:"uploads"`
	// Omitted are the ids of costly rows that were left out.
	Omitted []string `json:"omitted,omitempty"`
}

// A Vector is a row of the catalogue with the presentation that it builds.
type Vector struct {
	ID          string      `json:"id"`
	Group       string      `json:"group"`
	Clauses     []string    `json:"clauses"`
	Basis       string      `json:"basis"`
	How         string      `json:"how"`
	Fault       string      `json:"fault,omitempty"`
	Expectation Expectation `json:"expectation"`
	Control     string      `json:"control,omitempty"`
	Reason      string      `json:"reason,omitempty"`
	RFCAlert    []string    `json:"rfcAlert,omitempty"`
	Tags        []string    `json:"tags,omitempty"`

	MaxLength int    `json:"maxLength"`
	ClientID  string `json:"clientID"`
	// Chain is what is sent, entry by entry; an entry may hold any bytes.
	Chain [][]byte `json:"chain"`
	// Key is the PKCS #8 of the key that signs the handshake; absent where the
	// handshake is signed without a private key.
	Key     []byte         `json:"key,omitempty"`
	Anchors []VectorAnchor `json:"anchors"`
	// Opinions are what the oracles made of the row, by the id of the oracle.
	Opinions map[string]string `json:"opinions,omitempty"`
	// Files are relative to the index; nil where none were written.
	Files *VectorFiles `json:"files,omitempty"`
}

// A VectorAnchor is a certificate to be uploaded as trusted.
type VectorAnchor struct {
	Name             string `json:"name"`
	DER              []byte `json:"der"`
	Tenant           int    `json:"tenant"`
	Disabled         bool   `json:"disabled"`
	AutoRegistration bool   `json:"autoRegistration"`
}

// VectorFiles says where the same is kept as files.
type VectorFiles struct {
	// Chain is one PEM file, or one file of raw bytes for each entry where not all
	// of them are certificates.
	Chain   []string `json:"chain"`
	Key     string   `json:"key,omitempty"`
	Anchors []string `json:"anchors"`
}

// NewVector builds the row.
func NewVector(c Case, b *Bench) (Vector, error) {
	p, err := c.Build(b)
	if err != nil {
		return Vector{}, fmt.Errorf("build %s: %w", c.ID, err)
	}
	key, err := encodeKey(p.Key)
	if err != nil {
		return Vector{}, fmt.Errorf("build %s: %w", c.ID, err)
	}
	v := Vector{
		ID: c.ID, Group: c.Group, Clauses: c.Clauses, Basis: c.Basis, How: c.How, Fault: c.Fault, Expectation: c.Expectation,
		Control: c.Control, Reason: c.Reason, RFCAlert: c.RFCAlert, Tags: c.Tags,
		MaxLength: p.MaxLength, ClientID: p.ClientID, Chain: p.Chain, Key: key, Anchors: []VectorAnchor{},
	}
	for _, a := range p.Anchors {
		v.Anchors = append(v.Anchors, VectorAnchor(a))
	}
	for _, o := range c.Opinions() {
		if v.Opinions == nil {
			v.Opinions = make(map[string]string)
		}
		v.Opinions[o.Oracle.ID] = o.Verdict
	}
	return v, nil
}

// encodeKey returns nil where there is nothing to encode.
func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := certfactory.MarshalPKCS8(key)
	if errors.Is(err, certfactory.ErrNoEncoding) {
		return nil, nil
	}
	return der, err
}

// An UploadVector is a row about an upload with the requests that it makes.
type UploadVector struct {
	ID          string      `json:"id"`
	Group       string      `json:"group"`
	Clauses     []string    `json:"clauses"`
	Basis       string      `json:"basis"`
	How         string      `json:"how"`
	Expectation Expectation `json:"expectation"`
	Control     string      `json:"control,omitempty"`
	Statuses    []int       `json:"statuses"`
	Tags        []string    `json:"tags,omitempty"`

	Before      []VectorRequest `json:"before,omitempty"`
	Request     VectorRequest   `json:"request"`
	Certificate []byte          `json:"certificate,omitempty"`
	Remaining   int             `json:"remaining"`
	Regardless  bool            `json:"regardless,omitempty"`
}

// A VectorRequest is one HTTP request to the trusted certificates of a tenant.
type VectorRequest struct {
	Method       string `json:"method"`
	Tenant       int    `json:"tenant"`
	As           int    `json:"as"`
	Unprivileged bool   `json:"unprivileged,omitempty"`
	Fingerprint  string `json:"fingerprint,omitempty"`
	Query        string `json:"query,omitempty"`
	ContentType  string `json:"contentType,omitempty"`
	Body         []byte `json:"body,omitempty"`
}

// NewUploadVector builds the row.
func NewUploadVector(c UploadCase, b *Bench) (UploadVector, error) {
	u, err := c.Build(b)
	if err != nil {
		return UploadVector{}, fmt.Errorf("build %s: %w", c.ID, err)
	}
	v := UploadVector{
		ID: c.ID, Group: c.Group, Clauses: c.Clauses, Basis: c.Basis, How: c.How, Expectation: c.Expectation,
		Control: c.Control, Statuses: c.Statuses, Tags: c.Tags,
		Request: VectorRequest(u.Request), Certificate: u.Certificate, Remaining: u.Remaining, Regardless: u.Regardless,
	}
	for _, r := range u.Before {
		v.Before = append(v.Before, VectorRequest(r))
	}
	return v, nil
}
