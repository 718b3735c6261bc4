package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// good plays a good device and keeps it connected; [errNotAdmitted] where it is
// not admitted.
func (p *prober) good(ctx context.Context, name string, opts ...certfactory.Option) (*device.Device, certfactory.Presentation, error) {
	c, err := p.device(name, 0, opts...)
	if err != nil {
		return nil, c, err
	}
	if err := p.ensure(ctx); err != nil {
		return nil, c, err
	}
	d, outcome, err := p.connect(ctx, c)
	if err == nil && d == nil {
		err = fmt.Errorf("%w: %s", errNotAdmitted, outcome.Detail)
	}
	return d, c, err
}

// ensure sees to it that our trust anchor is on the platform.
func (p *prober) ensure(ctx context.Context) error {
	if len(p.anchors) > 0 {
		if p.admits {
			return nil
		}
		return errNotAdmitted
	}
	answer, err := p.add(ctx)
	if err != nil {
		return err
	}
	if p.admits = answer.Accepted; !p.admits {
		return fmt.Errorf("%w: %s", errNotAdmitted, answer.Detail)
	}
	return nil
}

// What follows finds out whether something can be done, and not whether the
// platform then does right: that is for the specs to judge.

func (p *prober) anchorChanges(ctx context.Context) (bool, string, error) {
	changer := p.t.Driver.(target.AnchorChanger) // its check says that it is one
	if err := p.ensure(ctx); err != nil {
		return false, "", err
	}
	enable := func(ctx context.Context, enabled bool) error {
		return changer.Change(ctx, p.anchors[0], target.AnchorChange{Enabled: new(enabled)})
	}
	if there, detail, err := p.change(ctx, func(ctx context.Context) error { return enable(ctx, false) },
		func(ctx context.Context) error { return enable(ctx, true) }); !there {
		return false, detail, err
	}
	return done(enable(ctx, true))
}

// change does something and has it undone at the end, unless the platform has
// said that it does not do it.
func (p *prober) change(ctx context.Context, do, undo func(context.Context) error) (there bool, detail string, fault error) {
	there, detail, fault = done(do(ctx))
	if there || fault != nil {
		p.undo = append(p.undo, undo)
	}
	return there, detail, fault
}

// done tells a platform that answers no from one that does not answer.
func done(err error) (there bool, detail string, fault error) {
	status, answered := errors.AsType[*target.StatusError](err)
	switch {
	case err == nil, answered && usable(status.Status):
		return true, "", nil
	case errors.Is(err, target.ErrNoAnswer), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false, "", err
	}
	return false, err.Error(), nil
}

func (p *prober) mqttTokens(ctx context.Context) (bool, string, error) {
	d, _, err := p.good(ctx, "probe-token")
	if err != nil {
		return false, "", err
	}
	defer d.Close()
	_, err = d.Token(ctx)
	switch {
	case err == nil:
		return true, "", nil
	case errors.Is(err, device.ErrNoResponse), errors.Is(err, device.ErrClosed), errors.Is(err, device.ErrSubscriptionRefused):
		return false, "no token on s/dat: " + err.Error(), nil
	}
	return false, "", err
}

func (p *prober) deviceUsers(ctx context.Context) (bool, string, error) {
	users := usersOf(p.t)
	known, err := p.someUser(ctx)
	if err != nil {
		return false, "", err
	}
	for name, want := range map[string]bool{known: true, target.DeviceUser(p.name("probe-nobody")): false} {
		exists, err := users.UserExists(ctx, 0, name)
		if there, detail, err := done(err); !there {
			return false, detail, err
		}
		if exists != want {
			return false, map[bool]string{true: "a user that is there is not found", false: "a user that is not there is found"}[want], nil
		}
	}
	return true, "", nil
}

// someUser is a user that the platform has: the admin, or that of a device which
// is admitted now.
func (p *prober) someUser(ctx context.Context) (string, error) {
	if p.t.REST != nil {
		admin, _ := p.t.REST.Tenants[0].Admin() // the loader of target files sees to it that there is one
		return admin.Name, nil
	}
	d, c, err := p.good(ctx, "probe-user")
	if err != nil {
		return "", err
	}
	return target.DeviceUser(c.ClientID), d.Disconnect(ctx)
}

func (p *prober) maxChainLengthSetting(ctx context.Context) (bool, string, error) {
	m := p.t.Management
	before, err := m.MaxChainLength(ctx)
	if there, detail, err := done(err); !there {
		return false, detail, err
	}
	if there, detail, err := p.change(ctx, func(ctx context.Context) error { return m.SetMaxChainLength(ctx, before+1) },
		func(ctx context.Context) error { return m.SetMaxChainLength(ctx, before) }); !there {
		return false, detail, err
	}
	now, err := m.MaxChainLength(ctx)
	if there, detail, err := done(err); !there {
		return false, detail, err
	}
	return now == before+1, fmt.Sprintf("set to %d it says %d", before+1, now), nil
}

func (p *prober) clockSetting(ctx context.Context) (bool, string, error) {
	m := p.t.Management
	if there, detail, err := p.change(ctx, func(ctx context.Context) error { return m.SetClock(ctx, time.Hour) },
		func(ctx context.Context) error { return m.SetClock(ctx, 0) }); !there {
		return false, detail, err
	}
	return done(m.SetClock(ctx, 0))
}

func (p *prober) webPage(ctx context.Context) (bool, string, error) {
	client := &http.Client{
		Timeout:   p.t.Timing.Connect + p.t.Timing.Response,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.t.Page.RootCAs, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.t.Page.URL.String(), nil)
	if err != nil {
		return false, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return false, "", fmt.Errorf("ask for the page: %w: %w", target.ErrNoAnswer, err)
	}
	_ = response.Body.Close() // its head has said enough
	kind := response.Header.Get("Content-Type")
	there := response.StatusCode == http.StatusOK && strings.HasPrefix(kind, "text/html")
	return there, fmt.Sprintf("the page answered %d with the type %q", response.StatusCode, kind), nil
}
