package certfactory

import (
	"crypto/rsa"
	"io"
	"math/big"
	"math/bits"
	"sync"
)

// rsaExponent is the public exponent of every good key.
const rsaExponent = 65537

// DeriveRSA searches a stream for two primes whose product has that many bits and
// for which the public exponent has an inverse. [rsa.GenerateKey] would ignore the
// stream. Unlike [Factory.Key] it keeps nothing.
func DeriveRSA(bits, exponent int, r io.Reader) *rsa.PrivateKey {
	key, _ := deriveRSA(bits, exponent, r)
	return key
}

// deriveRSA also says where in the stream the primes were found.
func deriveRSA(bits, exponent int, r io.Reader) (*rsa.PrivateKey, find) {
	for skip := 0; ; {
		p, atP := searchPrime(r, (bits+1)/2)
		q, atQ := searchPrime(r, bits/2)
		if key := joinPrimes(p, q, exponent); key != nil {
			atP.skip += skip
			return key, find{atP, atQ}
		}
		skip += atP.skip + size(p) + atQ.skip + size(q)
	}
}

// joinPrimes makes a key of two primes; nil where that cannot be.
func joinPrimes(p, q *big.Int, exponent int) *rsa.PrivateKey {
	if p.Cmp(q) == 0 {
		return nil
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(int64(exponent)), phi)
	if d == nil {
		return nil
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: exponent}, D: d, Primes: []*big.Int{p, q}}
	if key.N.BitLen() >= 1024 {
		key.Precompute()
	}
	return key
}

// A place is where in a stream a prime was found: so many bytes are left out,
// those after them are a number, and so much above it is the prime.
type place struct{ skip, step int }

// A find is the places of both primes of a key, each from where the one before
// ended.
type find struct{ p, q place }

// follow makes the key of a find again, without a search.
func (f find) follow(bits, exponent int, r io.Reader) *rsa.PrivateKey {
	return joinPrimes(f.p.prime(r, (bits+1)/2), f.q.prime(r, bits/2), exponent)
}

func (at place) prime(r io.Reader, bits int) *big.Int {
	_, _ = io.CopyN(io.Discard, r, int64(at.skip)) // a stream of a seed neither ends nor fails
	start := readStart(r, bits)
	return start.Add(start, big.NewInt(int64(at.step)))
}

// size is how many bytes of a stream a number of that length takes.
func size(n *big.Int) int { return (n.BitLen() + 7) / 8 }

// readStart takes an odd number of that many bits from a stream. Its two highest
// bits are set, so that the product of two such numbers has full length.
func readStart(r io.Reader, bits int) *big.Int {
	b := make([]byte, (bits+7)/8)
	fill(r, b)
	start := new(big.Int).SetBytes(b)
	start.Rsh(start, uint(len(b)*8-bits))
	return start.SetBit(start, bits-1, 1).SetBit(start, bits-2, 1).SetBit(start, 0, 1)
}

// searchPrime returns the first prime above a number of the stream. Stepping
// upwards favours primes after long gaps a little; a sieve over the steps is what
// makes the search quick, and nothing here guards a real secret.
func searchPrime(r io.Reader, bits int) (*big.Int, place) {
	for skip := 0; ; skip += (bits + 7) / 8 {
		start := readStart(r, bits)
		for i, composite := range sieve(start) {
			if composite {
				continue
			}
			n := new(big.Int).Add(start, big.NewInt(int64(2*i)))
			// Baillie-PSW alone: no composite is known to pass it.
			if n.BitLen() == bits && n.ProbablyPrime(0) {
				return n, place{skip: skip, step: 2 * i}
			}
		}
	}
}

// sieve looks at the odd numbers from start on: element i is true if start+2i has
// a small prime factor. How small is a matter of time: twice the bound spares one
// test of primality in twenty and costs as many divisions again.
func sieve(start *big.Int) []bool {
	const span = 1 << 14
	composite := make([]bool, span)
	limit := uint(min(start.BitLen()*start.BitLen()/4, mostSmall))
	words := start.Bits()
	for _, group := range smallPrimes() {
		if group.primes[0] >= limit {
			break
		}
		var rest uint
		for i := len(words) - 1; i >= 0; i-- {
			_, rest = bits.Div(rest, uint(words[i]), group.product)
		}
		for _, p := range group.primes {
			first := (p - rest%p) % p
			if first%2 != 0 {
				first += p // an odd number and an odd step: even, which is not looked at
			}
			for i := first / 2; i < span; i += p {
				composite[i] = true
			}
		}
	}
	return composite
}

// mostSmall bounds the primes by which a number is sieved.
const mostSmall = 1 << 20

// A primeGroup is some odd primes whose product fits into a word: a long number
// is divided once for all of them.
type primeGroup struct {
	product uint
	primes  []uint
}

// smallPrimes returns the odd primes below mostSmall, ascending. They are worked
// out when they are first needed and never change.
var smallPrimes = sync.OnceValue(func() []primeGroup {
	composite := make([]bool, mostSmall)
	var groups []primeGroup
	group := primeGroup{product: 1}
	for p := uint(3); p < mostSmall; p += 2 {
		if composite[p] {
			continue
		}
		for m := p * p; m < mostSmall; m += 2 * p {
			composite[m] = true
		}
		if high, _ := bits.Mul(group.product, p); high != 0 {
			groups = append(groups, group)
			group = primeGroup{product: 1}
		}
		group.product *= p
		group.primes = append(group.primes, p)
	}
	return append(groups, group)
})
