package cadir

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"strings"
)

// maxSerial is what RFC 5280 §4.1.2.2 and §5.2.3 allow: 20 octets, the highest
// bit clear.
var maxSerial = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 159), big.NewInt(1))

// parseNumber reads a serial or CRL number: hexadecimal digits, an even count of them.
func parseNumber(text string) (*big.Int, error) {
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(line, "\r")
	if strings.TrimSpace(rest) != "" {
		return nil, errors.New("want one line")
	}
	b, err := hex.DecodeString(line)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("want an even count of hexadecimal digits, have %.50q", line)
	}
	n := new(big.Int).SetBytes(b)
	if n.Sign() == 0 || n.Cmp(maxSerial) > 0 {
		return nil, fmt.Errorf("want a number above 0 and of at most 20 octets, have %.50q", line)
	}
	return n, nil
}

// formatNumber prints a number as OpenSSL does: upper case, even length.
func formatNumber(n *big.Int) string {
	s := fmt.Sprintf("%X", n)
	if digits := strings.TrimPrefix(s, "-"); len(digits)%2 == 1 {
		s = strings.TrimSuffix(s, digits) + "0" + digits
	}
	return s
}

// readNumber reads a file that holds the next number.
func readNumber(path string) (*big.Int, []byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && exists(path+".new") {
		return nil, nil, fmt.Errorf("read number: %w: OpenSSL was interrupted, rename %s.new", err, path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read number: %w", err)
	}
	n, err := parseNumber(string(text))
	if err != nil {
		return nil, nil, fmt.Errorf("read number %s: %w", path, err)
	}
	return n, text, nil
}
