package reports

import "strings"

// redacted is t without what an address may carry beside the address. People
// put passwords into URLs; a report that is published must not repeat them.
func (t Target) redacted() Target {
	t.URL = redactAddress(t.URL)
	t.MQTTAddress = redactAddress(t.MQTTAddress)
	t.RESTBaseURL = redactAddress(t.RESTBaseURL)
	return t
}

// redactAddress keeps the scheme and what follows the last "@", up to the first
// "?" or "#". It does not parse the address as a URL: of a user name with a
// slash in it ("tenant/user") a parser would make a part of the path.
func redactAddress(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		rest = address
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		rest = rest[i+1:]
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	if ok {
		return scheme + "://" + rest
	}
	return rest
}
