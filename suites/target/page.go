package target

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Page is the web page where a person manages the trust anchors of the first
// tenant ("Upload via UI").
type Page struct {
	URL       *url.URL
	User      User           // of the first tenant; logs in
	RootCAs   *x509.CertPool // trust store for the page's server; nil: the system's
	Selectors Selectors
}

// FilePage is the section page of a target file.
type FilePage struct {
	URL       string    `yaml:"url"`                 // required: https://host:port/path
	CAFile    string    `yaml:"caFile,omitempty"`    // PEM; default: that of rest
	User      string    `yaml:"user,omitempty"`      // of the first tenant; default: the one who uploads over REST
	Selectors Selectors `yaml:"selectors,omitempty"` // default: those of the reference platform's page
}

// Selectors say by CSS where the page has what a person needs. Of several
// elements that fit one, the first that can be seen is meant. Each has a
// default, which fits the page of the reference platform; those of Tenant, AddOpen,
// Search, RowOpen and RowSave may be [NoSelector] where a page has no such thing.
type Selectors struct {
	// Tenant, User and Password are the text fields of the login form, Login the
	// button that sends it. A page that shows no Password field needs no login.
	Tenant   string `yaml:"tenant,omitempty"`
	User     string `yaml:"user,omitempty"`
	Password string `yaml:"password,omitempty"`
	Login    string `yaml:"login,omitempty"`

	// AddOpen is what must be clicked before a certificate can be added.
	AddOpen string `yaml:"addOpen,omitempty"`
	// Drop is where the PEM file is dropped.
	Drop string `yaml:"drop,omitempty"`
	// Name is the text field for the name of a new certificate.
	Name string `yaml:"name,omitempty"`
	// AutoRegistration and Status are the controls of a new certificate: a check
	// box, a switch, a toggle button, or a list to choose from.
	AutoRegistration string `yaml:"autoRegistration,omitempty"`
	Status           string `yaml:"status,omitempty"`
	// Add is the button that adds the new certificate.
	Add string `yaml:"add,omitempty"`

	// Search is a text field that narrows the list down to a name.
	Search string `yaml:"search,omitempty"`
	// Row is the entry of one certificate in the list; it shows the name. What
	// follows is looked for in it.
	Row string `yaml:"row,omitempty"`
	// RowOpen is what must be clicked before the entry's controls can be seen.
	RowOpen string `yaml:"rowOpen,omitempty"`
	// RowAutoRegistration and RowStatus are the entry's controls.
	RowAutoRegistration string `yaml:"rowAutoRegistration,omitempty"`
	RowStatus           string `yaml:"rowStatus,omitempty"`
	// RowSave is the button that puts a change in force.
	RowSave string `yaml:"rowSave,omitempty"`
}

// NoSelector is the value of a selector for what a page does not have.
const NoSelector = "none"

// DefaultSelectors fit the page of the reference platform.
func DefaultSelectors() Selectors {
	return Selectors{
		Tenant: "#tenant", User: "#user", Password: "#password", Login: "#login",
		AddOpen: NoSelector, Drop: "#drop", Name: "#name", AutoRegistration: "#auto-registration", Status: "#status", Add: "#add",
		Search: "#search", Row: "#certificates > li", RowOpen: NoSelector,
		RowAutoRegistration: ".auto-registration", RowStatus: ".status", RowSave: NoSelector,
	}
}

// withDefaults fills in what is not given.
func (s Selectors) withDefaults() Selectors {
	given, otherwise := reflect.ValueOf(&s).Elem(), reflect.ValueOf(DefaultSelectors())
	for i := range given.NumField() {
		if given.Field(i).String() == "" {
			given.Field(i).SetString(otherwise.Field(i).String())
		}
	}
	return s
}

// required names the selectors that say that the page lacks what no page may
// lack, by their keys in the file.
func (s Selectors) required() []string {
	var missing []string
	optional := []string{"Tenant", "AddOpen", "Search", "RowOpen", "RowSave"}
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if v.Field(i).String() == NoSelector && !slices.Contains(optional, field.Name) {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			missing = append(missing, key)
		}
	}
	return missing
}

// page reads the section page; nil where there is none, or it is wrong.
func (l *loader) page(t *Target) *Page {
	if l.f.Page == nil {
		return nil
	}
	if t.REST == nil || len(t.REST.Tenants) == 0 {
		l.wrong("", "page needs the section rest: its user logs in there", "page")
		return nil
	}
	tenant := t.REST.Tenants[0]
	user, ok := tenant.Admin()
	if l.f.Page.User != "" {
		i := slices.IndexFunc(tenant.Users, func(u User) bool { return u.Name == l.f.Page.User })
		if ok = i >= 0; ok {
			user = tenant.Users[i]
		}
	}
	if !ok {
		l.wrong("", fmt.Sprintf("page.user is %q: want a user of the first tenant", l.f.Page.User), "page", "user")
	}
	selectors := l.f.Page.Selectors.withDefaults()
	for _, key := range selectors.required() {
		l.wrong("", fmt.Sprintf("page.selectors.%s is none: no page can do without", key), "page", "selectors", key)
	}
	u := l.url(l.f.Page.URL, "page", "url")
	if u == nil {
		return nil
	}
	caFile := t.REST.CAFile
	if l.f.Page.CAFile != "" {
		caFile = l.path(l.f.Page.CAFile)
	}
	return &Page{URL: u, User: user, RootCAs: l.pool(caFile, "page", "caFile"), Selectors: selectors}
}
