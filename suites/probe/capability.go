package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A check finds out whether the target has a capability, by using it. Its error
// says why that could not be found out.
type check struct {
	capability target.Capability
	how        string // what is done, in a few words
	// possible says why the capability cannot even be tried; "" where it can.
	possible func(*target.Target) string
	try      func(*prober, context.Context) (there bool, detail string, err error)
}

// checks are in the order in which a target file lists them.
var checks = []check{
	{target.TrustedCertificates, "a trust anchor is uploaded over REST", needsREST, (*prober).trustedCertificates},
	{target.AnchorChanges, "a trust anchor is disabled and enabled again", needsChanger, (*prober).anchorChanges},
	{target.MQTTTokens, "a device asks for a token over s/uat", possible, (*prober).mqttTokens},
	{target.DeviceUsers, "a user that is there is found, and that of a device that never came is not", needsUsers, (*prober).deviceUsers},
	{target.TenantOptions, "a tenant option of our own is written and read", needsREST, (*prober).tenantOptions},
	{target.BulkRegistration, "a device is registered by a CSV file", needsREST, (*prober).bulkRegistration},
	{target.SingleRegistration, "a device is registered by itself", needsREST, (*prober).singleRegistration},
	{target.MaxChainLengthSetting, "the maximum chain length is raised by one and read", needsManagement, (*prober).maxChainLengthSetting},
	{target.Clock, "the clock is put forward by an hour, and back", needsManagement, (*prober).clockSetting},
	{target.WebPage, "the page is asked for", needsPage, (*prober).webPage},
	{target.SecondTenant, "an admin of the second tenant logs in", needsSecondTenant, (*prober).secondTenant},
	{target.UserWithoutRole, "a user without the role logs in and has none that may upload", needsViewer, (*prober).userWithoutRole},
}

// Checked returns the capabilities that can be checked, and how.
func Checked() map[target.Capability]string {
	all := make(map[target.Capability]string, len(checks))
	for _, c := range checks {
		all[c.capability] = c.how
	}
	return all
}

// Check finds out whether the target has a capability, by using it, with keys and
// names of the factory. It leaves the target as it was; notes say what could not be
// undone. The error says why it could not be found out.
func Check(ctx context.Context, t *target.Target, f *certfactory.Factory, c target.Capability) (there bool, detail string, notes []string, err error) {
	i := slices.IndexFunc(checks, func(k check) bool { return k.capability == c })
	if i < 0 {
		return false, "", nil, fmt.Errorf("there is no check of %s", c)
	}
	p := newProber(t, Config{Now: f.Now()})
	p.f = f
	p.root = f.Root("chainmail probe " + f.Tag(string(c)))
	defer func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreBound)
		defer cancel()
		notes = p.restore(bounded)
	}()
	if why := checks[i].possible(t); why != "" {
		return false, why, nil, nil
	}
	there, detail, err = checks[i].try(p, ctx)
	return there, detail, nil, err
}

// capabilities checks every capability.
func (p *prober) capabilities(ctx context.Context, r *Report) error {
	for _, c := range checks {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f := p.checked(ctx, c)
		if f.State == Agrees && f.Found == yes || f.State == Undeclared || f.State == Unknown && f.Declared == yes {
			r.Capabilities = append(r.Capabilities, c.capability)
		}
		p.note(r, f)
	}
	return nil
}

// checked is the finding about one capability.
func (p *prober) checked(ctx context.Context, c check) Finding {
	declared := p.t.Has(c.capability)
	unknown := Finding{Section: Capability, Name: string(c.capability), State: Unknown, Declared: word(declared), Found: "not known"}
	if why := c.possible(p.t); why != "" {
		if !declared {
			unknown.State = Agrees
		}
		unknown.Found, unknown.Detail = "not tried", why
		return unknown
	}
	there, detail, err := c.try(p, ctx)
	if err != nil {
		unknown.Detail = err.Error()
		return unknown
	}
	f := capabilityFinding(declared, there, detail)
	f.Name = string(c.capability)
	if there {
		f.Detail = c.how
	}
	switch f.State {
	case Missing:
		f.Hint = "specs that need it will fail: take it out of capabilities, or mend the platform"
	case Undeclared:
		f.Hint = "put it into capabilities: more specs apply then"
	}
	return f
}

// Words for there and not there.
const (
	yes = "yes"
	no  = "no"
)

func word(b bool) string {
	if b {
		return yes
	}
	return no
}

// capabilityFinding compares what is declared with what is there.
func capabilityFinding(declared, there bool, detail string) Finding {
	f := Finding{Section: Capability, Declared: word(declared), Found: word(there), State: Agrees, Detail: detail}
	switch {
	case declared && !there:
		f.State = Missing
	case there && !declared:
		f.State = Undeclared
	}
	return f
}

// errNotAdmitted says why what needs a device cannot be found out.
var errNotAdmitted = errors.New("no device of ours is admitted")

func possible(*target.Target) string { return "" }

func needsREST(t *target.Target) string {
	return lacks(t.REST == nil, "the target file has no section rest")
}

func needsUsers(t *target.Target) string {
	return lacks(usersOf(t) == nil, "neither a section rest nor the driver can tell")
}

func needsChanger(t *target.Target) string {
	_, ok := t.Driver.(target.AnchorChanger)
	if _, program := t.Driver.(target.Opener); program && !t.Has(target.AnchorChanges) {
		ok = false
	}
	return lacks(!ok, "the driver "+t.Driver.Name()+" cannot")
}

func needsManagement(t *target.Target) string {
	return lacks(t.Management == nil, "the target file has no section management")
}

func needsPage(t *target.Target) string {
	return lacks(t.Page == nil, "the target file has no section page")
}

func needsSecondTenant(t *target.Target) string {
	return lacks(t.REST == nil || len(t.REST.Tenants) < 2, "the target file names no second tenant")
}

func needsViewer(t *target.Target) string {
	if t.REST == nil {
		return "the target file has no section rest"
	}
	_, ok := t.REST.Tenants[0].Viewer()
	return lacks(!ok, "the target file names no user without the role")
}

func lacks(is bool, why string) string {
	if is {
		return why
	}
	return ""
}
