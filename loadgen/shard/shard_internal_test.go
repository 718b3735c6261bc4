package shard

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
)

func TestDelay(t *testing.T) {
	t.Parallel()
	fixed := loadgen.Reconnect{Policy: loadgen.ReconnectFixed, Delay: time.Second, Max: time.Minute}
	growing := loadgen.Reconnect{Policy: loadgen.ReconnectExponential, Delay: time.Second, Max: 30 * time.Second}
	spread := loadgen.Reconnect{Policy: loadgen.ReconnectFixed, Delay: 10 * time.Second, Max: time.Minute, Jitter: 0.5}
	for _, tt := range []struct {
		name   string
		policy loadgen.Reconnect
		tries  int
		chance float64
		want   time.Duration
	}{
		{"fixed", fixed, 0, 0.9, time.Second},
		{"fixed, later", fixed, 100, 0.9, time.Second},
		{"exponential", growing, 0, 0, time.Second},
		{"doubled", growing, 3, 0, 8 * time.Second},
		{"bounded", growing, 5, 0, 30 * time.Second},
		{"bounded for ever", growing, 1 << 30, 0, 30 * time.Second},
		{"jitter, least", spread, 0, 0, 10 * time.Second},
		{"jitter, half", spread, 0, 0.5, 7500 * time.Millisecond},
	} {
		if got := delay(&tt.policy, tt.tries, tt.chance); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestReadToken(t *testing.T) {
	t.Parallel()
	token := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for _, tt := range []struct {
		name, message string
		half          time.Duration // 0: no token
	}{
		{"an hour", "71," + token(`{"iat":1000,"exp":4600}`), 30 * time.Minute},
		{"fractions", "71," + token(`{"iat":1000.5,"exp":1002.5}`), time.Second},
		{"without an end", "71," + token(`{"iat":1000}`), fallbackLife / 2},
		{"ends before it begins", "71," + token(`{"iat":1000,"exp":900}`), fallbackLife / 2},
		{"another message", "50,100,x", 0},
		{"no prefix", token(`{}`), 0},
		{"two parts", "71,e30.e30", 0},
		{"no JSON", "71," + token("x"), 0},
		{"no base64", "71,e30.*.c2ln", 0},
		{"nothing", "", 0},
	} {
		text, life, err := readToken(tt.message)
		if (err == nil) != (tt.half > 0) || err == nil && (life.half() != tt.half || "71,"+text != tt.message) {
			t.Errorf("%s: half of its life is %v, error %v; want %v", tt.name, life.half(), err, tt.half)
		}
	}
}

func FuzzReadToken(f *testing.F) {
	f.Add("71,e30.e30.c2ln")
	f.Add("71,e30.eyJpYXQiOjFlOTk5fQ.x")
	f.Fuzz(func(t *testing.T, message string) {
		if _, life, err := readToken(message); err == nil && life.half() <= 0 {
			t.Errorf("half of a life is %v", life.half())
		}
	})
}
