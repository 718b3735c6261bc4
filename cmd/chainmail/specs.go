package main

import (
	"slices"

	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/capability"
	"github.com/chainmail-iot/chainmail/suites/chain"
	"github.com/chainmail-iot/chainmail/suites/client"
	"github.com/chainmail-iot/chainmail/suites/identity"
	"github.com/chainmail-iot/chainmail/suites/registration"
	"github.com/chainmail-iot/chainmail/suites/rest"
	"github.com/chainmail-iot/chainmail/suites/session"
	"github.com/chainmail-iot/chainmail/suites/token"
	"github.com/chainmail-iot/chainmail/suites/transport"
	"github.com/chainmail-iot/chainmail/suites/trust"
	"github.com/chainmail-iot/chainmail/suites/web"
)

// specs returns every spec, family by family.
func specs() []suites.Spec {
	return slices.Concat(
		capability.Specs(), transport.Specs(), trust.Specs(), rest.Specs(), chain.Specs(),
		identity.Specs(), registration.Specs(), token.Specs(), session.Specs(), client.Specs(), web.Specs(),
	)
}
