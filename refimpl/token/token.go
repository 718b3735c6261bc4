// Package token issues and checks the tokens with which devices use the REST API.
//
// A token is a compact JWT, signed with a key that the platform makes at its start.
// What it says about tenant and device is all that is needed to check it, but a
// token is good only as long as its user is: whether the user still exists is for
// the caller of Verify to ask.
package token

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// Where a tenant sets the lifetime of its device tokens (DC-TOK-06).
const (
	LifetimeCategory = "oauth.internal"
	LifetimeKey      = "device-token.lifespan.seconds"
)

// The bounds of a token's lifetime.
const (
	DefaultLifetime = time.Hour       // DC-TOK-05
	MinLifetime     = 5 * time.Minute // DC-TOK-07
)

// Options is where tenant options are looked up. A *registry.Registry is one.
type Options interface {
	Option(tenant, category, key string) (string, bool)
	// Tenants returns the ids of all tenants.
	Tenants() []string
}

// Config says how tokens are made.
type Config struct {
	// Host is the issuer and audience of the tokens: the platform's host name.
	Host string
	// Algorithm is ES256 or RS256. Default ES256.
	Algorithm string
	// Options holds the lifetimes of the tenants. Required.
	Options Options
	// Now is the clock. Required.
	Now func() time.Time
	// Deviations are the clauses to break. Default none.
	Deviations deviation.Set
	// Memory keeps key and ended tokens for a later issuer. Optional: without, both go with
	// this one.
	Memory Memory
}

// A Memory is where an issuer finds what an earlier one left. A *registry.Registry is one.
type Memory interface {
	Setting(name string) ([]byte, bool)
	Settings(prefix string) map[string][]byte
	SetSetting(name string, value []byte)
	DeleteSettings(names ...string)
}

// An Issuer issues tokens. It is safe for concurrent use.
type Issuer struct {
	config Config
	method jwt.SigningMethod
	key    crypto.Signer
	parser *jwt.Parser
	run    uint64        // which issuer this is of those with the same memory
	number atomic.Uint64 // of the token that was issued last

	mu sync.Mutex // guards the maps; not held while a token is signed
	// live holds the tokens of a subject that are still good, the latest last.
	live map[Subject][]issued
	// ended holds the ids of tokens that were logged out, until they expire.
	ended map[string]time.Time
	// bygone holds for a subject the last token of those that were ended together.
	bygone map[Subject]stamp
}

// A Subject is whom a token is for.
type Subject struct{ Tenant, User string }

type issued struct {
	token    string
	id       string
	at       time.Time
	lifetime time.Duration
}

func (t issued) expiry() time.Time { return t.at.Add(t.lifetime) }

// claims are those of the real platform's tokens, with an id so that a token can be ended.
type claims struct {
	jwt.RegisteredClaims
	// Audience is a plain string, as the platform writes it; jwt would write a list.
	Audience      string `json:"aud"`
	Tenant        string `json:"ten"`
	Configuration string `json:"tci"`
	TwoFactor     bool   `json:"tfa"`
}

// GetAudience is what jwt asks to compare the audience.
func (c claims) GetAudience() (jwt.ClaimStrings, error) {
	return jwt.ClaimStrings{c.Audience}, nil
}

// New returns an issuer, with a key of its own unless its memory has one of the algorithm.
func New(c Config) (*Issuer, error) {
	algorithm := cmp.Or(c.Algorithm, jwt.SigningMethodES256.Alg())
	key, err := recallKey(c.Memory, algorithm)
	if err != nil {
		return nil, err
	}
	i := &Issuer{
		config: c, method: jwt.GetSigningMethod(algorithm), key: key,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{algorithm}), jwt.WithTimeFunc(c.Now),
			jwt.WithExpirationRequired(), jwt.WithIssuer(c.Host), jwt.WithAudience(c.Host)),
		live: map[Subject][]issued{}, ended: map[string]time.Time{}, bygone: map[Subject]stamp{},
	}
	return i, i.recall()
}

func newKey(algorithm string) (crypto.Signer, error) {
	var key crypto.Signer
	var err error
	switch algorithm {
	case jwt.SigningMethodES256.Alg():
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jwt.SigningMethodRS256.Alg():
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = errors.New("neither ES256 nor RS256")
	}
	if err != nil {
		return nil, fmt.Errorf("make token key for %q: %w", algorithm, err)
	}
	return key, nil
}

