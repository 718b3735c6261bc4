package main

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"strings"
	"unicode"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// evidencePage is what commands.sh is made of.
type evidencePage struct {
	Result                 reports.Result
	Host, Port, ServerName string
	REST                   string
	Users                  []evidenceUser
	MaxLength              int
	Anchors                []evidenceAnchor
	Attempts               []evidenceAttempt
	Made                   []evidenceMade // what else may have come to be
}

// An evidenceUser is a variable of the shell that names a user for curl.
type evidenceUser struct{ Var, Login string }

type evidenceAnchor struct {
	File        string // without its ending
	Var         string // of the user who uploads; "" where that is not done over REST
	Path        string
	Fingerprint string
	Tenant      int // from 1
}

// evidenceMade is what a DELETE takes away.
type evidenceMade struct{ Var, Path string }

type evidenceAttempt struct {
	suites.Exhibit
	Folder             string
	Var, Type          string // of a request
	Bearer, Body       bool
	Programs, Connect  bool // of a device
	Why                string
	Word               string // Client Identifier for a shell, "" if none can be given it
	OpenSSL, Mosquitto string // arguments
}

// page collects what the commands need.
func (w *evidenceWriter) page(r reports.Result, x suites.Exhibits) evidencePage {
	p := evidencePage{Result: r, MaxLength: x.MaxLength, ServerName: w.target.MQTT.ServerName}
	p.Host, p.Port, _ = net.SplitHostPort(w.target.MQTT.Address)
	if w.target.REST != nil {
		p.REST = w.target.REST.BaseURL.String()
	}
	_, overREST := w.target.Driver.(*target.Cumulocity)
	for i, a := range x.Anchors {
		anchor := evidenceAnchor{File: fmt.Sprintf("anchors/%d", i+1), Fingerprint: certfactory.Fingerprint(a.DER), Tenant: a.Tenant + 1}
		if overREST {
			tenant := w.target.REST.Tenants[a.Tenant]
			admin, _ := tenant.Admin() // the loader of target files sees to it that there is one
			anchor.Var, anchor.Path = p.user(tenant.ID, admin.Name), target.AnchorsPath(tenant.ID)
		}
		p.Anchors = append(p.Anchors, anchor)
	}
	for i, a := range x.Attempts {
		attempt := evidenceAttempt{Exhibit: a, Folder: fmt.Sprintf("%d-%s", i+1, a.Role)}
		attempt.Seen = plainLine(attempt.Seen)
		if q := a.Request; q != nil && q.User.Name != "" {
			attempt.Var = p.user(q.Tenant, q.User.Name)
		}
		p.Attempts = append(p.Attempts, attempt)
		if made := madeBy(w.target, a); made != "" && overREST {
			tenant := w.target.REST.Tenants[0]
			admin, _ := tenant.Admin() // as above
			p.Made = append(p.Made, evidenceMade{p.user(tenant.ID, admin.Name), made})
		}
	}
	return p
}

// madeBy is the path of what an attempt may have brought about in the first
// tenant: a device its user, an upload its trust anchor.
func madeBy(t *target.Target, a suites.Exhibit) string {
	tenant := ""
	if t.REST != nil {
		tenant = t.REST.Tenants[0].ID
	}
	switch {
	case a.Device != nil && t.Has(target.DeviceUsers):
		return target.UserPath(tenant, target.DeviceUser(a.Device.ClientID))
	case a.Request != nil && a.Request.Method == http.MethodPost && a.Request.Path == target.AnchorsPath(tenant):
		var upload struct {
			PEM string `json:"certInPemFormat"`
		}
		content, _ := a.Request.Content() // what cannot be encoded was not sent
		if json.Unmarshal(content, &upload) != nil {
			return ""
		}
		if block, _ := pem.Decode([]byte(upload.PEM)); block != nil {
			return target.AnchorPath(tenant, block.Bytes)
		}
	}
	return ""
}

// user names the variable of a user, and has it declared once.
func (p *evidencePage) user(tenant, name string) string {
	variable := strings.Map(func(r rune) rune {
		if isAlphanumeric(r) {
			return unicode.ToUpper(r)
		}
		return '_'
	}, "USER_"+tenant+"_"+name)
	for _, u := range p.Users {
		if u.Var == variable {
			return variable
		}
	}
	p.Users = append(p.Users, evidenceUser{variable, tenant + "/" + name})
	return variable
}

// attemptFiles are what an attempt sent; what commands need to know of it is noted.
func attemptFiles(a *evidenceAttempt, x suites.Exhibit) ([]output, error) {
	if x.Request != nil {
		return requestFiles(a, *x.Request)
	}
	d := x.Device
	v := cases.Vector{ClientID: d.ClientID, Chain: d.Chain}
	if d.Key != nil {
		key, err := certfactory.MarshalPKCS8(d.Key)
		if err == nil {
			v.Key = key
		}
	}
	var files []output
	if len(d.Chain) > 0 {
		files = pemFiles(&v, a.Folder)
	}
	if packet := connectPacket(d.ClientID); packet != nil {
		a.Connect = true
		files = append(files, output{a.Folder + "/connect.bin", packet, 0o644})
	}
	a.Word = shellWord(d.ClientID)
	switch {
	case len(d.Chain) == 0:
		a.Programs = true
	case !allCertificates(d.Chain):
		a.Why = "not every entry is a certificate"
	case !keyFits(v):
		a.Why = "the key is not that of the certificate, or programs do not load it"
	default:
		a.Programs = true
		a.OpenSSL = fmt.Sprintf(" -cert %[1]s/chain.pem -key %[1]s/key.pem", a.Folder)
		a.Mosquitto = fmt.Sprintf(" --cert %[1]s/chain.pem --key %[1]s/key.pem", a.Folder)
		if len(d.Chain) > 1 {
			a.OpenSSL += fmt.Sprintf(" -cert_chain %s/issuers.pem", a.Folder)
		}
	}
	if d.MinVersion == d.MaxVersion {
		a.OpenSSL += map[uint16]string{tls.VersionTLS12: " -tls1_2", tls.VersionTLS13: " -tls1_3"}[d.MinVersion]
		a.Mosquitto += map[uint16]string{tls.VersionTLS12: " --tls-version tlsv1.2", tls.VersionTLS13: " --tls-version tlsv1.3"}[d.MinVersion]
	}
	return files, nil
}

// requestFiles are the body of a request.
func requestFiles(a *evidenceAttempt, r target.Request) ([]output, error) {
	a.Bearer, a.Type = r.Bearer != "", r.Type
	body, err := r.Content()
	if err != nil || r.Body == nil {
		return nil, err
	}
	a.Body = true
	if a.Type == "" {
		a.Type = "application/json"
	}
	return []output{{a.Folder + "/body", body, 0o600}}, nil
}
