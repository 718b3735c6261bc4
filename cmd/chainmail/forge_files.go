package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// Files that tell a folder of ours from any other.
const (
	indexName = "vectors.json"
	caseName  = "case.json"
)

//go:embed forge_readme.tmpl
var readmeText string

// vectorFolder returns the files of one case, relative to its folder.
func vectorFolder(v cases.Vector, again string) ([]output, error) {
	files := pemFiles(&v, "")
	for i, a := range v.Anchors {
		body, err := uploadBody(a)
		if err != nil {
			return nil, err
		}
		files = append(files, output{path: fmt.Sprintf("anchors/%d.json", i+1), data: body, mode: 0o644})
	}
	if packet := connectPacket(v.ClientID); packet != nil {
		files = append(files, output{path: "connect.bin", data: packet, mode: 0o644})
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode case: %w", err)
	}
	readme, err := forgeReadme("case", newReadme(v, again))
	if err != nil {
		return nil, err
	}
	return append(files, output{path: caseName, data: append(text, '\n'), mode: 0o600}, readme), nil
}

// uploadFolder returns the files of one case about an upload.
func uploadFolder(v cases.UploadVector, again string) ([]output, error) {
	var files []output
	steps := append(append([]cases.VectorRequest(nil), v.Before...), v.Request)
	page := uploadReadme{UploadVector: v, Again: again}
	for i, r := range steps {
		s := step{VectorRequest: r, Judged: i == len(steps)-1}
		if len(r.Body) > 0 {
			s.File = fmt.Sprintf("request-%d.body", i+1)
			files = append(files, output{path: s.File, data: r.Body, mode: 0o644})
		}
		page.Steps = append(page.Steps, s)
	}
	if v.Certificate != nil {
		files = append(files, output{path: "certificate.pem", data: certfactory.PEM(v.Certificate), mode: 0o644})
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode case: %w", err)
	}
	readme, err := forgeReadme("upload", page)
	if err != nil {
		return nil, err
	}
	return append(files, output{path: caseName, data: append(text, '\n'), mode: 0o600}, readme), nil
}

