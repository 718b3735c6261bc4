package target

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
)

func (l *loader) mqtt() MQTT {
	m := MQTT{Address: l.f.MQTT.Address, ServerName: l.f.MQTT.ServerName, CAFile: l.path(l.f.MQTT.CAFile)}
	host, _, err := net.SplitHostPort(m.Address)
	if err != nil {
		l.wrong("", fmt.Sprintf("mqtt.address is %q: want host:port", m.Address), "mqtt", "address")
	} else {
		l.address(host, "mqtt", "address")
	}
	if m.ServerName == "" {
		m.ServerName = host
	}
	m.RootCAs = l.pool(m.CAFile, "mqtt", "caFile")
	m.Versions = l.versions()
	return m
}

// versions lists the TLS versions from min to max.
func (l *loader) versions() []uint16 {
	known := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	read := func(text, key string, otherwise uint16) uint16 {
		if text == "" {
			return otherwise
		}
		v, ok := known[text]
		if !ok {
			l.wrong("", fmt.Sprintf(`mqtt.tls.%s is %q: want "1.2" or "1.3"`, key, text), "mqtt", "tls", key)
		}
		return v
	}
	lowest := read(l.f.MQTT.TLS.Min, "min", tls.VersionTLS12)
	highest := read(l.f.MQTT.TLS.Max, "max", tls.VersionTLS13)
	if lowest > highest {
		l.wrong("", "mqtt.tls.min is above mqtt.tls.max", "mqtt", "tls", "min")
	}
	var versions []uint16
	for v := lowest; v <= highest; v++ {
		versions = append(versions, v)
	}
	return versions
}

// pool reads a trust store in PEM; nil means the system's roots.
func (l *loader) pool(file string, path ...any) *x509.CertPool {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		l.wrong("", err.Error(), path...)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		l.wrong("", fmt.Sprintf("%s holds no certificate in PEM", file), path...)
	}
	return pool
}

func (l *loader) rest(t *Target) *REST {
	u := l.url(l.f.REST.BaseURL, "rest", "baseURL")
	roots := t.MQTT.RootCAs
	caFile := t.MQTT.CAFile
	if l.f.REST.CAFile != "" {
		caFile = l.path(l.f.REST.CAFile)
		roots = l.pool(caFile, "rest", "caFile")
	}
	if len(l.f.REST.Tenants) == 0 {
		l.wrong("", "rest.tenants is empty: want at least one tenant", "rest", "tenants")
	}
	tenants := make([]Tenant, 0, len(l.f.REST.Tenants))
	for i, tenant := range l.f.REST.Tenants {
		tenants = append(tenants, l.tenant(i, tenant))
	}
	if u == nil {
		return nil
	}
	return NewREST(u, roots, caFile, tenants, t.Timing)
}

func (l *loader) tenant(i int, f FileTenant) Tenant {
	at := []any{"rest", "tenants", i}
	if f.ID == "" {
		l.wrong("", "a tenant has no id", at...)
	}
	tenant := Tenant{ID: f.ID}
	for j, user := range f.Users {
		where := append(slices.Clone(at), "users", j)
		if user.User == "" {
			l.wrong("", "a user has no name", where...)
		}
		password, err := l.secret(user.Password)
		if err != nil {
			l.wrong("write env:NAME or file:PATH", "password of "+user.User+": "+err.Error(), append(where, "password")...)
		}
		tenant.Users = append(tenant.Users, User{Name: user.User, Roles: user.Roles, password: password})
	}
	if _, ok := tenant.Admin(); !ok {
		l.wrong("", fmt.Sprintf("tenant %s has no user with %s or %s", f.ID, RoleTenantAdmin, RoleTenantManagementAdmin), at...)
	}
	return tenant
}

// secret resolves env:NAME and file:PATH. The error never holds the secret.
func (l *loader) secret(reference string) (string, error) {
	kind, name, _ := strings.Cut(reference, ":")
	switch kind {
	case "env":
		if value, ok := os.LookupEnv(name); ok && value != "" {
			return value, nil
		}
		return "", fmt.Errorf("environment variable %s is not set", name)
	case "file":
		data, err := os.ReadFile(l.path(name))
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(data), "\r\n"), nil
	}
	return "", fmt.Errorf("secrets do not stand in the file")
}

func (l *loader) capabilities(t *Target) []Capability {
	for i, c := range l.f.Capabilities {
		if !slices.Contains(declarable, c) {
			l.wrong(fmt.Sprintf("known are %v", declarable), fmt.Sprintf("unknown capability %q", c), "capabilities", i)
		}
	}
	needs := []struct {
		capability Capability
		there      bool
		section    string
	}{
		{TrustedCertificates, l.f.REST != nil, "rest"},
		{DeviceUsers, l.f.REST != nil, "rest"},
		{TenantOptions, l.f.REST != nil, "rest"},
		{BulkRegistration, l.f.REST != nil, "rest"},
		{SingleRegistration, l.f.REST != nil, "rest"},
		{MaxChainLengthSetting, l.f.Management != nil, "management"},
		{Clock, l.f.Management != nil, "management"},
		{WebPage, l.f.Page != nil, "page"},
	}
	for _, n := range needs {
		if i := slices.Index(l.f.Capabilities, n.capability); i >= 0 && !n.there {
			l.wrong("", fmt.Sprintf("capability %s needs the section %s", n.capability, n.section), "capabilities", i)
		}
	}
	t.Capabilities = slices.Clone(l.f.Capabilities)
	return append(t.Capabilities, implied(t)...)
}

// implied are the capabilities that follow from what the target file names.
func implied(t *Target) []Capability {
	if t.REST == nil {
		return nil
	}
	var found []Capability
	if t.Has(TrustedCertificates) {
		found = append(found, AnchorChanges)
	}
	if len(t.REST.Tenants) > 1 {
		found = append(found, SecondTenant)
	}
	if _, ok := t.REST.Tenants[0].Viewer(); ok {
		found = append(found, UserWithoutRole)
	}
	return found
}

func (l *loader) driver(t *Target) Driver {
	name := l.f.Driver
	if name == "" && l.f.REST != nil {
		name = "cumulocity"
	}
	switch name {
	case "cumulocity":
		if l.f.REST == nil {
			l.wrong("", "driver cumulocity needs the section rest", "driver")
			return nil
		}
		return &Cumulocity{REST: t.REST}
	case "static":
		if l.f.Static == nil {
			l.wrong("", "driver static needs the section static", "driver")
			return nil
		}
		return l.static(*l.f.Static, t)
	case "exec":
		if l.f.Exec == nil {
			l.wrong("", "driver exec needs the section exec", "driver")
			return nil
		}
		return l.exec(*l.f.Exec, t)
	case "":
		l.wrong("add rest, or driver: static, or driver: exec", "nothing says how trust anchors get onto the platform")
	default:
		l.wrong("", fmt.Sprintf("driver is %q: want cumulocity, static or exec", name), "driver")
	}
	return nil
}
