package store

import (
	"errors"
	"fmt"
	"io"
)

// MinPasswordLength is the number of characters below which keytool neither
// makes nor changes a store. It opens one all the same, as OpenSSL does.
const MinPasswordLength = 6

// Errors that say what a password has to do with a failure.
var (
	// ErrPassword is returned for a password that does not open what it was
	// given for. A file whose protected bytes were changed cannot be told from
	// one that was opened with a wrong password.
	ErrPassword = errors.New("wrong password, or a damaged file")
	// ErrShortPassword is returned by [CheckPassword] alone: such a password
	// works, but keytool will not touch the store.
	ErrShortPassword = fmt.Errorf("password is shorter than the %d characters that keytool asks for", MinPasswordLength)
	// ErrPasswordCharacters is returned for a password under which Java opens no
	// PKCS #12 file: it takes the characters from space to tilde only. JKS is
	// held to the same, though Java would take others there.
	ErrPasswordCharacters = errors.New("password has characters outside printable ASCII, which no store for Java can have")
)

// A Password protects a store or a private key. However it is printed, marshalled
// or logged, its characters do not show.
type Password string

const hidden = "[password]"

// String returns a text that says nothing of the password.
func (Password) String() string { return hidden }

// Format writes a text that says nothing of the password, whatever the verb.
func (Password) Format(f fmt.State, _ rune) {
	// A formatter has nobody to tell that its writer is broken.
	_, _ = io.WriteString(f, hidden)
}

// MarshalText returns a text that says nothing of the password, so that neither
// encoding/json nor log/slog show it.
func (Password) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// CheckPassword says whether OpenSSL and keytool can both work with a store under
// that password. The error is [ErrPasswordCharacters] or [ErrShortPassword]; the
// latter is a hint, which [Encode] does not mind.
func CheckPassword(p Password) error {
	for _, r := range string(p) {
		if r < ' ' || r > '~' {
			return ErrPasswordCharacters
		}
	}
	if len(p) < MinPasswordLength {
		return ErrShortPassword
	}
	return nil
}
