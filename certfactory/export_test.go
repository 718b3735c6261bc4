package certfactory

import "crypto/sha256"

// SealPacked appends the checksum that fits.
func SealPacked(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(data[:len(data):len(data)], sum[:]...)
}
