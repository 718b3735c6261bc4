package certfactory_test

import (
	"strconv"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
)

func BenchmarkDevice(b *testing.B) {
	f := certfactory.New(seed, now)
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519} {
		b.Run("key="+alg.String(), func(b *testing.B) {
			root := f.Root("root")
			n := 0
			for b.Loop() {
				n++
				device := f.Device(root, "device-"+strconv.Itoa(n), certfactory.WithKey(alg))
				if _, err := device.DER(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMutatedDevice(b *testing.B) {
	f := certfactory.New(seed, now)
	root := f.Root("root")
	for b.Loop() {
		device := f.Device(root, "device", certfactory.Mutate(certfactory.FlipSignatureBit()))
		if _, err := device.DER(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRoot(b *testing.B) {
	f := certfactory.New(seed, now)
	for b.Loop() {
		if _, err := f.Root("root").DER(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	f := certfactory.New(seed, now)
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.P384, certfactory.Ed25519, certfactory.RSA2048} {
		b.Run("key="+alg.String(), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n++
				f.Key(alg, strconv.Itoa(n))
			}
		})
	}
}

// BenchmarkFleet makes 10,000 devices on all processors.
func BenchmarkFleet(b *testing.B) {
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519} {
		b.Run("key="+alg.String(), func(b *testing.B) {
			f := certfactory.New(seed, now)
			for b.Loop() {
				if err := f.Fleet(f.Root("root"), 10_000, alg).Prepare(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFleetDevice makes one device with its key.
func BenchmarkFleetDevice(b *testing.B) {
	f := certfactory.New(seed, now)
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519} {
		b.Run("key="+alg.String(), func(b *testing.B) {
			fl := f.Fleet(f.Root("root"), 1<<20, alg)
			n := 0
			for b.Loop() {
				if _, _, err := fl.Make(n); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}

func BenchmarkPacked(b *testing.B) {
	fl := fleet(certfactory.New(seed, now), 2000, certfactory.P256)
	if err := fl.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	file := pack(b, fl)
	b.Run("op=write", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		for b.Loop() {
			pack(b, fl)
		}
	})
	b.Run("op=read", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		for b.Loop() {
			if _, err := certfactory.ReadPacked(file); err != nil {
				b.Fatal(err)
			}
		}
	})
}
