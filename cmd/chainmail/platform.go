package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/refimpl/disk"
	"github.com/chainmail-iot/chainmail/refimpl/web"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// closeBound is how long the reference platform may take to end.
const closeBound = 10 * time.Second

// A platform is a running reference platform and the folder that describes it: a
// target file, the CA of its server certificate, and the passwords of its users.
type platform struct {
	*refimpl.Platform
	dir    string
	policy target.Policy
}

// startPlatform starts a reference platform and writes its folder.
func startPlatform(c refimpl.Config, dir string) (*platform, error) {
	p, err := refimpl.New(c)
	if err != nil {
		return nil, &exit{code: exitUsage, err: err, hint: configurationHint(err)}
	}
	running := &platform{Platform: p, dir: dir, policy: policyOf(c)}
	if err := p.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start reference platform: %w", err), running.stop())
	}
	if err := running.describe(); err != nil {
		running.stop()
		return nil, fmt.Errorf("describe reference platform in %s: %w", dir, err)
	}
	return running, nil
}

// policyOf is what a target file says of a platform with this configuration.
func policyOf(c refimpl.Config) target.Policy {
	policy := target.Policy{MaxChainLength: c.MaxChainLength, Refusal: target.Refusal{Chain: target.FormAlert, Identity: target.FormConnack}}
	if c.LateRefusal {
		policy.Refusal.Chain = target.FormConnack
	}
	return policy
}

// configurationHint says what to do about a platform that cannot be made.
func configurationHint(err error) string {
	switch {
	case errors.Is(err, disk.ErrInUse):
		return "one process at a time: end the other one, or give --data another folder"
	case errors.Is(err, disk.ErrDamaged):
		return "nothing was changed; put a copy of " + disk.File + " in its place, or give --data a new folder"
	case errors.Is(err, disk.ErrVersion):
		return "nothing was changed; use the chainmail that wrote it, or give --data a new folder"
	case errors.Is(err, disk.ErrForeign):
		return "nothing was changed; give --data a folder of its own"
	case errors.As(err, new(*fs.PathError)):
		return "is the folder to be written?"
	}
	return `"chainmail list deviations" shows the deviations`
}

// targetFile is the path of the target file that describes the platform.
func (p *platform) targetFile() string { return filepath.Join(p.dir, "target.yaml") }

// caFile is the path of the CA that signed the server certificate.
func (p *platform) caFile() string { return filepath.Join(p.dir, "ca.pem") }

// page is the address of the Trusted certificates page.
func (p *platform) page() string { return p.Addresses().REST + web.Path }

// stop ends the platform within its bound.
func (p *platform) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
	defer cancel()
	return p.Close(ctx)
}

// describe writes the folder, the target file last.
func (p *platform) describe() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(p.caFile(), p.CA(), 0o644); err != nil {
		return err
	}
	file := target.File{
		APIVersion: target.APIVersion, Kind: "Target",
		Implementation: target.Implementation{Organization: "chainmail", Product: "reference platform", Version: tool().Version},
		MQTT:           target.FileMQTT{Address: p.Addresses().MQTT, ServerName: "localhost", CAFile: "ca.pem"},
		REST:           &target.FileREST{BaseURL: p.Addresses().REST},
		Page:           &target.FilePage{URL: p.page()},
		Driver:         "cumulocity",
		Policy:         p.policy,
		Capabilities: []target.Capability{
			target.TrustedCertificates, target.MQTTTokens, target.DeviceUsers, target.TenantOptions,
			target.BulkRegistration, target.SingleRegistration, target.WebPage,
		},
	}
	if url := p.Addresses().Management; url != "" {
		file.Management = &target.FileManagement{BaseURL: url}
		file.Capabilities = append(file.Capabilities, target.MaxChainLengthSetting, target.Clock)
	}
	for _, tenant := range p.Tenants() {
		t := target.FileTenant{ID: tenant.ID}
		for _, user := range tenant.Users {
			secret := tenant.ID + "-" + user.Name + ".password"
			if err := os.WriteFile(filepath.Join(p.dir, secret), []byte(user.Password+"\n"), 0o600); err != nil {
				return err
			}
			t.Users = append(t.Users, target.FileUser{User: user.Name, Password: "file:" + secret, Roles: user.Roles})
		}
		file.REST.Tenants = append(file.REST.Tenants, t)
	}
	data, err := yaml.Dump(file)
	if err != nil {
		return err
	}
	return os.WriteFile(p.targetFile(), data, 0o644)
}
