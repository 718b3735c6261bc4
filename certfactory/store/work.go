package store

import (
	"errors"
	"fmt"
)

// What may be asked of us by one file.
const (
	// maxSize is far above any store of certificates: the 150 anchors that come
	// with Java take 0.2 MB.
	maxSize = 16 << 20
	// maxCertificates bounds the search for issuers as well as a listing.
	maxCertificates = 2000
	// maxIterations is the sum over all derivations of one file: a store under
	// one million iterations opens, and the costliest file takes some seconds.
	maxIterations = 5_000_000
	// maxKey is the size of a private key in bytes: twice that of RSA-16384. The
	// standard library computes with a key of any size, and for hours.
	maxKey = 16 << 10
	// maxRSABits is that of a public key with which signatures are verified, the
	// same as in crypto/tls.
	maxRSABits = 8192
)

// ErrLimit is returned for a file that is larger, holds more or takes longer to
// read than any honest one.
var ErrLimit = errors.New("over the limit of what is read")

// work is what is left to be spent on one file, in iterations of a hash. Without
// it a file of some hundred bytes could ask for hours.
type work struct{ left int }

// spend takes n iterations off what is left.
func (w *work) spend(n int) error {
	if n > w.left {
		return fmt.Errorf("derive keys: %d more iterations, %d of %d left: %w", n, w.left, maxIterations, ErrLimit)
	}
	w.left -= n
	return nil
}
