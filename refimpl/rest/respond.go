package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// An answer is what a request is answered with.
type answer struct {
	status int
	body   any // nil: none
}

func ok(body any) answer      { return answer{http.StatusOK, body} }
func created(body any) answer { return answer{http.StatusCreated, body} }
func noContent() answer       { return answer{http.StatusNoContent, nil} }

// A problem is why a request is refused, in the platform's form.
type problem struct {
	status  int
	Code    string `json:"error"`
	Message string `json:"message"`
	Info    string `json:"info"`
}

const (
	errorReference = "https://www.cumulocity.com/guides/reference-guide/#error_reporting"
	errorType      = "application/vnd.com.nsn.cumulocity.error+json"
)

func refuse(status int, code, format string, args ...any) *problem {
	return &problem{status, code, fmt.Sprintf(format, args...), errorReference}
}

// unauthorized is 401 (DC-REST-03).
func (a *API) unauthorized() *problem {
	status := http.StatusUnauthorized
	if a.has(deviation.ForbidsWrongPassword) {
		status = http.StatusForbidden
	}
	return refuse(status, "security/Unauthorized", "Invalid credentials! : Bad credentials")
}

func forbidden() *problem {
	return refuse(http.StatusForbidden, "security/Forbidden", "Access is denied.")
}

func notFound(code, format string, args ...any) *problem {
	return refuse(http.StatusNotFound, code, format, args...)
}

func unprocessable(code, format string, args ...any) *problem {
	return refuse(http.StatusUnprocessableEntity, code, format, args...)
}

func payloadTooLarge(limit int64) *problem {
	return refuse(http.StatusRequestEntityTooLarge, "general/Payload Too Large", "The limit is %d bytes.", limit)
}

// write sends an answer or, if there is one, a problem. Who changes something without
// an Accept header gets no body: so the real platform does.
func (a *API) write(w http.ResponseWriter, r *http.Request, ans answer, p *problem) {
	kind := "application/json"
	if p != nil {
		ans, kind = answer{p.status, p}, errorType
		if p.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="platform"`)
		}
	} else if accept := r.Header.Get("Accept"); accept == "" && r.Method != http.MethodGet {
		ans.body = nil
	} else if strings.HasPrefix(accept, "application/vnd.com.nsn.cumulocity.") && !strings.Contains(accept, ",") {
		kind = accept
	}
	if ans.body == nil {
		w.WriteHeader(ans.status)
		return
	}
	body, err := json.Marshal(ans.body)
	if err != nil {
		a.config.Log.Error("encode answer", "path", r.URL.Path, "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(ans.status)
	_, _ = w.Write(body) // a client that has gone away is nobody's problem
}

// decode reads a JSON body. Unknown fields are ignored, as the platform does.
func (c call) decode(into any) *problem {
	kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	isJSON := err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
	if !isJSON && !c.deviations.Has(deviation.TakesAnyContentType) {
		return refuse(http.StatusUnsupportedMediaType, "general/Unsupported Media Type", "The body must be JSON.")
	}
	limit := c.maxJSON
	if c.deviations.Has(deviation.TakesAnySize) {
		limit = 1 << 62 // the bound of every body holds all the same
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.Body, limit))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return payloadTooLarge(tooLarge.Limit)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "general/Bad Request", "The body could not be read.")
	}
	if c.deviations.Has(deviation.TakesRawLineEnds) {
		body = bytes.ReplaceAll(body, []byte("\n"), nil)
	}
	err = json.Unmarshal(body, into)
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return unprocessable("general/Unprocessable Entity", "The field %q is of another type.", wrongType.Field)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "general/Bad Request", "The body is not JSON.")
	}
	return nil
}

// url returns the address of a path, as the client reached the platform.
func (c call) url(path string) string { return "https://" + c.Host + path }