// pemFiles returns chain, key and anchors of a case and notes their names in it.
func pemFiles(v *cases.Vector, folder string) []output {
	var files []output
	put := func(name string, data []byte, mode fs.FileMode) string {
		path := filepath.Join(folder, name)
		files = append(files, output{path: path, data: data, mode: mode})
		return filepath.ToSlash(path)
	}
	v.Files = &cases.VectorFiles{Anchors: []string{}}
	if allCertificates(v.Chain) {
		v.Files.Chain = []string{put("chain.pem", certfactory.PEM(v.Chain...), 0o644)}
		if len(v.Chain) > 1 {
			put("issuers.pem", certfactory.PEM(v.Chain[1:]...), 0o644)
		}
	} else {
		for i, entry := range v.Chain {
			v.Files.Chain = append(v.Files.Chain, put(fmt.Sprintf("chain-%d.der", i+1), entry, 0o644))
		}
	}
	if v.Key != nil {
		v.Files.Key = put("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: v.Key}), 0o600)
	}
	for i, a := range v.Anchors {
		v.Files.Anchors = append(v.Files.Anchors, put(fmt.Sprintf("anchors/%d.pem", i+1), certfactory.PEM(a.DER), 0o644))
	}
	return files
}

// allCertificates reports whether every entry has the structure of a certificate,
// so that PEM would not hide what is sent.
func allCertificates(chain [][]byte) bool {
	for _, entry := range chain {
		if _, err := certfactory.TakeApart(entry); err != nil {
			return false
		}
	}
	return true
}

// uploadBody is what is sent to upload an anchor.
func uploadBody(a cases.VectorAnchor) ([]byte, error) {
	status := "ENABLED"
	if a.Disabled {
		status = "DISABLED"
	}
	return json.MarshalIndent(map[string]any{
		"name": a.Name, "status": status, "autoRegistrationEnabled": a.AutoRegistration,
		"certInPemFormat": string(certfactory.PEM(a.DER)),
	}, "", "  ")
}

// connectPacket is an MQTT 3.1.1 CONNECT with Clean Session and no user, and a
// DISCONNECT behind it; nil if the client id is too long for it.
func connectPacket(clientID string) []byte {
	if len(clientID) > math.MaxUint16 {
		return nil
	}
	body := append([]byte("\x00\x04MQTT\x04\x02\x00\x3c"), byte(len(clientID)>>8), byte(len(clientID)))
	body = append(body, clientID...)
	packet := []byte{0x10}
	for n := len(body); ; {
		digit := byte(n % 128)
		if n /= 128; n > 0 {
			digit |= 128
		}
		packet = append(packet, digit)
		if n == 0 {
			return append(append(packet, body...), 0xe0, 0)
		}
	}
}

// readmePage is what the README of a case is made of.
type readmePage struct {
	cases.Vector
	Again    string
	Spec     string // the spec that runs the case
	PEM      bool   // the chain can be given to programs that read PEM
	Fits     bool   // the key is that of the first certificate
	Word     string // the client id for a shell, "" if none can be given it
	Connect  bool   // connect.bin is there
	TLS12    bool
	Opinions []cases.Opinion
}

func newReadme(v cases.Vector, again string) readmePage {
	c, _ := cases.ByID(v.ID)
	return readmePage{
		Vector: v, Again: again, Spec: strings.Join(specsOf(v.ID), ","), PEM: allCertificates(v.Chain), Fits: keyFits(v), Word: shellWord(v.ClientID),
		Connect: connectPacket(v.ClientID) != nil, TLS12: c.Tagged(cases.TagTLS12Only), Opinions: c.Opinions(),
	}
}

// keyFits reports whether a program will load chain and key together.
func keyFits(v cases.Vector) bool {
	cert, err := x509.ParseCertificate(v.Chain[0])
	if err != nil {
		return false
	}
	key, err := x509.ParsePKCS8PrivateKey(v.Key)
	if err != nil {
		return false
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return false
	}
	info, err := x509.MarshalPKIXPublicKey(signer.Public())
	return err == nil && bytes.Equal(info, cert.RawSubjectPublicKeyInfo)
}

// shellWord quotes a word for a POSIX shell; what that cannot hold is written for
// bash. It is empty where no program can be given the word.
func shellWord(s string) string {
	if strings.ContainsRune(s, 0) || !utf8.ValidString(s) || len(s) > 1000 {
		return ""
	}
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		if s == "" {
			return "''"
		}
		return quote(s)
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x20 || c >= 0x7f || c == '\'' || c == '\\' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}

// uploadReadme is what the README of a case about an upload is made of.
type uploadReadme struct {
	cases.UploadVector
	Again string
	Steps []step
}

// A step is one request, its body in a file.
type step struct {
	cases.VectorRequest
	File   string
	Judged bool
}

func forgeReadme(name string, page any) (output, error) {
	t, err := template.New("readme").Funcs(template.FuncMap{
		"fingerprint": certfactory.Fingerprint, "join": strings.Join, "inc": func(i int) int { return i + 1 }, "quote": quote,
		"expected": expected,
	}).Parse(readmeText)
	if err != nil {
		return output{}, fmt.Errorf("read README template: %w", err)
	}
	var text bytes.Buffer
	if err := t.ExecuteTemplate(&text, name, page); err != nil {
		return output{}, fmt.Errorf("write README: %w", err)
	}
	return output{path: "README.txt", data: text.Bytes(), mode: 0o644}, nil
}

// checkFolder says whether a folder may be written: one that is not there, an empty
// one, or with force one that was written before.
func checkFolder(path string, force bool) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return wrong(path, err)
	case len(entries) == 0:
		return nil
	case !force:
		return wrong(path, fmt.Errorf("keep what is there: %w", fs.ErrExist))
	}
	for _, name := range []string{indexName, caseName} {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return nil
		}
	}
	return wrong(path, errors.New("--force replaces only a folder that certs forge has written"))
}

// writeFolder writes a folder as a whole or not at all.
func writeFolder(path string, force bool, files []output) (err error) {
	if err := checkFolder(path, force); err != nil {
		return err
	}
	path = filepath.Clean(path)
	temp, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return wrong(path, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	made := filepath.Join(temp, "new")
	if err := os.Mkdir(made, 0o755); err != nil {
		return wrong(path, err)
	}
	for _, f := range files {
		full := filepath.Join(made, f.path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return wrong(path, err)
		}
		if err := os.WriteFile(full, f.data, f.mode); err != nil {
			return wrong(path, err)
		}
	}
	if _, err := os.Stat(path); err == nil {
		if err := os.Rename(path, filepath.Join(temp, "old")); err != nil {
			return wrong(path, err)
		}
	}
	return wrong(path, os.Rename(made, path))
}