// Issue returns the token of a subject. Within the first half of its lifetime that is
// the one returned before; after it, or if the tenant changed the lifetime, a new one, while
// the old one stays good until it expires (DC-TOK-08).
func (i *Issuer) Issue(s Subject) (string, error) {
	next := issued{at: i.config.Now().Truncate(time.Second), lifetime: i.Lifetime(s.Tenant)}
	if token := i.current(s, next); token != "" {
		return token, nil
	}
	var err error
	next.id = i.nextID()
	if next.token, err = i.sign(s, next); err != nil {
		return "", err
	}
	return i.current(s, next), nil
}

// current returns the token of a subject that, when next is made, is in its first half and
// has next's lifetime. Where there is none, next becomes it if it is signed already. To sign
// takes longer than all else, and the lock is not held meanwhile: who asks twice at once has
// two tokens signed and gets the same one twice.
func (i *Issuer) current(s Subject, next issued) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	live := slices.DeleteFunc(i.live[s], func(t issued) bool { return !next.at.Before(t.expiry()) })
	if n := len(live); n > 0 {
		last := live[n-1]
		if age := next.at.Sub(last.at); last.lifetime == next.lifetime && age >= 0 && age < i.renewable(next.lifetime) {
			return last.token
		}
	}
	if next.token != "" {
		i.supersede(live)
		live = append(live, next)
	}
	i.live[s] = live
	return next.token
}

func (i *Issuer) sign(s Subject, t issued) (string, error) {
	at := jwt.NewNumericDate(t.at)
	token, err := jwt.NewWithClaims(i.method, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: t.id, Issuer: i.config.Host, Subject: s.User,
			IssuedAt: at, NotBefore: at, ExpiresAt: jwt.NewNumericDate(t.expiry()),
		},
		Audience: i.config.Host, Tenant: s.Tenant, Configuration: "device_token_config",
	}).SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign token of %q: %w", s.User, err)
	}
	return token, nil
}

// Lifetime returns how long a token of the tenant is good: its option, brought up to
// MinLifetime, or DefaultLifetime where the option is missing or no positive number
// (DC-TOK-05, 06, 07, 11).
func (i *Issuer) Lifetime(tenant string) time.Duration {
	if i.config.Deviations.Has(deviation.LifetimeOfFirstTenant) {
		tenant = i.config.Options.Tenants()[0]
	}
	value, _ := i.config.Options.Option(tenant, LifetimeCategory, LifetimeKey)
	seconds, err := strconv.ParseInt(value, 10, 32)
	if err != nil || seconds <= 0 || i.config.Deviations.Has(deviation.LifetimeOptionIgnored) {
		return i.defaultLifetime()
	}
	return max(time.Duration(seconds)*time.Second, i.minLifetime())
}

// Verify returns whom a token is for. It accepts none that expired, was altered, was
// signed by anyone else or not at all, or was ended (DC-TOK-09).
func (i *Issuer) Verify(token string) (Subject, error) {
	c, err := i.parse(token)
	if err != nil {
		return Subject{}, err
	}
	return Subject{Tenant: c.Tenant, User: c.Subject}, nil
}

func (i *Issuer) parse(token string) (claims, error) {
	var c claims
	t, err := i.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return i.key.Public(), nil })
	if err != nil && !i.overlooks(t, err) {
		return claims{}, fmt.Errorf("verify token: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	_, ended := i.ended[c.ID]
	if ended || i.isBygone(c) {
		return claims{}, fmt.Errorf("verify token: %w", jwt.ErrTokenUnverifiable)
	}
	return c, nil
}

// End makes a good token bad before its time, as a logout does.
func (i *Issuer) End(token string) error {
	c, err := i.parse(token)
	if err != nil {
		return fmt.Errorf("end token: %w", err)
	}
	s := Subject{Tenant: c.Tenant, User: c.Subject}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.end(c.ID, c.ExpiresAt.Time)
	i.live[s] = slices.DeleteFunc(i.live[s], func(t issued) bool { return t.id == c.ID })
	return nil
}

// EndAll ends every token of a subject: when a user is deleted, a later one of the same
// name is somebody else.
func (i *Issuer) EndAll(s Subject) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.run > 1 || len(i.live[s]) > 0 { // else there is none
		i.endBefore(s, stamp{i.run, i.number.Load()})
	}
	delete(i.live, s)
}

// end needs the lock. It takes the opportunity to drop what has expired anyway.
func (i *Issuer) end(id string, expiry time.Time) {
	now := i.config.Now()
	maps.DeleteFunc(i.ended, func(old string, e time.Time) bool {
		gone := now.After(e)
		if gone {
			i.forget(old)
		}
		return gone
	})
	i.ended[id] = expiry
	i.remember(id, expiry)
}
