package expect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

func TestMatchers(t *testing.T) {
	refusal := byte(5)
	admitted := device.Outcome{Layer: device.LayerAdmitted, Detail: "CONNACK 0"}
	refused := device.Outcome{Layer: device.LayerMQTTConnack, ReturnCode: &refusal, Detail: "CONNACK 5"}
	silent := device.Outcome{Layer: device.LayerTLSHandshake, TimedOut: true, Detail: "no answer"}
	distrusted := device.Outcome{Layer: device.LayerTLSHandshake, TLSError: "unknown authority", Detail: "we refused the server"}
	tests := []struct {
		name    string
		matcher types.GomegaMatcher
		actual  any
		want    bool
		wantErr bool
		says    string // of a mismatch
	}{
		{name: "admitted", matcher: expect.BeAdmitted(), actual: admitted, want: true},
		{name: "not admitted", matcher: expect.BeAdmitted(), actual: refused, says: "expected the device to be admitted, observed CONNACK 5"},
		{name: "refused", matcher: expect.BeRefused(), actual: refused, want: true},
		{name: "not refused", matcher: expect.BeRefused(), actual: admitted, says: "expected the device to be refused, observed CONNACK 0"},
		{name: "silence is no refusal", matcher: expect.BeRefused(), actual: silent, wantErr: true},
		{name: "silence is no admission", matcher: expect.BeAdmitted(), actual: silent, wantErr: true},
		{name: "our refusal is none of the platform", matcher: expect.BeRefused(), actual: distrusted, wantErr: true},
		{name: "something else", matcher: expect.BeRefused(), actual: 5, wantErr: true},
		{name: "something else, where nothing is well", matcher: expect.Bring("a token"), actual: 5, wantErr: true},
		{name: "server trusted", matcher: expect.TrustTheServer(), actual: admitted, want: true},
		{name: "server not trusted", matcher: expect.TrustTheServer(), actual: distrusted, says: "observed we refused the server"},
		{name: "status", matcher: expect.Answer(200, 201), actual: target.Response{Status: 201}, want: true},
		{name: "other status", matcher: expect.Answer(403, 404), actual: target.Response{Status: 200}, says: "expected HTTP 403 Forbidden or 404 Not Found, observed 200 OK"},
		{name: "client error", matcher: expect.AnswerClientError(), actual: target.Response{Status: 422}, want: true},
		{name: "server error", matcher: expect.AnswerClientError(), actual: target.Response{Status: 500}, says: "observed 500 Internal Server Error"},
		{name: "last redirection", matcher: expect.AnswerClientError(), actual: target.Response{Status: 399}, says: "observed 399"},
		{name: "first client error", matcher: expect.AnswerClientError(), actual: target.Response{Status: 400}, want: true},
		{name: "last client error", matcher: expect.AnswerClientError(), actual: target.Response{Status: 499}, want: true},
		{name: "last information", matcher: expect.AnswerSuccess(), actual: target.Response{Status: 199}, says: "observed 199"},
		{name: "first success", matcher: expect.AnswerSuccess(), actual: target.Response{Status: 200}, want: true},
		{name: "last success", matcher: expect.AnswerSuccess(), actual: target.Response{Status: 299}, want: true},
		{name: "first redirection", matcher: expect.AnswerSuccess(), actual: target.Response{Status: 300}, says: "observed 300 Multiple Choices"},
		{name: "success", matcher: expect.AnswerSuccess(), actual: target.Response{Status: 204}, want: true},
		{name: "no success", matcher: expect.AnswerSuccess(), actual: target.Response{Status: 302}, says: "observed 302 Found"},
		{name: "connack", matcher: expect.BeConnack(), actual: []byte{0x20, 2, 0, 5}, want: true},
		{name: "alert", matcher: expect.BeConnack(), actual: []byte{0x15, 3, 3}, says: "observed 3 bytes: 15 03 03"},
		{name: "beginning of a connack", matcher: expect.BeConnack(), actual: []byte{0x20, 2}, want: true},
		{name: "half a beginning", matcher: expect.BeConnack(), actual: []byte{0x20}, says: "observed 1 bytes: 20"},
		{name: "connack of another length", matcher: expect.BeConnack(), actual: []byte{0x20, 3, 0, 5}, says: "observed 4 bytes: 20 03 00 05"},
		{name: "another packet", matcher: expect.BeConnack(), actual: []byte{0x30, 2, 0, 5, 6, 7, 8, 9, 10}, says: "observed 9 bytes: 30 02 00 05 06 07 08 09"},
		{name: "nothing", matcher: expect.BeConnack(), actual: []byte{}, says: "observed 0 bytes: "},
		{name: "found", matcher: expect.Find(true, "a user"), actual: true, want: true},
		{name: "not found", matcher: expect.Find(true, "a user"), actual: false, says: "expected a user, observed there was not a user"},
		{name: "none wanted", matcher: expect.Find(false, "a user"), actual: true, says: "expected no trace of a user, observed there was a user"},
		{name: "held", matcher: expect.Hold(2, "the list"), actual: []int{1, 2}, want: true},
		{name: "not held", matcher: expect.Hold(3, "the list"), actual: []int{1, 2}, says: "expected the list to hold 3, observed 2 others"},
		{name: "equal", matcher: expect.Be("a", "the name"), actual: "a", want: true},
		{name: "unequal", matcher: expect.Be("a", "the name"), actual: "b", says: "expected the name to be a, observed b"},
		{name: "brought", matcher: expect.Bring("a token"), actual: "", want: true},
		{name: "not brought", matcher: expect.Bring("a token"), actual: "none came", says: "expected a token, observed none came"},
		{name: "lasts", matcher: expect.Last(time.Hour, time.Second), actual: time.Hour + time.Second, want: true},
		{name: "lasts longer", matcher: expect.Last(time.Hour, time.Second), actual: time.Hour + 2*time.Second, says: "observed 1h0m2s"},
		{name: "lasts shorter", matcher: expect.Last(time.Hour, time.Second), actual: time.Hour - 2*time.Second, says: "observed 59m58s"},
		{name: "long enough", matcher: expect.LastAtLeast(time.Minute), actual: time.Minute, want: true},
		{name: "too short", matcher: expect.LastAtLeast(time.Minute), actual: time.Second, says: "observed 1s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.matcher.Match(tt.actual)
			if got != tt.want || (err != nil) != tt.wantErr {
				t.Fatalf("match %t, %v; want %t, error %t", got, err, tt.want, tt.wantErr)
			}
			if tt.says == "" {
				return
			}
			message := tt.matcher.FailureMessage(tt.actual)
			if !strings.HasSuffix(message, tt.says) || strings.Contains(message, "\n") {
				t.Errorf("says %q, want %q on one line", message, tt.says)
			}
		})
	}
}
