package web

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A setting is what a person sets of a trust anchor.
type setting struct{ enabled, autoRegistration bool }

// String is how reports show a setting.
func (s setting) String() string {
	words := map[bool]string{true: "on", false: "off"}
	status := map[bool]string{true: "ENABLED", false: "DISABLED"}
	return status[s.enabled] + " with auto-registration " + words[s.autoRegistration]
}

// overREST returns what the REST interface shows of a trust anchor, once it is
// what is wanted or the time for that is over. The last answer is evidence.
func overREST(ctx context.Context, e *suites.Env, a certfactory.Anchor, wanted setting) setting {
	t := e.Tenant(a.Tenant)
	request := e.AsAdmin(a.Tenant, target.Request{Method: http.MethodGet, Path: target.AnchorPath(t.ID, a.DER)})
	bounded, cancel := context.WithTimeout(ctx, e.Target.Timing.Response)
	defer cancel()
	for bounded.Err() == nil {
		response, err := e.Target.REST.Do(bounded, request)
		if err == nil && response.Status == http.StatusOK && read(response) == wanted {
			break
		}
		e.Wait(bounded, poll)
	}
	response := e.AskAdmin(ctx, reports.RoleHTTP, request.Method, request.Path, nil)
	Expect(response).To(expect.Answer(http.StatusOK))
	return read(response)
}

// nameOverREST returns what the REST interface calls a trust anchor.
func nameOverREST(ctx context.Context, e *suites.Env, a certfactory.Anchor) string {
	response := e.AskAdmin(ctx, reports.RoleHTTP, http.MethodGet, target.AnchorPath(e.Tenant(a.Tenant).ID, a.DER), nil)
	Expect(response).To(expect.Answer(http.StatusOK))
	var anchor struct {
		Name string `json:"name"`
	}
	Expect(response.JSON(&anchor) == nil).To(expect.Find(true, "a trust anchor in the answer"))
	return anchor.Name
}

// poll is how often is looked again for what takes a moment.
const poll = 20 * time.Millisecond

// read takes an answer that is no trust anchor for one that is off altogether.
func read(r target.Response) setting {
	var anchor struct {
		Status           string `json:"status"`
		AutoRegistration bool   `json:"autoRegistrationEnabled"`
	}
	if r.JSON(&anchor) != nil {
		return setting{}
	}
	return setting{enabled: anchor.Status == "ENABLED", autoRegistration: anchor.AutoRegistration}
}
