package web

import (
	"bytes"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// A change is what a deviation makes of one piece of the script, which stands there once.
type change struct{ name, piece, instead string }

func changes() []change {
	const (
		post   = `await busy([$("add")], () => request("POST", collection(), {`
		put    = `() => request("PUT", resource(certificate), update)`
		status = `status: $("status").checked ? "ENABLED" : "DISABLED", name,`
		tick   = `autoRegistrationEnabled: $("auto-registration").checked,`
		read   = `certificates = await busy([$("refresh")], readAll);`
	)
	return []change{
		{deviation.PageAddsNothing, post, `await busy([$("add")], () => (async (method, path, added) =>
      ({ fingerprint: name, subject: name, notBefore: "", notAfter: "", ...added }))("POST", collection(), {`},
		{deviation.PageIgnoresTick, tick, `autoRegistrationEnabled: false,`},
		{deviation.PageForgetsName, status, `status: $("status").checked ? "ENABLED" : "DISABLED", name: "",`},
		{deviation.PageEnablesAll, status, `status: "ENABLED", name,`},
		{deviation.PageListLacksNew, `certificates.unshift(added);`, ``},
		{deviation.PageShowsAllEnabled, `status.checked = certificate.status === "ENABLED";`, `status.checked = true;`},
		{deviation.PageForgetsStatus, put, `async () => "status" in update ? update : request("PUT", resource(certificate), update)`},
		{deviation.PageForgetsTickLater, put, `async () => "autoRegistrationEnabled" in update ? update : request("PUT", resource(certificate), update)`},
		{deviation.PageShowsOldList, read, `certificates = JSON.parse(sessionStorage.getItem("list")) ?? await busy([$("refresh")], readAll);
    sessionStorage.setItem("list", JSON.stringify(certificates));`},
	}
}

// deviate returns the script with the pieces that deviations change: as it is, if there are none.
func deviate(script []byte, d deviation.Set) []byte {
	for _, c := range changes() {
		if d.Has(c.name) {
			script = bytes.Replace(script, []byte(c.piece), []byte(c.instead), 1)
		}
	}
	return script
}
