package certfactory

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// A PackedFleet is a packed file that was read. It holds on to the bytes it was
// given; keys are parsed when they are asked for. It is safe for concurrent use.
type PackedFleet struct {
	above   [][]byte
	devices []packedDevice
}

type packedDevice struct {
	certificate []byte
	key         []byte // PKCS #8, nil where it is another device's
	owner       int
	signer      atomic.Pointer[crypto.Signer] // of key, once it was parsed
}

// ReadPacked reads a packed file as a whole. It must be one to the last bit: the
// checksum, all lengths and references are verified. The bytes must not be changed
// afterwards.
func ReadPacked(data []byte) (*PackedFleet, error) {
	p, err := readPacked(data)
	if err != nil {
		return nil, fmt.Errorf("read packed fleet: %w: %w", ErrPacked, err)
	}
	return p, nil
}

func readPacked(data []byte) (*PackedFleet, error) {
	end := len(data) - sha256.Size
	if end < 0 || !bytes.HasPrefix(data, []byte(packedMagic)) {
		return nil, fmt.Errorf("it does not begin with %q", packedMagic)
	}
	r := packedReader{data: data[:end], at: len(packedMagic)}
	if version := r.uint16(); version != packedVersion {
		return nil, fmt.Errorf("version %d, want %d", version, packedVersion)
	}
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:]) {
		return nil, fmt.Errorf("the checksum does not fit: the file is cut off or was changed")
	}
	count := int(r.uint32())
	if count > maxPackedDevices || count > len(data) {
		return nil, fmt.Errorf("%d devices in %d bytes", count, len(data))
	}
	p := &PackedFleet{}
	if err := r.above(p); err != nil {
		return nil, err
	}
	p.devices = make([]packedDevice, count)
	for i := range p.devices {
		d, err := r.device(i)
		if err != nil {
			return nil, err
		}
		if d.owner != i && p.devices[d.owner].key == nil {
			return nil, fmt.Errorf("device %d has the key of device %d, which has none of its own", i, d.owner)
		}
		p.devices[i].certificate, p.devices[i].key, p.devices[i].owner = d.certificate, d.key, d.owner
	}
	if r.at != len(r.data) {
		return nil, fmt.Errorf("%d bytes behind the last device", len(r.data)-r.at)
	}
	return p, nil
}

// packedReader reads forwards. After the end it reads zeros, and short is set.
type packedReader struct {
	data  []byte
	at    int
	short bool
}

func (r *packedReader) take(n int) []byte {
	if n > len(r.data)-r.at {
		r.short = true
		return nil
	}
	b := r.data[r.at : r.at+n : r.at+n]
	r.at += n
	return b
}

func (r *packedReader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *packedReader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *packedReader) certificate() ([]byte, error) {
	n := r.uint32()
	if n > maxPackedCertificate {
		return nil, fmt.Errorf("certificate of %d bytes", n)
	}
	der := r.take(int(n))
	if r.short {
		return nil, fmt.Errorf("it ends early")
	}
	if !isCertificate(der) {
		return nil, fmt.Errorf("certificate is no DER SEQUENCE")
	}
	return der, nil
}

func (r *packedReader) above(p *PackedFleet) error {
	count := int(r.uint16())
	if count > maxPackedAbove {
		return fmt.Errorf("%d CA certificates", count)
	}
	for range count {
		der, err := r.certificate()
		if err != nil {
			return fmt.Errorf("CA certificate: %w", err)
		}
		p.above = append(p.above, der)
	}
	return nil
}

// device reads the device of that number; the key of another is taken by number
// and must be of one before it.
func (r *packedReader) device(i int) (*packedDevice, error) {
	der, err := r.certificate()
	if err != nil {
		return nil, fmt.Errorf("device %d: %w", i, err)
	}
	d := &packedDevice{certificate: der, owner: int(r.uint32())}
	if d.owner > i {
		return nil, fmt.Errorf("device %d has the key of device %d, which comes later", i, d.owner)
	}
	if d.owner == i {
		if d.key = r.take(int(r.uint16())); len(d.key) == 0 {
			r.short = true
		}
	}
	if r.short {
		return nil, fmt.Errorf("device %d: it ends early", i)
	}
	return d, nil
}

// Len returns the number of devices.
func (p *PackedFleet) Len() int { return len(p.devices) }

// Above returns the CA certificates of all devices, issuer … root.
func (p *PackedFleet) Above() ([][]byte, error) { return p.above, nil }

// Device returns the whole chain and the key of a device. Neither must be changed.
// The key is parsed and held against the certificate the first time; it is kept.
func (p *PackedFleet) Device(i int) (chain [][]byte, key crypto.Signer, err error) {
	d := &p.devices[i]
	owner := &p.devices[d.owner]
	signer := owner.signer.Load()
	if signer == nil {
		key, err := parsePackedKey(owner.key)
		if err != nil {
			return nil, nil, fmt.Errorf("read key of device %d: %w", i, err)
		}
		owner.signer.CompareAndSwap(nil, &key)
		signer = owner.signer.Load()
	}
	return append([][]byte{d.certificate}, p.above...), *signer, nil
}

func parsePackedKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%T cannot sign", key)
	}
	return signer, nil
}
