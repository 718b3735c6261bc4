// Package expect holds the Gomega matchers over what a device or a REST client
// observed. Their messages are part of reports, so they are one line, stable
// and free of pointers.
//
// A matcher gives an error, not a mismatch, where the observation allows no
// judgement: silence is never a refusal.
package expect

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A matcher is a test of one kind of observation.
type matcher[T any] struct {
	want  string
	match func(T) (bool, error)
	seen  func(T) string
}

func (m matcher[T]) Match(actual any) (bool, error) {
	observed, ok := actual.(T)
	if !ok {
		return false, fmt.Errorf("expect: %T is not what this matcher judges", actual)
	}
	return m.match(observed)
}

func (m matcher[T]) FailureMessage(actual any) string {
	return "expected " + m.want + ", observed " + m.seen(actual.(T))
}

func (m matcher[T]) NegatedFailureMessage(actual any) string {
	return "expected anything but " + m.want + ", observed " + m.seen(actual.(T))
}

func detail(o device.Outcome) string { return o.Detail }

// BeAdmitted succeeds when the device got CONNACK 0.
func BeAdmitted() types.GomegaMatcher {
	return matcher[device.Outcome]{
		want: "the device to be admitted", seen: detail,
		match: func(o device.Outcome) (bool, error) {
			if !o.Admitted() && !o.Refused() {
				return false, fmt.Errorf("the platform neither admitted nor refused: %s", o.Detail)
			}
			return o.Admitted(), nil
		},
	}
}

// BeRefused succeeds when the platform refused the device, in whatever form.
func BeRefused() types.GomegaMatcher {
	return matcher[device.Outcome]{
		want: "the device to be refused", seen: detail,
		match: func(o device.Outcome) (bool, error) {
			if !o.Admitted() && !o.Refused() {
				return false, fmt.Errorf("the platform neither admitted nor refused: %s", o.Detail)
			}
			return o.Refused(), nil
		},
	}
}

// Answer succeeds when the HTTP status is one of these.
func Answer(statuses ...int) types.GomegaMatcher {
	return matcher[target.Response]{
		want: "HTTP " + list(statuses), seen: status,
		match: func(r target.Response) (bool, error) { return slices.Contains(statuses, r.Status), nil },
	}
}

// AnswerClientError succeeds when the HTTP status is 4xx.
func AnswerClientError() types.GomegaMatcher {
	return matcher[target.Response]{
		want: "an HTTP client error (4xx)", seen: status,
		match: func(r target.Response) (bool, error) { return r.Status/100 == 4, nil },
	}
}

// AnswerSuccess succeeds when the HTTP status is 2xx.
func AnswerSuccess() types.GomegaMatcher {
	return matcher[target.Response]{
		want: "an HTTP success (2xx)", seen: status,
		match: func(r target.Response) (bool, error) { return r.Status/100 == 2, nil },
	}
}

func status(r target.Response) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status)))
}

func list(statuses []int) string {
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = strings.TrimSpace(fmt.Sprintf("%d %s", s, http.StatusText(s)))
	}
	return strings.Join(words, " or ")
}

// TrustTheServer succeeds when the device did not refuse the server's
// certificate.
func TrustTheServer() types.GomegaMatcher {
	return matcher[device.Outcome]{
		want: "the server certificate to verify for the name that was dialled", seen: detail,
		match: func(o device.Outcome) (bool, error) { return o.TLSError == "", nil },
	}
}

// IsConnack reports whether bytes begin as a CONNACK does (MQTT 3.1.1 §3.2).
func IsConnack(b []byte) bool { return len(b) >= 2 && b[0] == 0x20 && b[1] == 0x02 }

// BeConnack succeeds on bytes that begin as a CONNACK does.
func BeConnack() types.GomegaMatcher {
	return matcher[[]byte]{
		want: "a CONNACK", match: func(b []byte) (bool, error) { return IsConnack(b), nil },
		seen: func(b []byte) string { return fmt.Sprintf("%d bytes: % x", len(b), b[:min(len(b), 8)]) },
	}
}

// Find succeeds when something was found, or was not, as wanted.
func Find(wanted bool, what string) types.GomegaMatcher {
	words := map[bool]string{true: "there was ", false: "there was not "}
	return matcher[bool]{
		want:  map[bool]string{true: what, false: "no trace of " + what}[wanted],
		seen:  func(found bool) string { return words[found] + what },
		match: func(found bool) (bool, error) { return found == wanted, nil },
	}
}

// Hold succeeds when a list, called what, has the element.
func Hold[T comparable](element T, what string) types.GomegaMatcher {
	return matcher[[]T]{
		want:  fmt.Sprintf("%s to hold %+v", what, element),
		seen:  func(list []T) string { return fmt.Sprintf("%d others", len(list)) },
		match: func(list []T) (bool, error) { return slices.Contains(list, element), nil },
	}
}

// Be succeeds when a value, called what, is the one wanted.
func Be[T comparable](wanted T, what string) types.GomegaMatcher {
	return matcher[T]{
		want:  fmt.Sprintf("%s to be %+v", what, wanted),
		seen:  func(actual T) string { return fmt.Sprintf("%+v", actual) },
		match: func(actual T) (bool, error) { return actual == wanted, nil },
	}
}

// Bring succeeds when nothing went wrong: the actual value says in words what
// did, and is empty otherwise.
func Bring(what string) types.GomegaMatcher {
	return matcher[string]{
		want: what, seen: func(problem string) string { return problem },
		match: func(problem string) (bool, error) { return problem == "", nil },
	}
}

// Last succeeds when a span of time is the one wanted, give or take slack.
func Last(wanted, slack time.Duration) types.GomegaMatcher {
	return matcher[time.Duration]{
		want: fmt.Sprintf("a lifetime of %v, give or take %v", wanted, slack), seen: time.Duration.String,
		match: func(d time.Duration) (bool, error) { return (d - wanted).Abs() <= slack, nil },
	}
}

// LastAtLeast succeeds when a span of time is not shorter than the one wanted.
func LastAtLeast(wanted time.Duration) types.GomegaMatcher {
	return matcher[time.Duration]{
		want: fmt.Sprintf("a lifetime of %v at least", wanted), seen: time.Duration.String,
		match: func(d time.Duration) (bool, error) { return d >= wanted, nil },
	}
}
