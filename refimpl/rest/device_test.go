package rest_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

const bulk = "/devicecontrol/bulkNewDeviceRequests"

// bulk sends a CSV file as the admin of t1, with another part before it as one client does.
func (a *api) bulk(csv string) reply {
	a.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, part := range []struct{ name, text string }{{"object", `{"name":"devices.csv"}`}, {"file", csv}} {
		p, err := w.CreateFormFile(part.name, part.name)
		if err != nil {
			a.t.Fatal(err)
		}
		fmt.Fprint(p, part.text)
	}
	if err := w.Close(); err != nil {
		a.t.Fatal(err)
	}
	r := httptest.NewRequest("POST", bulk, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Accept", "application/json")
	r.SetBasicAuth("t1/admin", "admin@t1")
	return a.send(r)
}

func TestBulkRegistration(t *testing.T) {
	for _, tt := range []struct {
		name, csv               string
		created, updated, fails int
		login                   registry.Login
	}{
		{"certificates", "ID;AUTH_TYPE\none;CERTIFICATES\n", 1, 0, 0, registry.LoginCertificate},
		{"credentials empty", "ID;AUTH_TYPE;CREDENTIALS\none;CERTIFICATES;\n", 1, 0, 0, registry.LoginCertificate},
		{"credentials filled", "ID;AUTH_TYPE;CREDENTIALS\none;CERTIFICATES;pw\n", 0, 0, 1, 0},
		{"comma", "ID,AUTH_TYPE,TYPE\none,CERTIFICATES,t\n", 1, 0, 0, registry.LoginCertificate},
		{"tab, quoted", "\"ID\"\t\"AUTH_TYPE\"\n\"one\"\t\"CERTIFICATES\"\n", 1, 0, 0, registry.LoginCertificate},
		{"byte order mark, CRLF", "\ufeffID;AUTH_TYPE\r\none;CERTIFICATES\r\n", 1, 0, 0, registry.LoginCertificate},
		{"Latin-1", "ID;AUTH_TYPE;NAME\none;CERTIFICATES;Ger\xe4t\n", 1, 0, 0, registry.LoginCertificate},
		{"other order of columns", "TYPE;AUTH_TYPE;ID\nt;CERTIFICATES;one\n", 1, 0, 0, registry.LoginCertificate},
		{"password", "ID;AUTH_TYPE;CREDENTIALS\none;BASIC;pw\n", 1, 0, 0, registry.LoginPassword},
		{"no AUTH_TYPE, password", "ID;CREDENTIALS\none;pw\n", 1, 0, 0, registry.LoginPassword},
		{"no AUTH_TYPE, no password", "ID;TYPE\none;t\n", 0, 0, 1, 0},
		{"unknown AUTH_TYPE", "ID;AUTH_TYPE\none;FOO\n", 0, 0, 1, 0},
		{"lower case AUTH_TYPE", "ID;AUTH_TYPE\none;certificates\n", 0, 0, 1, 0},
		{"no id", "ID;AUTH_TYPE\n;CERTIFICATES\n", 0, 0, 1, 0},
		{"colon", "ID;AUTH_TYPE\na:b;CERTIFICATES\n", 0, 0, 1, 0},
		{"same twice", "ID;AUTH_TYPE\none;CERTIFICATES\none;CERTIFICATES\n", 1, 1, 0, registry.LoginCertificate},
		{"good and bad", "ID;AUTH_TYPE\none;CERTIFICATES\ntwo;FOO\n", 1, 0, 1, registry.LoginCertificate},
		{"header only", "ID;AUTH_TYPE\n", 0, 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAPI(t)
			got := a.bulk(tt.csv)
			want := map[string]any{
				"numberOfAll": float64(tt.created + tt.updated + tt.fails), "numberOfCreated": float64(tt.created),
				"numberOfFailed": float64(tt.fails), "numberOfSuccessful": float64(tt.created + tt.updated),
			}
			for key, value := range want {
				if got.status != 201 || got.body[key] != value {
					t.Fatalf("%d %v, want %s %v", got.status, got.body, key, value)
				}
			}
			if n := len(got.body["failedCreationList"].([]any)); n != tt.fails {
				t.Errorf("%d failures listed", n)
			}
			u, exists := a.registry.User("t1", "device_one")
			if exists != (tt.created > 0) || exists && u.Login != tt.login {
				t.Errorf("user %+v, %v", u, exists)
			}
		})
	}
}

func TestBulkFaults(t *testing.T) {
	a := newAPI(t)
	if got := a.bulk(""); got.status != 422 {
		t.Errorf("empty file: %d %v", got.status, got.body)
	}
	if got := a.call("POST", bulk, "t1/admin", "{}"); got.status != 415 {
		t.Errorf("JSON: %d", got.status)
	}
	if got := a.call("POST", bulk, "t1/viewer", "{}"); got.status != 403 {
		t.Errorf("viewer: %d", got.status)
	}
	got := a.bulk("ID;AUTH_TYPE;CREDENTIALS\none;CERTIFICATES;topsecret\n")
	if strings.Contains(fmt.Sprint(got.body), "topsecret") {
		t.Errorf("the answer shows the credentials: %v", got.body)
	}
}

