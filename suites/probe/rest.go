package probe

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// ask sends a request as the admin of a tenant.
func (p *prober) ask(ctx context.Context, tenant int, r target.Request) (target.Response, error) {
	t := p.t.REST.Tenants[tenant]
	r.Tenant = t.ID
	r.User, _ = t.Admin() // the loader of target files sees to it that there is one
	return p.t.REST.Do(ctx, r)
}

// undoBy has a request sent at the end, which may find nothing to undo.
func (p *prober) undoBy(r target.Request) {
	p.undo = append(p.undo, func(ctx context.Context) error {
		_, err := p.ask(ctx, 0, r)
		return err
	})
}

// usable reports whether a status is that of an interface which is there and may
// be used, even if it would not have what was sent.
func usable(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnauthorized, http.StatusForbidden:
		return false
	}
	return status/100 == 2 || status/100 == 4
}

// answered words a status that is not what was wanted.
func answered(r target.Request, status int) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s answered %d %s", r.Method, r.Path, status, http.StatusText(status)))
}

func (p *prober) trustedCertificates(ctx context.Context) (bool, string, error) {
	root := p.f.Root("chainmail probe upload " + p.f.Tag("probe upload"))
	der, err := root.DER()
	if err != nil {
		return false, "", err
	}
	anchor := certfactory.Anchor{Name: root.Name(), DER: der}
	tenant := p.t.REST.Tenants[0].ID
	p.undoBy(target.Request{Method: http.MethodDelete, Path: target.AnchorPath(tenant, der)})
	upload := target.Request{Method: http.MethodPost, Path: target.AnchorsPath(tenant), Body: target.NewUpload(anchor)}
	response, err := p.ask(ctx, 0, upload)
	return err == nil && response.Status/100 == 2, answered(upload, response.Status), err
}

func (p *prober) tenantOptions(ctx context.Context) (bool, string, error) {
	name := p.name("probe-option")
	path := "/tenant/options/chainmail/" + name
	p.undoBy(target.Request{Method: http.MethodDelete, Path: path})
	for _, step := range []target.Request{
		{Method: http.MethodPost, Path: "/tenant/options", Body: map[string]string{"category": "chainmail", "key": name, "value": "1"}},
		{Method: http.MethodGet, Path: path},
	} {
		response, err := p.ask(ctx, 0, step)
		if err != nil {
			return false, "", err
		}
		if !usable(response.Status) {
			return false, answered(step, response.Status), nil
		}
	}
	return true, "", nil
}

func (p *prober) bulkRegistration(ctx context.Context) (bool, string, error) {
	name := p.name("probe-bulk")
	p.clients = append(p.clients, name)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "devices.csv")
	if err != nil {
		return false, "", err
	}
	_, _ = part.Write([]byte("ID;AUTH_TYPE\n" + name + ";CERTIFICATES\n")) // into memory
	_ = form.Close()
	request := target.Request{Method: http.MethodPost, Path: "/devicecontrol/bulkNewDeviceRequests", Body: body.Bytes(), Type: form.FormDataContentType()}
	response, err := p.ask(ctx, 0, request)
	if err != nil {
		return false, "", err
	}
	if usable(response.Status) {
		p.registered = append(p.registered, name)
	}
	return usable(response.Status), answered(request, response.Status), nil
}

func (p *prober) singleRegistration(ctx context.Context) (bool, string, error) {
	name := p.name("probe-single")
	const path = "/devicecontrol/newDeviceRequests"
	p.undoBy(target.Request{Method: http.MethodDelete, Path: path + "/" + name})
	request := target.Request{Method: http.MethodPost, Path: path, Body: map[string]string{"id": name}}
	response, err := p.ask(ctx, 0, request)
	if err != nil {
		return false, "", err
	}
	return usable(response.Status), answered(request, response.Status), nil
}

func (p *prober) secondTenant(ctx context.Context) (bool, string, error) {
	request := target.Request{Method: http.MethodGet, Path: "/user/currentUser"}
	response, err := p.ask(ctx, 1, request)
	return err == nil && response.Status == http.StatusOK, answered(request, response.Status), err
}

func (p *prober) userWithoutRole(ctx context.Context) (bool, string, error) {
	tenant := p.t.REST.Tenants[0]
	viewer, _ := tenant.Viewer() // its check says that there is one
	who := target.Request{Method: http.MethodGet, Path: "/user/currentUser", Tenant: tenant.ID, User: viewer}
	response, err := p.t.REST.Do(ctx, who)
	if err != nil || response.Status != http.StatusOK {
		return false, answered(who, response.Status), err
	}
	for _, role := range []string{target.RoleTenantAdmin, target.RoleTenantManagementAdmin} {
		if bytes.Contains(response.Body, []byte(`"`+role+`"`)) {
			return false, viewer.Name + " has the role " + role, nil
		}
	}
	return true, "", nil
}
