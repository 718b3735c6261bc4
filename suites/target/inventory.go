package target

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// externalIDType is what bulk registration files a device under in the inventory,
// unless a row of its CSV says otherwise.
const externalIDType = "c8y_Serial"

// DeleteDevice deletes from the inventory of a tenant, by its number from 0, the
// device that bulk registration has made. That there is none is no error. The
// device's user stays.
func (r *REST) DeleteDevice(ctx context.Context, tenant int, clientID string) error {
	t := r.Tenants[tenant]
	admin, _ := t.Admin() // the loader of target files sees to it that there is one
	request := Request{
		Method: http.MethodGet, Path: "/identity/externalIds/" + externalIDType + "/" + url.PathEscape(clientID), Tenant: t.ID, User: admin,
	}
	response, err := r.must(ctx, request)
	if err != nil {
		return unlessGone(err)
	}
	var found struct {
		Object struct {
			ID string `json:"id"`
		} `json:"managedObject"`
	}
	if err := response.JSON(&found); err != nil {
		return err
	}
	request.Method, request.Path = http.MethodDelete, "/inventory/managedObjects/"+url.PathEscape(found.Object.ID)
	_, err = r.must(ctx, request)
	return unlessGone(err)
}

// unlessGone lets by that what is to be deleted is not there.
func unlessGone(err error) error {
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusNotFound {
		return nil
	}
	return err
}
