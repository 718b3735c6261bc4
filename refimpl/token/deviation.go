package token

import (
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// defaultLifetime is DefaultLifetime (DC-TOK-05).
func (i *Issuer) defaultLifetime() time.Duration {
	if i.config.Deviations.Has(deviation.DefaultLifetimeOfDay) {
		return 24 * time.Hour
	}
	return DefaultLifetime
}

// minLifetime is MinLifetime (DC-TOK-07).
func (i *Issuer) minLifetime() time.Duration {
	if i.config.Deviations.Has(deviation.LifetimeNoMinimum) {
		return 0
	}
	return MinLifetime
}

// renewable is the age at which a token makes room for a new one: half of its lifetime
// (DC-TOK-08).
func (i *Issuer) renewable(lifetime time.Duration) time.Duration {
	if i.config.Deviations.Has(deviation.NewTokenAfterExpiry) {
		return lifetime
	}
	return lifetime / 2
}

// supersede does nothing to the tokens that a new one joins (DC-TOK-08). It needs the lock.
func (i *Issuer) supersede(old []issued) {
	if !i.config.Deviations.Has(deviation.NewTokenEndsOld) {
		return
	}
	for _, t := range old {
		i.end(t.id, t.expiry())
	}
}

// overlooks reports whether a token is accepted although it is no good: none is
// (DC-TOK-09). A malformed token has nothing that could be accepted.
func (i *Issuer) overlooks(t *jwt.Token, err error) bool {
	d := i.config.Deviations
	switch {
	case t == nil || errors.Is(err, jwt.ErrTokenMalformed):
		return false
	case t.Method == jwt.SigningMethodNone:
		return d.Has(deviation.AcceptsAlgNone)
	case strings.HasSuffix(t.Raw, "."):
		return d.Has(deviation.AcceptsUnsignedToken)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return d.Has(deviation.AcceptsForgedSignature)
	}
	return errors.Is(err, jwt.ErrTokenExpired) && d.Has(deviation.AcceptsExpiredToken)
}