func TestBulkDevicesAreInTheInventory(t *testing.T) {
	a := newAPI(t)
	a.bulk("ID;AUTH_TYPE;NAME;ICCID;SHELL;com_x.active;PATH;external-imei\none;CERTIFICATES;First;89;1;true;g/h;7\n")
	external := a.call("GET", "/identity/externalIds/c8y_Serial/one", "t1/admin", "")
	if external.status != 200 {
		t.Fatalf("external id: %d %v", external.status, external.body)
	}
	id := external.body["managedObject"].(map[string]any)["id"].(string)
	want := map[string]any{
		"id": id, "name": "First", "type": "c8y_DefaultDevice", "owner": "device_one",
		"self":                    "https://example.com/inventory/managedObjects/" + id,
		"c8y_IsDevice":            map[string]any{},
		"c8y_Mobile":              map[string]any{"iccid": "89"},
		"com_x":                   map[string]any{"active": true},
		"c8y_SupportedOperations": []any{"c8y_Command"},
	}
	if diff := cmp.Diff(want, a.call("GET", "/inventory/managedObjects/"+id, "t1/viewer", "").body); diff != "" {
		t.Error(diff)
	}
	if got := a.call("GET", "/inventory/managedObjects?owner=device_one", "t1/viewer", ""); len(got.body["managedObjects"].([]any)) != 1 {
		t.Errorf("list: %v", got.body)
	}
	if got := a.call("GET", "/inventory/managedObjects/"+id, "t2/viewer", ""); got.status != 404 {
		t.Errorf("other tenant: %d", got.status)
	}
	if got := a.call("DELETE", "/inventory/managedObjects/"+id+"?withDeviceUser=true", "t1/admin", ""); got.status != 204 {
		t.Errorf("delete: %d %v", got.status, got.body)
	}
	if _, exists := a.registry.User("t1", "device_one"); exists {
		t.Error("the user was not deleted along")
	}
	if got := a.call("GET", "/inventory/managedObjects/"+id, "t1/viewer", ""); got.status != 404 {
		t.Errorf("after delete: %d", got.status)
	}
}

func TestSingleRegistrationMakesAPasswordUser(t *testing.T) {
	a := newAPI(t)
	const requests, credentials = "/devicecontrol/newDeviceRequests", "/devicecontrol/deviceCredentials"
	for _, tt := range []struct {
		name, method, path, user, body string
		status                         int
		field                          string
		want                           any
	}{
		{"begin", "POST", requests, "t1/admin", `{"id":"one"}`, 201, "status", "WAITING_FOR_CONNECTION"},
		{"again", "POST", requests, "t1/admin", `{"id":"one"}`, 422, "", nil},
		{"bad id", "POST", requests, "t1/admin", `{"id":"a/b"}`, 422, "", nil},
		{"not by the admin", "POST", credentials, "t1/admin", `{"id":"one"}`, 403, "", nil},
		{"too early", "POST", credentials, "t1/bootstrap", `{"id":"one"}`, 404, "", nil},
		{"asked", "GET", requests + "/one", "t1/admin", "", 200, "status", "PENDING_ACCEPTANCE"},
		{"nonsense", "PUT", requests + "/one", "t1/admin", `{"status":"MAYBE"}`, 422, "", nil},
		{"accept", "PUT", requests + "/one", "t1/admin", `{"status":"ACCEPTED"}`, 200, "status", "ACCEPTED"},
		{"take", "POST", credentials, "t1/bootstrap", `{"id":"one"}`, 201, "username", "device_one"},
		{"take twice", "POST", credentials, "t1/bootstrap", `{"id":"one"}`, 404, "", nil},
		{"gone", "GET", requests + "/one", "t1/admin", "", 404, "message", "Could not find newDeviceRequest by ID one"},
		{"delete", "DELETE", requests + "/one", "t1/admin", "", 404, "", nil},
	} {
		got := a.call(tt.method, tt.path, tt.user, tt.body)
		if got.status != tt.status || tt.field != "" && got.body[tt.field] != tt.want {
			t.Errorf("%s: %d %v, want %d with %s %v", tt.name, got.status, got.body, tt.status, tt.field, tt.want)
		}
	}
	if u, _ := a.registry.User("t1", "device_one"); u.Login != registry.LoginPassword {
		t.Errorf("user %+v: single registration is not for certificates", u)
	}
}

func TestAnchorsAreAudited(t *testing.T) {
	a := newAPI(t)
	fingerprint := a.call("POST", anchors, "t1/manager", upload(t, map[string]any{"status": "ENABLED", "certInPemFormat": a.pem("root")})).body["fingerprint"].(string)
	a.call("PUT", anchors+"/"+fingerprint, "t1/admin", `{"status":"DISABLED"}`)
	a.call("PUT", anchors+"/"+fingerprint, "t1/viewer", `{"status":"DISABLED"}`)
	a.call("DELETE", anchors+"/"+fingerprint, "t1/admin", "")
	var got []string
	records := a.call("GET", "/audit/auditRecords?type=TrustedCertificates", "t1/admin", "").body["auditRecords"].([]any)
	for _, r := range records {
		r := r.(map[string]any)
		if !strings.Contains(r["text"].(string), fingerprint) || r["time"] != "2026-06-01T12:00:00.000Z" {
			t.Errorf("record %v", r)
		}
		got = append(got, fmt.Sprint(r["user"], ": ", r["activity"]))
	}
	want := []string{"admin: Trusted certificate deleted", "admin: Trusted certificate changed", "manager: Trusted certificate added"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := a.call("GET", "/audit/auditRecords", "t2/admin", ""); len(got.body["auditRecords"].([]any)) != 0 {
		t.Errorf("other tenant: %v", got.body)
	}
	if got := a.call("GET", "/audit/auditRecords", "t1/manager", ""); got.status != 403 {
		t.Errorf("without the role: %d", got.status)
	}
}
