package token_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// options is a set of lifetimes by tenant.
type options map[string]string

func (o options) Option(tenant, category, key string) (string, bool) {
	if category != token.LifetimeCategory || key != token.LifetimeKey {
		return "", false
	}
	v, ok := o[tenant]
	return v, ok
}

func (o options) Tenants() []string { return []string{"t1", "t2"} }

type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func newIssuer(t *testing.T, o options) (*token.Issuer, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)}
	i, err := token.New(token.Config{Host: "platform.test", Options: o, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return i, c
}

func issue(t *testing.T, i *token.Issuer, s token.Subject) string {
	t.Helper()
	tok, err := i.Issue(s)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

var device = token.Subject{Tenant: "t1", User: "device_one"}

func TestLifetime(t *testing.T) {
	for _, tt := range []struct {
		name, option string
		want         time.Duration
	}{
		{"as set", "600", 10 * time.Minute},
		{"minimum", "300", 5 * time.Minute},
		{"below minimum", "299", 5 * time.Minute},
		{"zero", "0", time.Hour},
		{"negative", "-600", time.Hour},
		{"no number", "ten", time.Hour},
		{"empty", "", time.Hour},
		{"too large a number", "99999999999999999999", time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i, _ := newIssuer(t, options{"t1": tt.option})
			if got := i.Lifetime("t1"); got != tt.want {
				t.Errorf("lifetime %v, want %v", got, tt.want)
			}
			if got := i.Lifetime("t2"); got != token.DefaultLifetime {
				t.Errorf("the other tenant's lifetime is %v", got)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	i, c := newIssuer(t, nil)
	parts := strings.Split(issue(t, i, device), ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts, want a compact JWT of 3", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	at := float64(c.Unix())
	for key, want := range map[string]any{
		"iss": "platform.test", "aud": "platform.test", "sub": "device_one", "ten": "t1", "tfa": false,
		"iat": at, "nbf": at, "exp": at + 3600,
	} {
		if got[key] != want {
			t.Errorf("claim %s is %v, want %v", key, got[key], want)
		}
	}
}

func TestWhoAsksTwiceAtOnceGetsOneToken(t *testing.T) {
	i, _ := newIssuer(t, nil)
	tokens := make([]string, 16)
	var asking sync.WaitGroup
	for n := range tokens {
		asking.Go(func() {
			token, err := i.Issue(device)
			if err != nil {
				t.Error(err)
			}
			tokens[n] = token
		})
	}
	asking.Wait()
	for _, other := range tokens[1:] {
		if other != tokens[0] {
			t.Errorf("got %q and %q", tokens[0], other)
		}
	}
	if _, err := i.Verify(tokens[0]); err != nil {
		t.Error(err)
	}
}

func TestNewTokenAfterHalfTheLifetime(t *testing.T) {
	i, c := newIssuer(t, options{"t1": "600"})
	first := issue(t, i, device)
	c.Time = c.Add(299 * time.Second)
	if issue(t, i, device) != first {
		t.Error("another token before half of the lifetime")
	}
	c.Time = c.Add(2 * time.Second)
	second := issue(t, i, device)
	if second == first {
		t.Error("the same token after half of the lifetime")
	}
	if _, err := i.Verify(first); err != nil {
		t.Errorf("the first token is no longer good: %v", err)
	}
	c.Time = c.Add(300 * time.Second)
	if _, err := i.Verify(first); err == nil {
		t.Error("the first token is good after its end")
	}
	if s, err := i.Verify(second); err != nil || s != device {
		t.Errorf("second token: %v, %v", s, err)
	}
}

func TestChangedLifetimeBringsANewToken(t *testing.T) {
	o := options{}
	i, _ := newIssuer(t, o)
	first := issue(t, i, device)
	o["t1"] = "600"
	if issue(t, i, device) == first {
		t.Error("the token of the old lifetime was handed out again")
	}
}

func TestVerifyRefusesForgeries(t *testing.T) {
	i, c := newIssuer(t, nil)
	good := issue(t, i, device)
	if _, err := i.Verify(good); err != nil {
		t.Fatalf("control: %v", err)
	}
	parts := strings.Split(good, ".")
	other, _ := newIssuer(t, nil)
	foreign := issue(t, other, device)
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"iss": "platform.test", "aud": "platform.test", "sub": "device_one", "ten": "t1", "exp": c.Add(time.Hour).Unix(),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	tenant := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), `"t1"`, `"t2"`, 1)))
	for name, tok := range map[string]string{
		"empty":         "",
		"alg none":      unsigned,
		"foreign key":   foreign,
		"signature cut": parts[0] + "." + parts[1] + ".",
		"other tenant":  parts[0] + "." + tenant + "." + parts[2],
		"two parts":     parts[0] + "." + parts[1],
	} {
		if _, err := i.Verify(tok); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEnd(t *testing.T) {
	i, _ := newIssuer(t, nil)
	first := issue(t, i, device)
	if err := i.End(first); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Verify(first); err == nil {
		t.Error("an ended token is good")
	}
	second := issue(t, i, device)
	if _, err := i.Verify(second); err != nil {
		t.Errorf("the next token is not good: %v", err)
	}
	if err := i.End(first); err == nil {
		t.Error("a token was ended twice")
	}
}

func TestAlgorithms(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		i, err := token.New(token.Config{Host: "platform.test", Algorithm: algorithm, Options: options{}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		tok := issue(t, i, device)
		header, err := base64.RawURLEncoding.DecodeString(strings.Split(tok, ".")[0])
		if err != nil || !strings.Contains(string(header), `"alg":"`+algorithm+`"`) {
			t.Errorf("%s: header %s, %v", algorithm, header, err)
		}
		if s, err := i.Verify(tok); err != nil || s != device {
			t.Errorf("%s: %v, %v", algorithm, s, err)
		}
	}
	if _, err := token.New(token.Config{Algorithm: "none"}); err == nil {
		t.Error("algorithm none was accepted")
	}
}

func TestEndAll(t *testing.T) {
	i, c := newIssuer(t, nil)
	first := issue(t, i, device)
	c.Time = c.Add(31 * time.Minute)
	second := issue(t, i, device)
	i.EndAll(device)
	for _, tok := range []string{first, second} {
		if _, err := i.Verify(tok); err == nil {
			t.Error("a token is good after all were ended")
		}
	}
	if _, err := i.Verify(issue(t, i, device)); err != nil {
		t.Errorf("the next token is not good: %v", err)
	}
}

func BenchmarkIssue(b *testing.B) {
	for _, cached := range []bool{true, false} {
		name := "token=signed"
		if cached {
			name = "token=cached"
		}
		b.Run(name, func(b *testing.B) {
			i, err := token.New(token.Config{Host: "platform.test", Options: options{}, Now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if !cached {
					i.EndAll(device)
				}
				if _, err := i.Issue(device); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
