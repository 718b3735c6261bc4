package foreign_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reubenmiller/go-c8y/pkg/c8y"
)

func TestAnchorFromUploadToDeletion(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	leaf := w.factory.Device(root, "one")
	anchors := w.client("admin").DeviceCertificate
	if w.connects(leaf) {
		t.Fatal("admitted before the upload")
	}
	added := w.upload(root)
	if !w.connects(leaf) {
		t.Error("refused after the upload")
	}
	_, res, err := anchors.Create(t.Context(), "t1", c8y.Certificate{Name: "again", Status: "ENABLED", CertInPemFormat: w.pem(root)})
	w.answered("upload it again", res, err, http.StatusConflict)

	changed, res, err := anchors.Update(t.Context(), "", added.Fingerprint, map[string]any{"status": "DISABLED"})
	w.answered("disable", res, err, http.StatusOK)
	if changed.Status != "DISABLED" || changed.Name != added.Name || !changed.AutoRegistrationEnabled {
		t.Errorf("disabled: %+v", changed)
	}
	if w.connects(leaf) {
		t.Error("admitted by a disabled anchor")
	}
	changed, res, err = anchors.Update(t.Context(), "", added.Fingerprint, map[string]any{
		"status": "ENABLED", "name": "renamed", "autoRegistrationEnabled": false,
	})
	w.answered("enable", res, err, http.StatusOK)
	if changed.Status != "ENABLED" || changed.Name != "renamed" || changed.AutoRegistrationEnabled {
		t.Errorf("enabled: %+v", changed)
	}
	if !w.connects(leaf) || w.connects(w.factory.Device(root, "two")) {
		t.Error("without auto-registration the known device alone is to be admitted")
	}

	res, err = anchors.Delete(t.Context(), "", added.Fingerprint)
	w.answered("delete", res, err, http.StatusNoContent)
	_, res, err = anchors.GetCertificate(t.Context(), "", added.Fingerprint)
	w.answered("read what was deleted", res, err, http.StatusNotFound)
	if w.connects(leaf) {
		t.Error("admitted by a deleted anchor")
	}
}

func TestAnchorIsReadAsItIs(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	added := w.upload(root)
	read, res, err := w.client("manager").DeviceCertificate.GetCertificate(t.Context(), "", added.Fingerprint)
	w.answered("read", res, err, http.StatusOK)
	if *read != *added {
		t.Errorf("read %+v, was %+v", read, added)
	}
	if read.Version != 3 || read.Issuer != read.Subject || !strings.Contains(read.Subject, "CN=root") ||
		read.AlgorithmName != "SHA256withECDSA" || len(read.Fingerprint) != 40 || read.SerialNumber == "" ||
		!strings.HasSuffix(read.Self, "/tenant/tenants/t1/trusted-certificates/"+read.Fingerprint) {
		t.Errorf("read %+v", read)
	}
	for _, at := range []string{read.NotBefore, read.NotAfter} {
		if _, err := time.Parse(time.RFC3339, at); err != nil {
			t.Error(err)
		}
	}
	if strings.ContainsAny(read.CertInPemFormat, "- \n") || !strings.Contains(strings.ReplaceAll(w.pem(root), "\n", ""), read.CertInPemFormat) {
		t.Errorf("certInPemFormat %q", read.CertInPemFormat)
	}
}

func TestAnchorsComeInPages(t *testing.T) {
	w := start(t)
	want := map[string]bool{}
	for _, name := range []string{"a", "b", "c"} {
		want[w.upload(w.factory.Root(name)).Fingerprint] = true
	}
	anchors := w.client("admin").DeviceCertificate
	page := c8y.PaginationOptions{PageSize: 2, WithTotalPages: true}
	for n := 1; n <= 2; n++ {
		page.CurrentPage = &n
		got, res, err := anchors.GetCertificates(t.Context(), "", &c8y.DeviceCertificateCollectionOptions{PaginationOptions: page})
		w.answered("list", res, err, http.StatusOK)
		statistics := got.Statistics
		if statistics == nil || *statistics.PageSize != 2 || *statistics.TotalPages != 2 || *statistics.CurrentPage != n {
			t.Errorf("page %d: %+v", n, statistics)
		}
		if (got.Next != nil) != (n == 1) {
			t.Errorf("page %d: next is %v", n, got.Next)
		}
		for _, c := range got.Certificates {
			delete(want, c.Fingerprint)
		}
	}
	if len(want) > 0 {
		t.Errorf("on no page: %v", want)
	}
}

// firstPage is the least that go-c8y can ask for: it does not bear options without a field.
func firstPage() *c8y.DeviceCertificateCollectionOptions {
	return &c8y.DeviceCertificateCollectionOptions{PaginationOptions: *c8y.NewPaginationOptions(100)}
}

func TestUploadsAreRefusedInAFormThatCanBeRead(t *testing.T) {
	w := start(t)
	good := c8y.Certificate{Name: "n", Status: "ENABLED", CertInPemFormat: w.pem(w.factory.Root("root"))}
	for _, tt := range []struct {
		name, user, tenant string
		edit               func(*c8y.Certificate)
		want               int
	}{
		{"no role", "viewer", "t1", nil, http.StatusForbidden},
		{"other tenant", "admin", "t2", nil, http.StatusForbidden},
		{"no certificate", "admin", "t1", func(c *c8y.Certificate) { c.CertInPemFormat = "" }, http.StatusUnprocessableEntity},
		{"no CA", "admin", "t1", func(c *c8y.Certificate) {
			c.CertInPemFormat = w.pem(w.factory.Device(w.factory.Root("root"), "one"))
		}, http.StatusUnprocessableEntity},
		{"control", "admin", "t1", nil, http.StatusCreated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			upload := good
			if tt.edit != nil {
				tt.edit(&upload)
			}
			_, res, err := w.client(tt.user).DeviceCertificate.Create(t.Context(), tt.tenant, upload)
			w.answered("upload", res, err, tt.want)
		})
	}
	stranger := c8y.NewClient(w.http, w.platform.Addresses().REST, "t1", "admin", "wrong", true)
	_, res, err := stranger.DeviceCertificate.GetCertificates(t.Context(), "", firstPage())
	w.answered("wrong password", res, err, http.StatusUnauthorized)
}
