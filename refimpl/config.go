package refimpl

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// A Config describes a platform. The zero value is a conforming one on free ports of the
// loopback interface.
type Config struct {
	// MQTTAddress is where devices connect over TLS. Default 127.0.0.1:0, a free port.
	MQTTAddress string
	// RESTAddress is where the REST API is served over HTTPS. Default 127.0.0.1:0.
	RESTAddress string
	// ManagementAddress is where the management API is served over plain HTTP. It must be
	// a loopback address: whoever reaches it is not asked who they are. Default "": none.
	ManagementAddress string
	// Tenants are the tenants with their users and options. Default those of Data, else
	// DefaultTenants().
	Tenants []registry.TenantConfig
	// Data is a folder that keeps everything over a restart: tenants with all that is theirs,
	// audit records, the maximum chain length, the key of the tokens, the server certificate. It
	// is made if it is not there. A tenant that it has stays as it is there; Tenants adds
	// those that it has not. The clock and the stages begin anew. Default "": everything is in
	// memory and goes with the platform.
	Data string
	// MaxChainLength is the greatest number of certificates that a device may present, its
	// own and the anchor included (DC-CHAIN-10, 11). Default what Data has, else 2.
	MaxChainLength int
	// AnchorOptional admits a device certificate presented alone if its issuer was uploaded,
	// as the platform does since 2024. Default false (DC-CHAIN-01).
	AnchorOptional bool
	// LateRefusal lets the TLS handshake of a refused chain finish and refuses it with
	// CONNACK 5. Default false: the handshake ends with an alert.
	LateRefusal bool
	// TokenAlgorithm signs the tokens: ES256 or RS256 (the platform's own). Default ES256,
	// which is far cheaper to sign.
	TokenAlgorithm string
	// Deviations are names out of Deviations(): the clauses to break. Default none.
	Deviations []string
	// ServerNames are the host names and addresses that the server certificate is good
	// for; the first is the issuer of the tokens. Default localhost, 127.0.0.1, ::1.
	ServerNames []string
	// Now is the clock that certificates and tokens are judged by. Default time.Now.
	Now func() time.Time
	// Limits bound what clients may take. Default as in LimitTable.
	Limits Limits
	// Log gets a line for every refusal, at level info, or, of many for one reason, for some of
	// them and a count; admissions are at level debug. Default: nothing is logged.
	Log *slog.Logger
}

// A Deviation is one named way of breaking one clause.
type Deviation = deviation.Deviation

// Deviations returns every deviation that Config.Deviations may name.
func Deviations() []Deviation { return deviation.All() }

func withDefaults(c Config) (Config, error) {
	if c.MQTTAddress == "" {
		c.MQTTAddress = "127.0.0.1:0"
	}
	if c.RESTAddress == "" {
		c.RESTAddress = "127.0.0.1:0"
	}
	if len(c.ServerNames) == 0 {
		c.ServerNames = []string{"localhost", "127.0.0.1", "::1"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	if c.Limits, err = c.Limits.withDefaults(openFiles()); err != nil {
		return c, err
	}
	if c.MaxChainLength < 0 {
		return c, fmt.Errorf("maximum chain length %d is less than 1", c.MaxChainLength)
	}
	return c, nil
}
