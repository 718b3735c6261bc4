package refimpl

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// What a configuration file says of itself.
const (
	configVersion = "chainmail/v1"
	configKind    = "Platform"
)

// A ConfigFile is the form of a configuration file, for `chainmail serve --config`. What
// it leaves out has the default of Config.
type ConfigFile struct {
	// APIVersion is chainmail/v1. Required.
	APIVersion string `yaml:"apiVersion"`
	// Kind is Platform. Required.
	Kind string `yaml:"kind"`
	// MQTT, REST and Management say where the platform listens.
	MQTT       ConfigDoor `yaml:"mqtt"`
	REST       ConfigDoor `yaml:"rest"`
	Management ConfigDoor `yaml:"management"`
	// Limits are those of Config.
	Limits Limits `yaml:"limits"`
	// Data is that of Config; the path is relative to the configuration file.
	Data string `yaml:"data"`
	// The others are those of Config.
	ServerNames    []string       `yaml:"serverNames"`
	MaxChainLength int            `yaml:"maxChainLength"`
	AnchorOptional bool           `yaml:"anchorOptional"`
	LateRefusal    bool           `yaml:"lateRefusal"`
	TokenAlgorithm string         `yaml:"tokenAlgorithm"`
	Deviations     []string       `yaml:"deviations"`
	Tenants        []ConfigTenant `yaml:"tenants"`
}

// A ConfigDoor is one listener.
type ConfigDoor struct {
	// Address is host:port.
	Address string `yaml:"address"`
}

// A ConfigTenant is a tenant in a configuration file.
type ConfigTenant struct {
	ID      string            `yaml:"id"`
	Users   []ConfigUser      `yaml:"users"`
	Options []registry.Option `yaml:"options"`
}

// A ConfigUser is a person in a configuration file.
type ConfigUser struct {
	User string `yaml:"user"`
	// Password is env:NAME or file:PATH, never the password itself. The path is
	// relative to the configuration file; a line end at the end of the file does not count.
	Password string   `yaml:"password"`
	Roles    []string `yaml:"roles"`
}

// A ConfigError is one thing that is wrong with a configuration file.
type ConfigError struct {
	File string
	Line int // 0: the file as a whole
	Err  error
}

// Error writes file:line: and what is wrong.
func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *ConfigError) Unwrap() error { return e.Err }

// ReadConfig reads a configuration file. Unknown keys, keys that stand twice and values of a
// wrong type are errors; the error joins a *ConfigError for each fault.
func ReadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return ParseConfig(path, data)
}

// ParseConfig reads the text of a configuration file; the path is that of errors and what the
// paths of passwords are relative to.
func ParseConfig(path string, data []byte) (Config, error) {
	var file ConfigFile
	if faults := load(path, data, &file); len(faults) > 0 {
		return Config{}, errors.Join(faults...)
	}
	return file.config(path)
}

// load reads strict YAML. It does so twice: where a key stands twice, the library looks
// no further into that part of the file, and all faults are wanted at once.
func load(path string, data []byte, into *ConfigFile) []error {
	var faults []*ConfigError
	for _, unique := range []bool{true, false} {
		var discarded ConfigFile
		err := yaml.Load(data, &discarded, yaml.WithV4Defaults(), yaml.WithKnownFields(), yaml.WithUniqueKeys(unique))
		if err == nil {
			*into = discarded
			continue
		}
		faults = append(faults, yamlFaults(path, err)...)
	}
	slices.SortStableFunc(faults, func(a, b *ConfigError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Err.Error(), b.Err.Error()))
	})
	faults = slices.CompactFunc(faults, func(a, b *ConfigError) bool { return a.Error() == b.Error() })
	errs := make([]error, len(faults))
	for i, f := range faults {
		errs[i] = f
	}
	return errs
}

// yamlFaults takes apart what the YAML library found.
func yamlFaults(path string, err error) []*ConfigError {
	var all []*ConfigError
	if many, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		for _, e := range many.Errors {
			all = append(all, &ConfigError{path, e.Mark.Line, errors.New(e.Message)})
		}
		return all
	}
	if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		return []*ConfigError{{path, one.Mark.Line, errors.New(one.Message)}}
	}
	return []*ConfigError{{path, 0, err}}
}

// config makes a Config of what was read.
func (f ConfigFile) config(path string) (Config, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, &ConfigError{path, 0, fmt.Errorf(format, args...)})
	}
	if f.APIVersion != configVersion || f.Kind != configKind {
		fault("apiVersion must be %s and kind %s", configVersion, configKind)
	}
	c := Config{
		MQTTAddress: f.MQTT.Address, RESTAddress: f.REST.Address, ManagementAddress: f.Management.Address,
		ServerNames: f.ServerNames, MaxChainLength: f.MaxChainLength, AnchorOptional: f.AnchorOptional,
		LateRefusal: f.LateRefusal, TokenAlgorithm: f.TokenAlgorithm, Deviations: f.Deviations, Limits: f.Limits,
	}
	if c.Data = f.Data; c.Data != "" && !filepath.IsAbs(c.Data) {
		c.Data = filepath.Join(filepath.Dir(path), c.Data)
	}
	for _, t := range f.Tenants {
		tenant := registry.TenantConfig{ID: t.ID, Options: t.Options}
		for _, u := range t.Users {
			password, err := secret(filepath.Dir(path), u.Password)
			if err != nil {
				fault("password of user %q of tenant %q: %w", u.User, t.ID, err)
			}
			tenant.Users = append(tenant.Users, registry.UserConfig{Name: u.User, Password: password, Roles: u.Roles})
		}
		c.Tenants = append(c.Tenants, tenant)
	}
	return c, errors.Join(faults...)
}

// secret reads what env:NAME or file:PATH stands for.
func secret(dir, reference string) (string, error) {
	scheme, name, _ := strings.Cut(reference, ":")
	switch scheme {
	case "env":
		value := os.Getenv(name)
		if value == "" {
			return "", fmt.Errorf("the environment has no %s", name)
		}
		return value, nil
	case "file":
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		return strings.TrimRight(string(data), "\r\n"), nil
	default:
		return "", errors.New("must be env:NAME or file:PATH")
	}
}
