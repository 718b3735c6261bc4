package token_test

import (
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// restarted returns issuers that have one memory, each the next after a restart.
func restarted(t *testing.T, algorithm string) (next func() *token.Issuer, c *clock) {
	t.Helper()
	memory, err := registry.New([]registry.TenantConfig{{ID: "t1"}})
	if err != nil {
		t.Fatal(err)
	}
	c = &clock{time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)}
	return func() *token.Issuer {
		t.Helper()
		i, err := token.New(token.Config{Host: "platform.test", Algorithm: algorithm, Options: memory, Now: c.now, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		return i
	}, c
}

func good(t *testing.T, i *token.Issuer, tok string, want bool) {
	t.Helper()
	if _, err := i.Verify(tok); (err == nil) != want {
		t.Errorf("verify: %v, want the token to be good: %v", err, want)
	}
}

func TestTokensSurviveARestart(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		t.Run(algorithm, func(t *testing.T) {
			next, _ := restarted(t, algorithm)
			first := next()
			tok := issue(t, first, device)
			second := next()
			good(t, second, tok, true)
			if issue(t, second, device) == tok {
				t.Error("the same token again: the second issuer cannot know it")
			}
		})
	}
}

func TestEndedTokensStayEnded(t *testing.T) {
	next, c := restarted(t, "")
	first := next()
	loggedOut, kept := issue(t, first, device), issue(t, first, token.Subject{Tenant: "t1", User: "device_two"})
	if err := first.End(loggedOut); err != nil {
		t.Fatal(err)
	}
	second := next()
	good(t, second, loggedOut, false)
	good(t, second, kept, true)
	c.Time = c.Add(2 * time.Hour)
	if err := second.End(issue(t, second, device)); err != nil { // forgets what has expired
		t.Fatal(err)
	}
	c.Time = c.Add(-2 * time.Hour)
	good(t, next(), loggedOut, true)
}

// A user of the same name as one that was deleted is somebody else, whenever the token of the
// other was issued and whatever the clock says.
func TestTokensOfADeletedUserStayEnded(t *testing.T) {
	next, c := restarted(t, "")
	first := next()
	old := issue(t, first, device)
	second := next()
	c.Time = c.Add(-time.Minute)
	current := issue(t, second, device)
	c.Time = c.Add(time.Minute)
	second.EndAll(device)
	later := issue(t, second, device)
	for name, i := range map[string]*token.Issuer{"the same": second, "the next": next()} {
		for _, tt := range []struct {
			name, tok string
			want      bool
		}{{"of the run before", old, false}, {"of the same run", current, false}, {"of the new user", later, true}} {
			t.Run(name+" issuer, token "+tt.name, func(t *testing.T) { good(t, i, tt.tok, tt.want) })
		}
	}
}
