package certfactory

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
)

// A packed file holds the devices of a fleet one behind the other, for load
// generators in many places. All numbers are big-endian:
//
//	magic "chainmail fleet\n", version uint16, number of devices uint32
//	number of CA certificates uint16, each as uint32 length + DER: issuer … root
//	for each device: uint32 length + DER of its certificate,
//	                 uint32 number of the device whose key it has,
//	                 and if that is its own, uint16 length + PKCS #8 of the key
//	SHA-256 of all that
//
// The keys are in the clear: the file is as secret as they are.
const (
	packedMagic   = "chainmail fleet\n"
	packedVersion = 1
)

// Limits of what is read, and so of what is written.
const (
	maxPackedDevices     = 10_000_000
	maxPackedCertificate = 1 << 20
	maxPackedAbove       = 100
)

// ErrPacked is what every error of reading a packed file wraps.
var ErrPacked = errors.New("not a whole packed fleet")

// A PackedWriter writes a packed file, device by device. It buffers nothing: give
// it a buffered writer. After an error it cannot be used.
type PackedWriter struct {
	out     io.Writer
	sum     hash.Hash
	devices int
	added   int
	owners  map[string]uint32 // by public key: the first device that has it
}

// NewPackedWriter begins a file of so many devices below the CA certificates
// above: issuer … root.
func NewPackedWriter(out io.Writer, above [][]byte, devices int) (*PackedWriter, error) {
	head, err := packedHead(above, devices)
	if err != nil {
		return nil, err
	}
	w := newPackedWriter(out, devices)
	return w, w.write(head)
}

func newPackedWriter(out io.Writer, devices int) *PackedWriter {
	return &PackedWriter{out: out, sum: sha256.New(), devices: devices, owners: make(map[string]uint32)}
}

func packedHead(above [][]byte, devices int) ([]byte, error) {
	if devices < 0 || devices > maxPackedDevices || len(above) > maxPackedAbove {
		return nil, fmt.Errorf("write packed fleet: %d devices below %d CAs, at most %d and %d are possible",
			devices, len(above), maxPackedDevices, maxPackedAbove)
	}
	head := binary.BigEndian.AppendUint16([]byte(packedMagic), packedVersion)
	head = binary.BigEndian.AppendUint32(head, uint32(devices))
	head = binary.BigEndian.AppendUint16(head, uint16(len(above)))
	for _, der := range above {
		if !isCertificate(der) {
			return nil, errors.New("write packed fleet: a CA certificate is no DER SEQUENCE")
		}
		head = append(binary.BigEndian.AppendUint32(head, uint32(len(der))), der...)
	}
	return head, nil
}

// isCertificate reports whether bytes are one DER SEQUENCE of a length that is
// read back; more is left to whoever is shown the certificate.
func isCertificate(der []byte) bool {
	if len(der) > maxPackedCertificate {
		return false
	}
	_, err := inside(der, TagSequence)
	return err == nil
}

// Added returns the number of devices that the file has.
func (w *PackedWriter) Added() int { return w.added }

// Add appends the next device.
func (w *PackedWriter) Add(certificate []byte, key crypto.Signer) error {
	record, err := w.record(certificate, key)
	if err != nil {
		return fmt.Errorf("write device %d: %w", w.added, err)
	}
	w.added++
	return w.write(record)
}

func (w *PackedWriter) record(certificate []byte, key crypto.Signer) ([]byte, error) {
	if w.added == w.devices {
		return nil, fmt.Errorf("the file is for %d devices", w.devices)
	}
	if !isCertificate(certificate) {
		return nil, errors.New("the certificate is no DER SEQUENCE")
	}
	record := append(binary.BigEndian.AppendUint32(nil, uint32(len(certificate))), certificate...)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	if owner, shared := w.owners[string(public)]; shared {
		return binary.BigEndian.AppendUint32(record, owner), nil
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	if len(private) > math.MaxUint16 {
		return nil, fmt.Errorf("key of %d bytes is too long", len(private))
	}
	w.own(public)
	record = binary.BigEndian.AppendUint32(record, uint32(w.added))
	return append(binary.BigEndian.AppendUint16(record, uint16(len(private))), private...), nil
}

// own remembers whose a key is. Only RSA keys are shared: remembering the others
// would take as much memory as the fleet.
func (w *PackedWriter) own(public []byte) {
	if len(w.owners) < PoolSize {
		w.owners[string(public)] = uint32(w.added)
	}
}

// Close ends the file with its checksum. It does not close what is written to.
func (w *PackedWriter) Close() error {
	if w.added != w.devices {
		return fmt.Errorf("end packed fleet: %d of %d devices", w.added, w.devices)
	}
	return w.write(w.sum.Sum(nil))
}

func (w *PackedWriter) write(b []byte) error {
	w.sum.Write(b)
	if _, err := w.out.Write(b); err != nil {
		return fmt.Errorf("write packed fleet: %w", err)
	}
	return nil
}

// ContinuePacked goes on with what an interrupted PackedWriter has left: a file
// that begins as one for the same CA certificates and number of devices, and ends
// anywhere. It returns how many of the bytes are to be kept; the writer appends
// behind them.
func ContinuePacked(out io.Writer, left []byte, above [][]byte, devices int) (*PackedWriter, int, error) {
	head, err := packedHead(above, devices)
	if err != nil {
		return nil, 0, err
	}
	if !bytes.HasPrefix(left, head) {
		return nil, 0, fmt.Errorf("continue packed fleet: %w: it begins otherwise", ErrPacked)
	}
	w := newPackedWriter(out, devices)
	r := packedReader{data: left, at: len(head)}
	for w.added < devices {
		at := r.at
		d, err := r.device(w.added)
		if err != nil {
			r.at = at // the last device was cut off
			break
		}
		if d.key != nil {
			if err := w.knowOwner(d.key); err != nil {
				r.at = at
				break
			}
		}
		w.added++
	}
	w.sum.Write(left[:r.at])
	return w, r.at, nil
}

// knowOwner enters a key that was written before.
func (w *PackedWriter) knowOwner(private []byte) error {
	if len(w.owners) >= PoolSize {
		return nil
	}
	key, err := parsePackedKey(private)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err == nil {
		w.own(public)
	}
	return err
}
