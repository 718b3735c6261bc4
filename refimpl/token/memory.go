package token

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What an issuer leaves in its memory, by name.
const (
	keySetting    = "token/key/"    // and the algorithm: PKCS #8
	runSetting    = "token/run"     // the number of the latest issuer
	endedSetting  = "token/ended/"  // and the id of a token: when it expires
	bygoneSetting = "token/bygone/" // and the subject: a stamp
)

// A stamp numbers a token among all that issuers of the same memory ever issued. It is the
// front of the token's id: the clock is no measure of what was issued before what, since it
// can be put back.
type stamp struct{ run, number uint64 }

func (s stamp) String() string { return fmt.Sprintf("%d-%d", s.run, s.number) }

// parseStamp reads a stamp, whatever follows it.
func parseStamp(text string) (stamp, error) {
	run, rest, _ := strings.Cut(text, "-")
	number, _, _ := strings.Cut(rest, "-")
	var s stamp
	var errs [2]error
	s.run, errs[0] = strconv.ParseUint(run, 10, 64)
	s.number, errs[1] = strconv.ParseUint(number, 10, 64)
	return s, errors.Join(errs[:]...)
}

func (i *Issuer) nextID() string {
	return fmt.Sprintf("%v-%s", stamp{i.run, i.number.Add(1)}, rand.Text())
}

// recallKey returns the key of an algorithm out of a memory, or a new one, which is left there.
func recallKey(m Memory, algorithm string) (crypto.Signer, error) {
	if m == nil {
		return newKey(algorithm)
	}
	encoded, ok := m.Setting(keySetting + algorithm)
	if !ok {
		key, err := newKey(algorithm)
		if err != nil {
			return nil, err
		}
		if encoded, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			return nil, fmt.Errorf("encode token key: %w", err)
		}
		m.SetSetting(keySetting+algorithm, encoded)
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(encoded)
	if err != nil {
		return nil, fmt.Errorf("read token key: %w", err)
	}
	return key.(crypto.Signer), nil // as newKey makes them
}

// recall reads what earlier issuers ended, and counts this one.
func (i *Issuer) recall() error {
	i.run = 1
	m := i.config.Memory
	if m == nil {
		return nil
	}
	var errs []error
	if last, ok := m.Setting(runSetting); ok {
		n, err := strconv.ParseUint(string(last), 10, 64)
		i.run, errs = n+1, append(errs, err)
	}
	for id, value := range m.Settings(endedSetting) {
		var expiry time.Time
		errs = append(errs, expiry.UnmarshalText(value))
		i.ended[id] = expiry
	}
	for subject, value := range m.Settings(bygoneSetting) {
		tenant, user, _ := strings.Cut(subject, "/")
		last, err := parseStamp(string(value))
		i.bygone[Subject{tenant, user}], errs = last, append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("read ended tokens: %w", err)
	}
	m.SetSetting(runSetting, strconv.AppendUint(nil, i.run, 10))
	return nil
}

// endBefore ends all tokens of a subject up to one. It needs the lock.
func (i *Issuer) endBefore(s Subject, last stamp) {
	i.bygone[s] = last
	if i.config.Memory != nil {
		i.config.Memory.SetSetting(bygoneSetting+s.Tenant+"/"+s.User, []byte(last.String()))
	}
}

// isBygone reports whether a token is one of those that endBefore ended. It needs the lock.
func (i *Issuer) isBygone(c claims) bool {
	last, ok := i.bygone[Subject{c.Tenant, c.Subject}]
	if !ok {
		return false
	}
	s, err := parseStamp(c.ID)
	return err != nil || s.run < last.run || s.run == last.run && s.number <= last.number
}

// remember and forget note that one token was ended. They need the lock.
func (i *Issuer) remember(id string, expiry time.Time) {
	text, err := expiry.UTC().MarshalText()
	if i.config.Memory != nil && err == nil { // a JWT's times have years that can be written
		i.config.Memory.SetSetting(endedSetting+id, text)
	}
}

func (i *Issuer) forget(id string) {
	if i.config.Memory != nil {
		i.config.Memory.DeleteSettings(endedSetting + id)
	}
}
