package target

import (
	"fmt"
	"strings"
)

// Policy is what the platform may decide for itself.
type Policy struct {
	// ClientID says which Client Identifier a device must use: "commonName"
	// (default, DC-ID-03) or "any", where the platform ignores it.
	ClientID string `yaml:"clientId,omitempty"`
	// MaxChainLength is the longest chain that the platform accepts as it stands,
	// device and anchor included (DC-CHAIN-10); default what the profile says.
	MaxChainLength int `yaml:"maxChainLength,omitempty"`
	// Refusal is how the platform refuses. A refusal in another form is a remark
	// and no failure: stock TLS libraries cannot choose theirs.
	Refusal Refusal `yaml:"refusal,omitempty,flow"`
}

// Refusal is in which form a platform refuses a device.
type Refusal struct {
	// Chain is for what is wrong with the chain; default any form.
	Chain Form `yaml:"chain,omitempty"`
	// Identity is for a device whose chain is good: a wrong Client Identifier, no
	// registration; default any form.
	Identity Form `yaml:"identity,omitempty"`
}

// Form is one form of a refusal.
type Form string

// The forms.
const (
	FormAlert   Form = "alert"   // a TLS alert
	FormConnack Form = "connack" // a CONNACK with a return code other than 0
	FormClose   Form = "close"   // the connection ends without either
)

// forms are all of them.
var forms = []Form{FormAlert, FormConnack, FormClose}

// FormOf is the form of a refusal that showed these.
func FormOf(alert, connack bool) Form {
	switch {
	case alert:
		return FormAlert
	case connack:
		return FormConnack
	}
	return FormClose
}

// Allows says what the form lets a platform and its devices do.
func (f Form) Allows() string {
	return map[Form]string{
		FormAlert:   "the device is out before CONNECT is read: nothing of it can be used for a login, and the alert names the cause",
		FormConnack: "the handshake is completed first: the port can be shared with clients that log in by password, and the device learns a return code only",
		FormClose:   "the device learns no cause, and cannot tell a refusal from a network that failed",
	}[f]
}

// The values of Policy.ClientID.
const (
	ClientIDCommonName = "commonName"
	ClientIDAny        = "any"
)

func (l *loader) policy() Policy {
	p := l.f.Policy
	if p.ClientID == "" {
		p.ClientID = ClientIDCommonName
	}
	if p.ClientID != ClientIDCommonName && p.ClientID != ClientIDAny {
		l.wrong("", fmt.Sprintf("clientId is %q: want commonName or any", p.ClientID), "policy", "clientId")
	}
	if p.MaxChainLength < 0 {
		l.wrong("", fmt.Sprintf("maxChainLength is %d: want at least 1", p.MaxChainLength), "policy", "maxChainLength")
	}
	for key, form := range map[string]Form{"chain": p.Refusal.Chain, "identity": p.Refusal.Identity} {
		if form != "" && form.Allows() == "" {
			l.wrong("", fmt.Sprintf("refusal.%s is %q: want one of %v", key, form, forms), "policy", "refusal", key)
		}
	}
	return p
}

// DeviceUser is how the platform calls the user of a device that connects with
// this Client Identifier.
func DeviceUser(clientID string) string {
	id := strings.TrimPrefix(clientID, "d:")
	if id != clientID {
		id, _, _ = strings.Cut(id, ":")
	}
	return "device_" + id
}
