package reports

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Line tells e in one line: where the attempt ended, by which alert or code,
// who closed and how, what was presented, what it brought about, and what of that
// could not be observed.
func (e Evidence) Line() string {
	where := e.Layer
	if where == "" {
		where = "not attributed"
	}
	if seen := e.seen(); len(seen) > 0 {
		where += ": " + strings.Join(seen, ", ")
	}
	parts := []string{where}
	if tls := e.presented(); tls != "" {
		parts = append(parts, tls)
	}
	parts = append(parts, e.SideEffects.words()...)
	if e.Bystander != "" && e.Bystander != BystanderNotObserved {
		parts = append(parts, "bystander "+e.Bystander)
	}
	if hidden := e.hidden(); len(hidden) > 0 {
		parts = append(parts, "not observed: "+strings.Join(hidden, ", "))
	}
	return oneLine(strings.Join(parts, "; "))
}

// seen lists what ended the attempt. The detail stands in where there is
// neither alert nor code to name.
func (e Evidence) seen() []string {
	var list []string
	if e.TimedOut {
		list = append(list, "timed out")
	}
	if e.Alert != nil {
		list = append(list, e.Alert.String())
	}
	if e.ReturnCode != nil {
		list = append(list, fmt.Sprintf("return code %d", *e.ReturnCode))
	}
	if e.RESTStatus != nil {
		list = append(list, fmt.Sprintf("status %d", *e.RESTStatus))
	}
	if e.Alert == nil && e.ReturnCode == nil && e.RESTStatus == nil && e.Detail != "" {
		list = append(list, e.Detail)
	}
	if closed := e.closed(); closed != "" {
		list = append(list, closed)
	}
	return list
}

func (e Evidence) closed() string {
	switch {
	case e.ClosedBy != "" && e.Close != "":
		return fmt.Sprintf("closed by %s with %s", e.ClosedBy, strings.ToUpper(e.Close))
	case e.ClosedBy != "":
		return "closed by " + e.ClosedBy
	case e.Close != "":
		return "closed with " + strings.ToUpper(e.Close)
	default:
		return ""
	}
}

// presented tells the TLS version and what became of the certificate, for an
// attempt that came that far.
func (e Evidence) presented() string {
	var list []string
	if e.TLSVersion != "" {
		list = append(list, "TLS "+e.TLSVersion)
	}
	switch {
	case e.CertificateSent:
		list = append(list, "certificate sent")
	case e.CertificateRequested:
		list = append(list, "no certificate sent")
	case e.TLSVersion != "":
		list = append(list, "no certificate requested")
	}
	return strings.Join(list, ", ")
}

// hidden lists what the platform did not let be observed.
func (e Evidence) hidden() []string {
	var list []string
	if s := e.SideEffects; s != nil && s.DeviceUser == NotObserved {
		list = append(list, "device user")
	}
	if s := e.SideEffects; s != nil && s.Device == NotObserved {
		list = append(list, "device")
	}
	if e.Bystander == BystanderNotObserved {
		list = append(list, "bystander")
	}
	return list
}

// words lists the effects that were observed.
func (s *SideEffects) words() []string {
	switch {
	case s == nil:
		return nil
	case s.DeviceUser == NotCreated && s.Device == NotCreated:
		return []string{"nothing created"}
	}
	var list []string
	add := func(what string, e Effect) {
		switch e {
		case Created:
			list = append(list, what+" created")
		case NotCreated:
			list = append(list, "no "+what+" created")
		}
	}
	add("device user", s.DeviceUser)
	add("device", s.Device)
	return list
}

// String returns the alert as in "alert certificate_expired (45)"; an alert
// without a name has its code alone.
func (a Alert) String() string {
	s := fmt.Sprintf("alert %d", a.Code)
	if a.Name != "" {
		s = fmt.Sprintf("alert %s (%d)", a.Name, a.Code)
	}
	if a.Level != "" && a.Level != "fatal" {
		s += ", " + a.Level
	}
	return s
}

// oneLine folds white space to single blanks and replaces what a terminal
// would obey. Much of a report was said by the platform under test, which must
// not be able to paint over its own verdict.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// family is one group of specs in a report.
type family struct {
	name    string
	results []Result
	missing []string // Selected ids without a result.
}

// families groups what r owes and has, in the order of its first appearance.
func (r Report) families() []family {
	var list []family
	of := func(name string) *family {
		i := slices.IndexFunc(list, func(f family) bool { return f.name == name })
		if i < 0 {
			i = len(list)
			list = append(list, family{name: name})
		}
		return &list[i]
	}
	results := make(map[string][]Result, len(r.Specs))
	for _, s := range r.Specs {
		results[s.ID] = append(results[s.ID], s)
	}
	done := make(map[string]bool, len(r.Selected))
	for _, id := range r.Selected {
		if done[id] {
			continue
		}
		done[id] = true
		if len(results[id]) == 0 {
			name, _, _ := strings.Cut(id, "/")
			f := of(name)
			f.missing = append(f.missing, id)
		}
		for _, s := range results[id] {
			f := of(s.Family)
			f.results = append(f.results, s)
		}
	}
	for _, s := range r.Specs {
		if !done[s.ID] {
			f := of(s.Family)
			f.results = append(f.results, s)
		}
	}
	return list
}
