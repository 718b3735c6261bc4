package cadir

import (
	"bytes"
	"crypto"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

// layout is where the files of a CA are.
type layout struct{ dir, prefix string }

// The prefixes of the file names that the specification has.
const (
	rootPrefix         = "ca"
	intermediatePrefix = "intermediate"
	// DefaultIntermediate is the specification's name for the directory of an
	// intermediate CA.
	DefaultIntermediate = "intermediateCertificate"
)

func (l layout) newCerts() string          { return filepath.Join(l.dir, "deviceCertificates") }
func (l layout) crlDir() string            { return filepath.Join(l.dir, "crl") }
func (l layout) path(ending string) string { return filepath.Join(l.dir, l.prefix+ending) }

// A newFile is to be written in the making of a CA or for a device.
type newFile struct {
	path string
	data []byte
	mode fs.FileMode
}

//go:embed config.tmpl
var configText string

var configTemplate = template.Must(template.New("config").Parse(configText))

// configFor writes the configuration (DC-CERT-01, 02, 06, 10 rest on it).
func configFor(l layout, o Options, public crypto.PublicKey) ([]byte, error) {
	dir := "."
	if !o.Relative {
		dir = escape(l.dir)
	}
	pathLen := ""
	if o.PathLen != nil {
		pathLen = strconv.Itoa(*o.PathLen)
	}
	var b bytes.Buffer
	err := configTemplate.Execute(&b, map[string]any{
		"Dir": dir, "Prefix": l.prefix, "PathLen": pathLen, "RSA": isRSA(public), "Relative": o.Relative,
	})
	return b.Bytes(), err
}

// escape keeps OpenSSL from reading anything into a path.
func escape(path string) string {
	return regexp.MustCompile("[\\\\$#\"'`]").ReplaceAllString(path, `\$0`)
}

// files lists what a CA consists of besides its certificate; the configuration
// comes last, because with it the directory is a CA.
func (o Options) files(l layout, key crypto.Signer, env Config) ([]newFile, error) {
	encrypted, err := marshalKey(key, o.Password, env.Rand)
	if err != nil {
		return nil, err
	}
	config, err := configFor(l, o, key.Public())
	if err != nil {
		return nil, fmt.Errorf("write config: %w", err)
	}
	number := []byte(formatNumber(big.NewInt(firstSerial)) + "\n")
	return []newFile{
		{l.path("Key.pem"), encrypted, 0o600},
		{filepath.Join(l.dir, "serial"), number, 0o644},
		// OpenSSL wants this file, and the specification does not make it.
		{filepath.Join(l.crlDir(), "crlnumber"), number, 0o644},
		{filepath.Join(l.dir, "database.txt"), nil, 0o644},
		// Else a certificate could not be renewed before it has expired.
		{filepath.Join(l.dir, "database.txt.attr"), []byte("unique_subject = no\n"), 0o644},
		{l.path("Config.cnf"), config, 0o644},
	}, nil
}

// check looks at what can be wrong before anything is made.
func (o Options) check(l layout) error {
	if strings.ContainsAny(l.dir, "\r\n") || strings.TrimSpace(l.dir) != l.dir {
		return fmt.Errorf("make CA: the path %q cannot stand in a configuration", l.dir)
	}
	if o.PathLen != nil && (*o.PathLen < 0 || *o.PathLen > 1<<16-1) {
		return fmt.Errorf("make CA: path length %d, want 0 to 65535", *o.PathLen)
	}
	if o.Days < 0 || o.Days > maxDays {
		return fmt.Errorf("make CA: %d days, want 1 to %d", o.Days, maxDays)
	}
	if o.Subject.CommonName == "" {
		return errors.New("make CA: no common name")
	}
	return nil
}
