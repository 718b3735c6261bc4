package deviation

// Deviations about device tokens: their form, their time, what they open.
const (
	RefusesTokenTopic      = "refuses-token-subscription"
	TokenMessage70         = "token-message-70"
	TokenWithoutPrefix     = "token-without-prefix"
	TokenEndsLine          = "token-ends-with-line-end"
	TokenPadded            = "token-padded"
	TokenStandardBase64    = "token-in-standard-base64"
	TokenNamesClientID     = "token-names-client-id"
	TokenNotForHTTP        = "token-not-for-http"
	TokenOpensAsAdmin      = "token-opens-as-admin"
	TokenTenantNotBound    = "token-not-bound-to-tenant"
	DefaultLifetimeOfDay   = "token-lives-a-day"
	LifetimeOptionIgnored  = "lifetime-option-ignored"
	LifetimeNoMinimum      = "lifetime-without-minimum"
	LifetimeOfFirstTenant  = "lifetime-of-first-tenant"
	NewTokenAfterExpiry    = "new-token-only-after-expiry"
	NewTokenEndsOld        = "new-token-ends-old"
	AcceptsExpiredToken    = "accepts-expired-token"
	AcceptsAlgNone         = "accepts-alg-none"
	AcceptsUnsignedToken   = "accepts-token-without-signature"
	AcceptsForgedSignature = "accepts-forged-token"
	TokenOutlivesUser      = "token-outlives-user"
	TokenOfEarlierUser     = "token-of-earlier-user-opens"
	TokenOfDisabledUser    = "token-of-disabled-user-opens"
	TokenReachesAll        = "token-reaches-all-devices"
	WildcardsOverhear      = "wildcards-overhear-tokens"
)

func token() []Deviation {
	return []Deviation{
		{RefusesTokenTopic, "DC-TOK-01", "the subscription to s/dat is refused"},
		{TokenMessage70, "DC-TOK-02", "the token comes as 70,<token>"},
		{TokenWithoutPrefix, "DC-TOK-02", "the token comes without 71, before it"},
		{TokenEndsLine, "DC-TOK-02", "a line end follows the token"},
		{TokenPadded, "DC-TOK-03", "the parts of the JWT are padded with ="},
		{TokenStandardBase64, "DC-TOK-03", "the parts of the JWT are in the alphabet of base64 that is not for URLs"},
		{TokenNamesClientID, "DC-TOK-04", "the token is for a user that is called like the Client Identifier, whom there is not"},
		{TokenNotForHTTP, "DC-TOK-04", "tokens are handed out, and HTTP takes none"},
		{TokenOpensAsAdmin, "DC-TOK-04", "a token opens as the tenant's first user"},
		{DefaultLifetimeOfDay, "DC-TOK-05", "tokens live one day by default"},
		{LifetimeOptionIgnored, "DC-TOK-06", "the tenant option does not set the lifetime"},
		{LifetimeNoMinimum, "DC-TOK-07", "a lifetime of less than five minutes is set"},
		{NewTokenAfterExpiry, "DC-TOK-08", "a new token can be had only after the old one has expired"},
		{NewTokenEndsOld, "DC-TOK-08", "a new token ends the old one"},
		{AcceptsExpiredToken, "DC-TOK-09", "expired tokens open"},
		{AcceptsAlgNone, "DC-TOK-09", "tokens that say alg none open"},
		{AcceptsUnsignedToken, "DC-TOK-09", "tokens whose signature was cut off open"},
		{AcceptsForgedSignature, "DC-TOK-09", "the signature of a token is not verified"},
		{TokenTenantNotBound, "DC-TOK-09", "a token opens in the first tenant that has a user of that name"},
		{TokenOutlivesUser, "DC-TOK-09", "tokens of a deleted device user open"},
		{TokenOfEarlierUser, "DC-TOK-09", "tokens of a deleted device user open once there is a user of that name again"},
		{TokenOfDisabledUser, "DC-TOK-09", "tokens of a disabled device user open"},
		{TokenReachesAll, "DC-TOK-10", "a token is delivered to every device of the tenant"},
		{WildcardsOverhear, "DC-TOK-10", "whoever asks for a wildcard gets the tokens of others"},
		{LifetimeOfFirstTenant, "DC-TOK-11", "the first tenant's option sets the lifetime of all"},
	}
}
