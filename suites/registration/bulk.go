package registration

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// bulkNeeds is what the specs about bulk registration need.
func bulkNeeds() []target.Capability {
	return []target.Capability{target.TrustedCertificates, target.BulkRegistration, target.DeviceUsers}
}

// bulkSpecs are the specs about bulk registration. %s in a file stands for the
// device's name.
func bulkSpecs() []suites.Spec {
	return []suites.Spec{
		bulkAdmits("autoreg-off-bulk-device", "DC-REG-04", "a device is registered by a CSV file with AUTH_TYPE CERTIFICATES and without CREDENTIALS",
			"ID;AUTH_TYPE\n", ";CERTIFICATES\n"),
		bulkAdmits("bulk-credentials-empty", "DC-REG-06", "a device is registered by a CSV file whose column CREDENTIALS is empty",
			"ID;AUTH_TYPE;CREDENTIALS\n", ";CERTIFICATES;\n"),
		bulkFails("bulk-certificates-with-credentials", "DC-REG-06", clause.Must, "a CSV file has AUTH_TYPE CERTIFICATES and a value in CREDENTIALS",
			"ID;AUTH_TYPE;CREDENTIALS\n", ";CERTIFICATES;s3cret-of-a-test\n"),
		bulkFails("bulk-auth-type-absent", "DC-REG-05", clause.Should, "a CSV file has neither AUTH_TYPE nor CREDENTIALS",
			"ID;TYPE\n", ";c8y_Device\n"),
		bulkFails("bulk-auth-type-unknown", "DC-REG-05", clause.Should, "a CSV file has AUTH_TYPE FOO",
			"ID;AUTH_TYPE\n", ";FOO\n"),
		bulkBasic(), bulkBadRow(),
	}
}

// bulkAdmits is the spec that a registered device is admitted though
// auto-registration is off.
func bulkAdmits(slug, id, title, header, rest string) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "its user is made and the device admitted",
		Clauses: []string{id, "DC-REG-04", "DC-REG-05"}, Level: clause.Must, Needs: bulkNeeds(),
		Run: func(ctx context.Context, e *suites.Env) {
			p := strangerTo(ctx, e)
			outcome := register(ctx, e, header+p.ClientID+rest)
			e.Registered(p.ClientID)
			Expect(outcome).To(expect.Be(bulkOutcome{All: 1, Successful: 1}, "what became of the rows"))
			Expect(userExists(ctx, e, p.ClientID)).To(expect.Find(true, "the device user"))
			e.Admit(ctx, p)
		},
	}
}

// bulkFails is the spec that a row fails and registers nobody. A good row is
// registered before.
func bulkFails(slug, id string, level clause.Level, title, header, rest string) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "the row fails and no user is made",
		Clauses: []string{id}, Level: level, Needs: bulkNeeds(),
		Run: func(ctx context.Context, e *suites.Env) {
			good := e.Bench("good").CommonName("dev")
			e.Registered(good)
			if outcome := register(ctx, e, "ID;AUTH_TYPE\n"+good+";CERTIFICATES\n"); outcome.Successful != 1 {
				e.Inconclusive("a good row was not registered: %+v", outcome)
			}
			p := strangerTo(ctx, e)
			e.Registered(p.ClientID)
			outcome := register(ctx, e, header+p.ClientID+rest)
			e.Observe("%+v", outcome)
			Expect(outcome).To(expect.Be(bulkOutcome{All: 1, Failed: 1}, "what became of the rows"))
			Expect(userExists(ctx, e, p.ClientID)).To(expect.Find(false, "the device user"))
		},
	}
}

// bulkBasic is the spec that a device registered with a password does not get in
// by its certificate.
func bulkBasic() suites.Spec {
	return suites.Spec{
		ID: family + "/bulk-basic-auth-device", Title: "a device registered with AUTH_TYPE BASIC connects by certificate", Expected: "the device is refused",
		Clauses: []string{"DC-REG-05"}, Level: clause.Should, Needs: bulkNeeds(),
		Run: func(ctx context.Context, e *suites.Env) {
			p := strangerTo(ctx, e)
			e.Registered(p.ClientID)
			if outcome := register(ctx, e, "ID;AUTH_TYPE;CREDENTIALS\n"+p.ClientID+";BASIC;s3cret-of-a-test\n"); outcome.Successful != 1 {
				e.Inconclusive("a row with AUTH_TYPE BASIC was not registered: %+v", outcome)
			}
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			Expect(e.Try(ctx, reports.RoleCase, p)).To(expect.BeRefused())
			e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
		},
	}
}

// bulkBadRow is the spec that a row which fails takes none of the others with it.
func bulkBadRow() suites.Spec {
	return suites.Spec{
		ID: family + "/bulk-bad-row-beside-good", Title: "a CSV file has a row with AUTH_TYPE CERTIFICATES and CREDENTIALS, and a good one after it", Expected: "the good row is registered",
		Clauses: []string{"DC-REG-06", "DC-REG-04"}, Level: clause.Should, Needs: bulkNeeds(),
		Run: func(ctx context.Context, e *suites.Env) {
			good, bad := e.Bench("good").CommonName("dev"), e.Bench("bad").CommonName("dev")
			e.Registered(good)
			e.Registered(bad)
			response := sendCSV(ctx, e, "ID;AUTH_TYPE;CREDENTIALS\n"+bad+";CERTIFICATES;s3cret-of-a-test\n"+good+";CERTIFICATES;\n")
			Expect(response).To(expect.Answer(http.StatusCreated))
			Expect(userExists(ctx, e, good)).To(expect.Find(true, "the device user of the good row"))
		},
	}
}

// strangerTo builds a good device under a trust anchor without auto-registration.
func strangerTo(ctx context.Context, e *suites.Env) certfactory.Presentation {
	root, anchor := e.OwnAnchor("anchor")
	anchor.AutoRegistration = false
	e.Trust(ctx, anchor)
	return e.DeviceOf(root, "case")
}

// bulkOutcome is what the platform says of the rows of a CSV file.
type bulkOutcome struct {
	All        int `json:"numberOfAll"`
	Failed     int `json:"numberOfFailed"`
	Successful int `json:"numberOfSuccessful"`
}

// register uploads a CSV file for bulk registration; the spec is inconclusive
// where that is not answered by what became of its rows.
func register(ctx context.Context, e *suites.Env, csv string) bulkOutcome {
	response := sendCSV(ctx, e, csv)
	var outcome bulkOutcome
	if response.Status != http.StatusCreated || response.JSON(&outcome) != nil {
		e.Inconclusive("bulk registration answered %d", response.Status)
	}
	return outcome
}

func sendCSV(ctx context.Context, e *suites.Env, csv string) target.Response {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "devices.csv")
	if err != nil {
		e.Fault(err)
	}
	_, _ = part.Write([]byte(csv)) // into memory
	_ = form.Close()
	return e.Ask(ctx, reports.RoleHTTP, e.AsAdmin(0, target.Request{
		Method: http.MethodPost, Path: "/devicecontrol/bulkNewDeviceRequests",
		Body: body.Bytes(), Type: form.FormDataContentType(),
	}))
}
