package target

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/suites/strictyaml"
)

// APIVersion is the version of every file format of chainmail.
const APIVersion = "chainmail/v1"

// File is a target file as it is written: strict YAML, every key optional unless
// its comment says otherwise. Paths are relative to the file.
type File struct {
	APIVersion     string          `yaml:"apiVersion"` // required: chainmail/v1
	Kind           string          `yaml:"kind"`       // required: Target
	Implementation Implementation  `yaml:"implementation"`
	MQTT           FileMQTT        `yaml:"mqtt"` // required
	REST           *FileREST       `yaml:"rest,omitempty"`
	Management     *FileManagement `yaml:"management,omitempty"`
	Page           *FilePage       `yaml:"page,omitempty"`
	Driver         string          `yaml:"driver"`           // cumulocity (default where there is rest), static or exec
	Static         *StaticFile     `yaml:"static,omitempty"` // required with driver static
	Exec           *ExecFile       `yaml:"exec,omitempty"`   // required with driver exec
	Capabilities   []Capability    `yaml:"capabilities,flow,omitempty"`
	Policy         Policy          `yaml:"policy,omitempty"`
	Timing         FileTiming      `yaml:"timing,omitempty"`
	Safety         Safety          `yaml:"safety,omitempty"`
}

// FileManagement is the section management of a target file.
type FileManagement struct {
	BaseURL string `yaml:"baseURL"` // required; http on loopback, or https
}

// FileMQTT is the section mqtt of a target file.
type FileMQTT struct {
	Address    string `yaml:"address"`              // required: host:port
	ServerName string `yaml:"serverName,omitempty"` // default: the host of address
	CAFile     string `yaml:"caFile,omitempty"`     // PEM; default: the system's roots
	TLS        struct {
		Min string `yaml:"min,omitempty"` // "1.2" (default) or "1.3"
		Max string `yaml:"max,omitempty"` // "1.3" (default) or "1.2"
	} `yaml:"tls,omitempty"`
}

// FileREST is the section rest of a target file.
type FileREST struct {
	BaseURL string       `yaml:"baseURL"`          // required: https://host:port
	CAFile  string       `yaml:"caFile,omitempty"` // PEM; default: that of mqtt
	Tenants []FileTenant `yaml:"tenants"`          // at least one
}

// FileTenant is a tenant that the tests may use.
type FileTenant struct {
	ID    string     `yaml:"id"`    // required
	Users []FileUser `yaml:"users"` // at least one with a role that manages trust anchors
}

// FileUser is a user of a tenant. Password is env:NAME or file:PATH.
type FileUser struct {
	User     string   `yaml:"user"`     // required
	Password string   `yaml:"password"` // required
	Roles    []string `yaml:"roles,flow,omitempty"`
}

// FileTiming is the section timing of a target file; see [Timing].
type FileTiming struct {
	Connect     time.Duration `yaml:"connect"`
	Response    time.Duration `yaml:"response"`
	Convergence time.Duration `yaml:"convergence"`
	Pause       time.Duration `yaml:"pause,omitempty"`
	Backoff     FileBackoff   `yaml:"backoff,omitempty"`
}

// FileBackoff is the section timing.backoff of a target file; see [Backoff].
type FileBackoff struct {
	Tries int           `yaml:"tries,omitempty"`
	First time.Duration `yaml:"first,omitempty"`
	Most  time.Duration `yaml:"most,omitempty"`
}

// Load reads a target file. What is wrong with the file comes back as
// [strictyaml.Problems], each with its line; nothing was sent to the target.
func Load(path string) (*Target, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read target file: %w", err)
	}
	var f File
	source, err := strictyaml.Read(path, data, &f)
	if err != nil {
		return nil, err
	}
	l := loader{source: source, dir: filepath.Dir(path), f: f}
	t := l.target(path)
	if err := source.Err(); err != nil {
		return nil, err
	}
	return t, nil
}

// A loader turns a File into a Target and collects what is wrong on the way.
type loader struct {
	source *strictyaml.Source
	dir    string
	f      File
}

// wrong notes a problem at the line of the key that path leads to.
func (l *loader) wrong(hint, text string, path ...any) {
	l.source.Wrong(hint, text, path...)
}

func (l *loader) target(name string) *Target {
	l.header()
	t := &Target{Name: name, Implementation: l.f.Implementation, Policy: l.policy(), Timing: l.timing(), Safety: l.safety()}
	t.MQTT = l.mqtt()
	if l.f.REST != nil {
		t.REST = l.rest(t)
	}
	if l.f.Management != nil {
		if u := l.url(l.f.Management.BaseURL, "management", "baseURL"); u != nil {
			t.Management = NewManagement(u, t.Timing.Response)
		}
	}
	t.Page = l.page(t)
	t.Capabilities = l.capabilities(t)
	t.Driver = l.driver(t)
	return t
}

func (l *loader) header() {
	if l.f.APIVersion != APIVersion {
		l.wrong("", fmt.Sprintf("apiVersion is %q: want %q", l.f.APIVersion, APIVersion), "apiVersion")
	}
	if l.f.Kind != "Target" {
		l.wrong("", fmt.Sprintf("kind is %q: want Target", l.f.Kind), "kind")
	}
}

// backoff reads timing.backoff; without tries there is none.
func (l *loader) backoff(bound func(given, otherwise time.Duration, keys ...any) time.Duration) Backoff {
	b := Backoff{
		Tries: l.f.Timing.Backoff.Tries,
		First: bound(l.f.Timing.Backoff.First, time.Second, "backoff", "first"),
		Most:  bound(l.f.Timing.Backoff.Most, 30*time.Second, "backoff", "most"),
	}
	if b.Tries < 0 {
		l.wrong("", fmt.Sprintf("tries is %d: want 0, for none, or more", b.Tries), "timing", "backoff", "tries")
	}
	if b.Tries == 0 {
		return Backoff{}
	}
	return b
}

func (l *loader) timing() Timing {
	bound := func(given, otherwise time.Duration, keys ...any) time.Duration {
		if given < 0 {
			l.wrong("", fmt.Sprintf("%s is %v: want a duration above zero", keys[len(keys)-1], given), append([]any{"timing"}, keys...)...)
		}
		if given == 0 {
			return otherwise
		}
		return given
	}
	return Timing{
		Pause:       bound(l.f.Timing.Pause, 0, "pause"),
		Backoff:     l.backoff(bound),
		Connect:     bound(l.f.Timing.Connect, 5*time.Second, "connect"),
		Response:    bound(l.f.Timing.Response, 10*time.Second, "response"),
		Convergence: bound(l.f.Timing.Convergence, 5*time.Second, "convergence"),
	}
}

// url reads a base URL; nil where it is none, and the problem is noted.
func (l *loader) url(text string, path ...any) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		l.wrong("", fmt.Sprintf("%q is no URL: want https://host:port", text), path...)
		return nil
	}
	l.address(u.Hostname(), path...)
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u
}

// path returns the absolute form of a path in the file.
func (l *loader) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(l.dir, p)
}
