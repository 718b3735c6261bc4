package certfactory_test

import (
	"bytes"
	"crypto"
	"errors"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// pack writes the first devices of a fleet.
func pack(t testing.TB, fl *certfactory.Fleet) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := certfactory.NewPackedWriter(&file, mustAbove(t, fl), fl.Len())
	if err != nil {
		t.Fatal(err)
	}
	addAll(t, w, fl)
	return file.Bytes()
}

func addAll(t testing.TB, w *certfactory.PackedWriter, fl *certfactory.Fleet) {
	t.Helper()
	for w.Added() < fl.Len() {
		chain, key := mustDevice(t, fl, w.Added())
		if err := w.Add(chain[0], key); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustAbove(t testing.TB, fl *certfactory.Fleet) [][]byte {
	t.Helper()
	above, err := fl.Above()
	if err != nil {
		t.Fatal(err)
	}
	return above
}

func TestPackedFileHoldsTheFleet(t *testing.T) {
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519, certfactory.RSA1024} {
		t.Run(alg.String(), func(t *testing.T) {
			fl := fleet(shared(), 40, alg)
			read, err := certfactory.ReadPacked(pack(t, fl))
			if err != nil {
				t.Fatal(err)
			}
			if read.Len() != fl.Len() {
				t.Fatalf("%d devices, want %d", read.Len(), fl.Len())
			}
			signers := make(map[crypto.Signer]bool)
			for i := range fl.Len() {
				chain, key := mustDevice(t, fl, i)
				gotChain, gotKey := mustDevice(t, read, i)
				if len(chain) != len(gotChain) || !bytes.Equal(bytes.Join(chain, nil), bytes.Join(gotChain, nil)) {
					t.Errorf("device %d has another chain", i)
				}
				if !key.(interface{ Equal(crypto.PrivateKey) bool }).Equal(gotKey) {
					t.Errorf("device %d has another key", i)
				}
				if _, again := mustDevice(t, read, i); alg != certfactory.Ed25519 {
					if gotKey != again {
						t.Errorf("the key of device %d is not kept", i)
					}
					signers[gotKey] = true
				}
			}
			if alg == certfactory.RSA1024 && len(signers) != certfactory.PoolSize {
				t.Errorf("%d keys in memory, want %d", len(signers), certfactory.PoolSize)
			}
		})
	}
}

// TestPackedFileGoesOnWhereItWas cuts a file in many places, continues it and wants
// the bytes of the file that was never cut.
func TestPackedFileGoesOnWhereItWas(t *testing.T) {
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.RSA1024} {
		fl := fleet(shared(), 19, alg)
		whole := pack(t, fl)
		begun := 0
		for cut := 0; cut < len(whole); cut += 101 + cut%7 {
			var file bytes.Buffer
			w, keep, err := certfactory.ContinuePacked(&file, whole[:cut], mustAbove(t, fl), fl.Len())
			if err != nil {
				if begun > 0 {
					t.Fatalf("%v: cut at %d: %v", alg, cut, err)
				}
				continue
			}
			if w.Added() < begun || keep > cut {
				t.Fatalf("%v: cut at %d: %d devices of %d bytes", alg, cut, w.Added(), keep)
			}
			begun = w.Added()
			addAll(t, w, fl)
			if !bytes.Equal(append(whole[:keep:keep], file.Bytes()...), whole) {
				t.Fatalf("%v: cut at %d: other bytes", alg, cut)
			}
		}
		if begun < fl.Len()-1 {
			t.Errorf("%v: at most %d devices were kept", alg, begun)
		}
	}
}

func TestContinueRefusesAnotherFile(t *testing.T) {
	fl := fleet(certfactory.New(seed, now), 3, certfactory.P256)
	whole := pack(t, fl)
	for what, try := range map[string]func() error{
		"more devices": func() error { return continued(whole, mustAbove(t, fl), 4) },
		"other CAs":    func() error { return continued(whole, mustAbove(t, fl)[:1], 3) },
		"other bytes":  func() error { return continued([]byte("-----BEGIN"), mustAbove(t, fl), 3) },
	} {
		if err := try(); !errors.Is(err, certfactory.ErrPacked) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func continued(left []byte, above [][]byte, devices int) error {
	_, _, err := certfactory.ContinuePacked(&bytes.Buffer{}, left, above, devices)
	return err
}

// TestPackedReaderIsStrict changes, cuts and lengthens a file.
func TestPackedReaderIsStrict(t *testing.T) {
	whole := pack(t, fleet(certfactory.New(seed, now), 2, certfactory.P256))
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 1
		for what, data := range map[string][]byte{"changed": changed, "cut": whole[:i]} {
			if _, err := certfactory.ReadPacked(data); !errors.Is(err, certfactory.ErrPacked) {
				t.Fatalf("%s at byte %d: %v", what, i, err)
			}
		}
	}
	if _, err := certfactory.ReadPacked(append(bytes.Clone(whole), 0)); !errors.Is(err, certfactory.ErrPacked) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestPackedWriterRefuses(t *testing.T) {
	fl := fleet(certfactory.New(seed, now), 1, certfactory.P256)
	chain, key := mustDevice(t, fl, 0)
	w, err := certfactory.NewPackedWriter(&bytes.Buffer{}, mustAbove(t, fl), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Error("ended a file that lacks a device")
	}
	if err := w.Add([]byte("garbage"), key); err == nil {
		t.Error("wrote garbage")
	}
	if err := w.Add(chain[0], certfactory.OddKey{Signer: key}); err == nil {
		t.Error("wrote a key that has no PKCS #8")
	}
	if err := w.Add(chain[0], key); err != nil {
		t.Error(err)
	}
	if err := w.Add(chain[0], key); err == nil {
		t.Error("wrote a device too many")
	}
	for devices, above := range map[int][][]byte{-1: nil, 1: {{1}}} {
		if _, err := certfactory.NewPackedWriter(&bytes.Buffer{}, above, devices); err == nil {
			t.Errorf("began a file of %d devices below %v", devices, above)
		}
	}
}

func FuzzReadPacked(f *testing.F) {
	whole := pack(f, fleet(certfactory.New(seed, now), 2, certfactory.P256))
	f.Add(whole, true)
	f.Add(whole[:len(whole)-32], false)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if !sealed { // a checksum that fits leads the fuzzer behind it
			data = certfactory.SealPacked(data)
		}
		p, err := certfactory.ReadPacked(data)
		if err != nil {
			if !errors.Is(err, certfactory.ErrPacked) {
				t.Errorf("error of another kind: %v", err)
			}
			return
		}
		size := 0
		for i := range p.Len() {
			if chain, _, err := p.Device(i); err == nil {
				size += len(chain[0])
			}
		}
		if size > len(data) {
			t.Errorf("%d bytes of certificates out of %d", size, len(data))
		}
	})
}
