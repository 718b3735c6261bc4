package main

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/chainmail-iot/chainmail/loadgen/fleet"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// registerPart is how many devices go into one CSV file.
const registerPart = 1000

// register registers the good devices in bulk, section "Device registration" of the
// specification, in parts.
func (s *site) register(ctx context.Context, devices *fleet.Fleet, n int) error {
	for from := 0; from < n; from += registerPart {
		ids, err := devices.ClientIDs(from, min(from+registerPart, n))
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		s.registered = append(s.registered, ids...) // what is not answered may have come through
		if err := s.registerPart(ctx, ids); err != nil {
			return &exit{code: exitIncomplete, err: fmt.Errorf("register devices from number %d: %w", from, err), hint: "no device was tried"}
		}
	}
	return nil
}

func (s *site) registerPart(ctx context.Context, ids []string) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "devices.csv")
	if err != nil {
		return err
	}
	fmt.Fprintf(part, "ID;AUTH_TYPE\n%s;CERTIFICATES\n", strings.Join(ids, ";CERTIFICATES\n"))
	_ = form.Close() // into memory
	tenant := s.target.REST.Tenants[0]
	admin, ok := tenant.Admin()
	if !ok {
		return fmt.Errorf("tenant %s has no user that may", tenant.ID)
	}
	response, err := s.target.REST.Do(ctx, target.Request{
		Method: http.MethodPost, Path: "/devicecontrol/bulkNewDeviceRequests", Tenant: tenant.ID, User: admin,
		Body: body.Bytes(), Type: form.FormDataContentType(),
	})
	if err != nil {
		return err
	}
	var outcome struct {
		Successful int `json:"numberOfSuccessful"`
	}
	if response.Status != http.StatusCreated || response.JSON(&outcome) != nil || outcome.Successful != len(ids) {
		return fmt.Errorf("answered %d, %d of %d registered", response.Status, outcome.Successful, len(ids))
	}
	return nil
}
