package deviation

// Deviations that show now and then: nothing is broken by design, and nothing can be
// relied on.
const (
	RefusesEveryTenth    = "refuses-every-tenth-device"
	ClosesEveryTenth     = "closes-every-tenth-connection"
	ResetsEveryTenth     = "resets-every-tenth-connection"
	AnswersLate          = "answers-after-a-minute"
	StopsAccepting       = "stops-accepting"
	RESTFailsEveryTenth  = "rest-fails-every-tenth-time"
	ForgetsTokenRequests = "forgets-every-fifth-token-request"
)

func unreliable() []Deviation {
	return []Deviation{
		{RefusesEveryTenth, "DC-CHAIN-02", "every tenth good device is refused"},
		{ClosesEveryTenth, "DC-TLS-01", "every tenth connection is closed without an alert"},
		{ResetsEveryTenth, "DC-TLS-01", "every tenth connection is reset"},
		{AnswersLate, "DC-TLS-01", "CONNACK comes after a minute"},
		{StopsAccepting, "DC-TLS-01", "after a hundred connections nobody is served any more"},
		{RESTFailsEveryTenth, "DC-REST-01", "every tenth REST request is answered 500"},
		{ForgetsTokenRequests, "DC-TOK-01", "every fifth request for a token is not answered"},
	}
}
