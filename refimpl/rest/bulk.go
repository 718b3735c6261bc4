package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// bulkRegister registers the devices of a CSV file (DC-REG-04). A row that is no good fails by
// itself; the request succeeds all the same.
func (a *API) bulkRegister(c call) (answer, *problem) {
	file, p := c.filePart()
	if p != nil {
		return answer{}, p
	}
	rows, err := readBulk(file)
	if err != nil {
		return answer{}, unprocessable("devicecontrol/Unprocessable Entity", "The file cannot be read: %v.", err)
	}
	failed, updated := []any{}, []any{}
	createdCount := 0
	for _, row := range rows {
		created, err := a.register(c.tenant, row)
		if err != nil && a.has(deviation.BulkBadRowSpoilsAll) {
			return answer{}, unprocessable("devicecontrol/Unprocessable Entity", "A row is no good: %v.", err)
		}
		switch {
		case err != nil:
			failed = append(failed, map[string]any{
				"bulkNewDeviceStatus": "FAILED", "deviceId": row.id, "failureReason": err.Error(), "line": row.String(),
			})
		case created:
			createdCount++
		default:
			updated = append(updated, map[string]any{"bulkNewDeviceStatus": "CREDENTIAL_UPDATED", "deviceId": row.id})
		}
	}
	return created(map[string]any{
		"numberOfAll": len(rows), "numberOfCreated": createdCount, "numberOfFailed": len(failed),
		"numberOfSuccessful":    createdCount + len(updated),
		"credentialUpdatedList": updated, "failedCreationList": failed,
	}), nil
}

// filePart returns the part of a multipart body that is called file. Some clients send
// other parts besides.
func (c call) filePart() ([]byte, *problem) {
	reader, err := c.MultipartReader()
	if err != nil {
		return nil, refuse(http.StatusUnsupportedMediaType, "general/Unsupported Media Type", "The body must be multipart/form-data.")
	}
	for {
		part, err := reader.NextPart()
		if err != nil {
			break
		}
		if part.FormName() != "file" {
			continue
		}
		file, err := io.ReadAll(part)
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, payloadTooLarge(tooLarge.Limit)
		}
		if err != nil {
			break
		}
		return file, nil
	}
	return nil, refuse(http.StatusBadRequest, "general/Bad Request", "There is no part file.")
}

// register enters user and managed object of one device, or changes them, and reports
// whether the user is new.
func (a *API) register(tenant string, row bulkRow) (created bool, err error) {
	login, err := row.login(a.config.Deviations)
	if err != nil {
		return false, err
	}
	if fault := deviceIDFault(row.id); fault != "" {
		return false, fmt.Errorf("the id %s", fault)
	}
	if a.has(deviation.BulkCreatesNothing) {
		return true, nil
	}
	if created, err = a.config.Registry.RegisterDevice(tenant, row.id, login, row.credentials); err != nil {
		return false, err
	}
	_, _, err = a.config.Registry.PutDevice(tenant, registry.Device{
		Name: row.name, Type: row.kind, Owner: registry.DevicePrefix + row.id,
		ExternalType: row.idType, ExternalID: row.id, Properties: row.properties,
	})
	return created, err
}

// login reads AUTH_TYPE and CREDENTIALS together (DC-REG-05, 06).
func (r bulkRow) login(d deviation.Set) (registry.Login, error) {
	switch r.authType {
	case "CERTIFICATES":
		if r.credentials != "" && !d.Has(deviation.BulkTakesCredentials) {
			return 0, errors.New("CREDENTIALS must be empty where AUTH_TYPE is CERTIFICATES")
		}
		return registry.LoginCertificate, nil
	case "", "BASIC":
		if r.credentials == "" && r.authType == "" && d.Has(deviation.BulkDefaultsCertificates) {
			return registry.LoginCertificate, nil
		}
		if r.credentials == "" {
			return 0, errors.New("CREDENTIALS is missing")
		}
		return registry.LoginPassword, nil
	default:
		if d.Has(deviation.BulkAnyAuthType) {
			return registry.LoginCertificate, nil
		}
		return 0, fmt.Errorf("AUTH_TYPE %q is unknown", r.authType)
	}
}

// deviceIDFault says what keeps an id from being part of a user name, or nothing. The
// characters are those that the real platform forbids in user names.
func deviceIDFault(id string) string {
	if id == "" {
		return "is missing"
	}
	if strings.ContainsAny(id, `/\+$:`) || strings.ContainsFunc(id, spaceOrControl) {
		return "has a character that user names do not have"
	}
	return ""
}
