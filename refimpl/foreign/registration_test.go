package foreign_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reubenmiller/go-c8y/pkg/c8y"
)

func TestBulkRegistration(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	added := w.upload(root)
	admin := w.client("admin")
	_, res, err := admin.DeviceCertificate.Update(t.Context(), "", added.Fingerprint, map[string]any{"autoRegistrationEnabled": false})
	w.answered("switch auto-registration off", res, err, http.StatusOK)

	path := filepath.Join(t.TempDir(), "devices.csv")
	rows := "ID;AUTH_TYPE;NAME;TYPE\none;CERTIFICATES;First;meter\ntwo;BASIC;;\n"
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	res, err = admin.SendRequest(t.Context(), c8y.RequestOptions{ // closes the file
		Method: http.MethodPost, Path: "devicecontrol/bulkNewDeviceRequests",
		FormData: map[string]io.Reader{"file": file, "object": strings.NewReader(`{"name":"devices.csv"}`)},
	})
	w.answered("register", res, err, http.StatusCreated)
	for key, want := range map[string]int64{"numberOfAll": 2, "numberOfCreated": 1, "numberOfSuccessful": 1, "numberOfFailed": 1} {
		if got := res.JSON(key).Int(); got != want {
			t.Errorf("%s: %d, want %d in %s", key, got, want, res.Body())
		}
	}
	if id := res.JSON("failedCreationList.0.deviceId").String(); id != "two" {
		t.Errorf("failed is %q, want the one without credentials", id)
	}
	if !w.connects(w.factory.Device(root, "one")) || w.connects(w.factory.Device(root, "three")) {
		t.Error("the registered device alone is to be admitted")
	}
}

func TestRegisteredDeviceIsFoundAndDeleted(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	w.upload(root)
	device := w.device(w.factory.Device(root, "one"))
	if err := w.done("connect", device.Connect()); err != nil {
		t.Fatal(err)
	}
	defer device.Disconnect(0)
	if err := w.done("publish", device.Publish("s/us", 1, false, "100,First,meter")); err != nil {
		t.Fatal(err)
	}
	admin := w.client("admin")
	identity, res, err := admin.Identity.GetExternalID(t.Context(), "c8y_Serial", "one")
	w.answered("external id", res, err, http.StatusOK)
	object, res, err := admin.Inventory.GetManagedObject(t.Context(), identity.ManagedObject.ID, nil)
	w.answered("managed object", res, err, http.StatusOK)
	if object.Name != "First" || object.Type != "meter" || object.Owner != "device_one" || !object.Item.Get("c8y_IsDevice").Exists() {
		t.Errorf("managed object %s", res.Body())
	}
	for _, path := range []string{"users/", "userByName/"} {
		res, err = admin.SendRequest(t.Context(), c8y.RequestOptions{Method: http.MethodGet, Path: "user/t1/" + path + "device_one"})
		w.answered(path, res, err, http.StatusOK)
	}
	for _, onlyDevices := range []bool{false, true} {
		users, res, err := admin.User.GetUsers(t.Context(), &c8y.UserOptions{
			OnlyDevices: onlyDevices, PaginationOptions: *c8y.NewPaginationOptions(100),
		})
		w.answered("users", res, err, http.StatusOK)
		for _, u := range users.Users {
			if strings.HasPrefix(u.Username, "device_") != onlyDevices {
				t.Errorf("onlyDevices %v lists %q", onlyDevices, u.Username)
			}
		}
	}
	res, err = admin.Inventory.DeleteWithOptions(t.Context(), object.ID, (&c8y.ManagedObjectDeleteOptions{}).WithDeviceUser(true))
	w.answered("delete", res, err, http.StatusNoContent)
	_, res, err = admin.User.GetUserByUsername(t.Context(), "device_one")
	w.answered("user of a deleted device", res, err, http.StatusNotFound)
}

func TestSingleRegistrationEndsInAPassword(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	w.upload(root)
	admin, device := w.client("admin").DeviceCredentials, w.client("devicebootstrap").DeviceCredentials
	asked, res, err := admin.Create(t.Context(), "one")
	w.answered("create", res, err, http.StatusCreated)
	if asked.ID != "one" || asked.Status != c8y.NewDeviceRequestWaitingForConnection {
		t.Errorf("created %+v", asked)
	}
	_, res, err = device.CreateDeviceCredentials(t.Context(), "one")
	w.answered("ask too early", res, err, http.StatusNotFound)
	asked, res, err = admin.GetNewDeviceRequest(t.Context(), "one")
	w.answered("read", res, err, http.StatusOK)
	if asked.Status != c8y.NewDeviceRequestPendingAcceptance {
		t.Errorf("after the device asked: %+v", asked)
	}
	_, res, err = admin.Update(t.Context(), "one", c8y.NewDeviceRequestAccepted)
	w.answered("accept", res, err, http.StatusOK)
	credentials, res, err := device.CreateDeviceCredentials(t.Context(), "one")
	w.answered("ask", res, err, http.StatusCreated)
	if credentials.TenantID != "t1" || credentials.Username != "device_one" || credentials.Password == "" {
		t.Errorf("credentials of %s/%s", credentials.TenantID, credentials.Username)
	}
	if w.connects(w.factory.Device(root, "one")) {
		t.Error("a device that was registered to use a password is admitted by certificate")
	}
}
