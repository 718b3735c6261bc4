package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// trusted is what the platform shows of a trust anchor, as far as the
// specification names it.
type trusted struct {
	Name             string `json:"name"`
	Status           string `json:"status"`
	AutoRegistration bool   `json:"autoRegistrationEnabled"`
	Fingerprint      string `json:"fingerprint"`
}

// several is more trust anchors than a careless list shows at once.
const several = 7

// readBack is the spec that uploads can be read and are all listed.
func readBack() suites.Spec {
	return suites.Spec{
		ID: family + "/anchor-read-back", Title: "one of several uploaded trust anchors is read, and all are listed", Expected: "name, status and auto-registration are those of the upload",
		Clauses: []string{"DC-REST-06"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			var all []trusted
			var last certfactory.Anchor
			for i := range several {
				last = uploaded(ctx, e, fmt.Sprintf("case-%d", i))
				all = append(all, trusted{Name: last.Name, Status: "ENABLED", AutoRegistration: true, Fingerprint: certfactory.Fingerprint(last.DER)})
			}
			Expect(decode(e, read(ctx, e, last))).To(expect.Be(all[several-1], "the trust anchor"))
			list := listed(ctx, e)
			for _, want := range all {
				Expect(list).To(expect.Hold(want, "the list of trust anchors"))
			}
		},
	}
}

// changeBack is the spec that name, status and auto-registration can be changed.
func changeBack() suites.Spec {
	return suites.Spec{
		ID: family + "/anchor-change", Title: "name, status and auto-registration of a trust anchor are changed", Expected: "200 OK, and what is read is what was written",
		Clauses: []string{"DC-REST-06"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			anchor := uploaded(ctx, e, "case")
			path := target.AnchorPath(e.Tenant(0).ID, anchor.DER)
			want := trusted{Name: anchor.Name + " renamed", Status: "DISABLED", Fingerprint: certfactory.Fingerprint(anchor.DER)}
			response := e.AskAdmin(ctx, reports.RoleCase, http.MethodPut, path, map[string]any{
				"name": want.Name, "status": want.Status, "autoRegistrationEnabled": want.AutoRegistration,
			})
			Expect(response).To(expect.Answer(http.StatusOK))
			Expect(decode(e, read(ctx, e, anchor))).To(expect.Be(want, "the trust anchor"))
		},
	}
}

// duplicateChangesNothing is the spec that an upload which is refused changes
// nothing about the trust anchor that is there.
func duplicateChangesNothing() suites.Spec {
	return suites.Spec{
		ID: family + "/upload-duplicate-changes-nothing", Title: "a trust anchor is disabled; its certificate is uploaded again, ENABLED and under another name",
		Expected: "where the upload is refused, name and status are as before",
		Clauses:  []string{"DC-REST-01", "DC-TRUST-07"}, Level: clause.Should, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			anchor := uploaded(ctx, e, "case")
			e.ChangeAnchor(ctx, anchor, target.AnchorChange{Enabled: new(false)})
			before := decode(e, read(ctx, e, anchor))
			again := anchor
			again.Name += " again"
			response := e.Upload(ctx, again, target.NewUpload(again))
			if response.Status/100 == 2 {
				e.Observe("%d: the upload was taken for a change", response.Status)
				return
			}
			Expect(response).To(expect.AnswerClientError())
			Expect(decode(e, read(ctx, e, anchor))).To(expect.Be(before, "the trust anchor"))
		},
	}
}

// decode reads one trust anchor; the platform answers for its form.
func decode(e *suites.Env, r target.Response) trusted {
	var t trusted
	Expect(r).To(expect.Answer(http.StatusOK))
	Expect(json.Unmarshal(r.Body, &t) == nil).To(expect.Find(true, "a trusted certificate in the answer"))
	e.Observe("%s, %s, auto-registration %t", t.Name, t.Status, t.AutoRegistration)
	return t
}

// pageSize is how many trust anchors are asked for at once.
const pageSize = 100

// listed reads the whole list of the first tenant's trust anchors, page by page.
func listed(ctx context.Context, e *suites.Env) []trusted {
	var all []trusted
	for page := 1; ; page++ {
		path := target.AnchorsPath(e.Tenant(0).ID) + "?pageSize=" + strconv.Itoa(pageSize) + "&currentPage=" + strconv.Itoa(page)
		response := e.AskAdmin(ctx, reports.RoleHTTP, http.MethodGet, path, nil)
		Expect(response).To(expect.Answer(http.StatusOK))
		var list struct {
			Certificates []trusted `json:"certificates"`
		}
		Expect(json.Unmarshal(response.Body, &list) == nil).To(expect.Find(true, "a list of trusted certificates in the answer"))
		fresh := slices.DeleteFunc(list.Certificates, func(t trusted) bool { return slices.Contains(all, t) })
		if len(fresh) == 0 {
			return all
		}
		all = append(all, fresh...)
	}
}
