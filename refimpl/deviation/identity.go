package deviation

// Deviations about who a device is.
const (
	IgnoresClientID         = "ignores-client-id"
	ClientIDIgnoresCase     = "client-id-ignores-case"
	ClientIDByPrefix        = "client-id-by-prefix"
	StripsEveryD            = "strips-every-d"
	AnyTypeNamesADevice     = "any-type-names-a-device"
	FillsInClientID         = "fills-in-client-id"
	NameIsACString          = "name-is-a-c-string"
	TrimsName               = "trims-name"
	TakesFirstName          = "takes-first-name"
	TakesLastName           = "takes-last-name"
	NameFromText            = "name-from-text"
	SANStandsIn             = "san-stands-in"
	ClientIDStandsIn        = "client-id-stands-in"
	TakesAnyName            = "takes-any-name"
	AllowsColon             = "allows-colon"
	NameEndsAtColon         = "name-ends-at-colon"
	StripsDFromName         = "strips-d-from-name"
	AllowsControlCharacters = "allows-control-characters"
	AllowsTopicCharacters   = "allows-topic-characters"
	AllowsLongNames         = "allows-long-names"
	CutsLongNames           = "cuts-long-names"
	AllowsSpaces            = "allows-spaces"
	UserNamedAfterClientID  = "user-named-after-client-id"
	IgnoresTenantOfUserName = "ignores-tenant-of-user-name"
)

func identity() []Deviation {
	return []Deviation{
		{IgnoresClientID, "DC-ID-03", "the Client Identifier may differ from the common name"},
		{ClientIDIgnoresCase, "DC-ID-03", "Client Identifier and common name are compared without regard to case"},
		{ClientIDByPrefix, "DC-ID-03", "the Client Identifier need only begin with the common name"},
		{StripsEveryD, "DC-ID-04", `"d:" is taken off the Client Identifier as often as it stands there`},
		{AnyTypeNamesADevice, "DC-ID-03", `any connection type before the first colon will do, not "d" alone`},
		{FillsInClientID, "DC-ID-03", "an empty Client Identifier is that of the common name"},
		{NameIsACString, "DC-ID-03", "the common name is read up to its first NUL, whatever its string type"},
		{TrimsName, "DC-ID-03", "spaces around the common name are taken off"},
		{TakesFirstName, "DC-ID-03", "of several common names the first counts"},
		{TakesLastName, "DC-ID-03", "of several common names the last counts"},
		{NameFromText, "DC-ID-03", "the common name is what follows the last CN= in the subject as text"},
		{SANStandsIn, "DC-ID-06", "a device without a common name has the first DNS name of its subjectAltName"},
		{ClientIDStandsIn, "DC-ID-06", "a device without a common name is whom its Client Identifier names"},
		{TakesAnyName, "DC-ID-02", "a common name may hold any characters"},
		{AllowsColon, "DC-ID-05", "a common name may hold a colon"},
		{NameEndsAtColon, "DC-ID-05", "a common name ends before its first colon"},
		{StripsDFromName, "DC-ID-05", `"d:" is taken off the common name too`},
		{AllowsControlCharacters, "DC-ID-03", "a common name may hold control and format characters"},
		{AllowsTopicCharacters, "DC-ID-02", "a common name may hold topic separators and wildcards"},
		{AllowsLongNames, "DC-ID-03", "a common name may have any length"},
		{CutsLongNames, "DC-ID-03", "a common name that is too long for a Client Identifier is cut to fit"},
		{AllowsSpaces, "DC-ID-06", "a common name may begin and end with spaces, and be made of them"},
		{UserNamedAfterClientID, "DC-ID-02", "the device user is named after the Client Identifier as it was sent"},
		{IgnoresTenantOfUserName, "DC-ID-02", "a user name with another tenant than the certificate's is ignored"},
	}
}
