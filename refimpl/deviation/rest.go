package deviation

// Deviations about the REST interface to trust anchors: who may use it, what it
// takes, and what it says.
const (
	RoleNotCheckedOnPost   = "role-not-checked-on-post"
	RoleNotCheckedOnGet    = "role-not-checked-on-get"
	RoleNotCheckedOnPut    = "role-not-checked-on-put"
	RoleNotCheckedOnDelete = "role-not-checked-on-delete"
	AnonymousIsAdmin       = "anonymous-is-admin"
	PasswordNotChecked     = "password-not-checked"
	ForbidsWrongPassword   = "wrong-password-is-forbidden"
	RefusesTenantAdmin     = "refuses-tenant-admin"
	RefusesManagementAdmin = "refuses-management-admin"

	StoresBeforeChecking   = "stores-before-checking"
	AnswersGarbageCreated  = "answers-created-to-garbage"
	FooterOptional         = "pem-footer-optional"
	TakesFirstPEMBlock     = "takes-first-pem-block"
	EchoesUploads          = "echoes-uploads"
	TakesAnyContentType    = "takes-any-content-type"
	TakesRawLineEnds       = "takes-raw-line-ends-in-json"
	TakesAnyStatus         = "takes-any-status"
	AcceptsDuplicates      = "accepts-duplicates"
	DuplicateOverwrites    = "duplicate-overwrites"
	RefusesPEMOnOneLine    = "refuses-pem-on-one-line"
	PEMWants64Columns      = "pem-wants-64-columns"
	PEMWantsFinalLineEnd   = "pem-wants-final-line-end"
	TakesAnySize           = "takes-bodies-of-any-size"
	WantsFlag              = "wants-auto-registration-flag"
	CannotList             = "cannot-list"
	RefusesCRLF            = "refuses-crlf"
	RefusesTextBeforePEM   = "refuses-text-before-pem"
	FlagStringCountsFalse  = "flag-string-counts-as-false"
	FlagBooleanRefused     = "flag-boolean-refused"
	FlagStringRefused      = "flag-string-refused"
	ListShowsFirstFive     = "list-shows-first-five"
	FingerprintOfKey       = "fingerprint-of-key"
	IgnoresNameChange      = "ignores-name-change"
	PutReplacesCertificate = "put-replaces-certificate"
	ChangesUnknownAnchor   = "changes-unknown-anchor"
	DeleteDoesNothing      = "delete-does-nothing"
	DeleteOnlyDisables     = "delete-only-disables"
	DeletesTwice           = "deletes-twice"
	ChangeWantsEveryField  = "change-wants-every-field"
)

func rest() []Deviation {
	return []Deviation{
		{AcceptsDuplicates, "DC-REST-01", "a certificate that is a trust anchor already is answered as if it were added"},
		{DuplicateOverwrites, "DC-REST-01", "a refused upload of a duplicate changes status and name of the trust anchor"},
		{PEMWants64Columns, "DC-REST-01", "PEM is refused unless its lines have 64 characters"},
		{PEMWantsFinalLineEnd, "DC-REST-01", "PEM is refused unless a line end follows its footer"},
		{RefusesCRLF, "DC-REST-01", "PEM with the line ends of Windows is refused"},
		{RefusesTextBeforePEM, "DC-REST-01", "PEM with the text of openssl x509 -text before it is refused"},
		{RefusesTenantAdmin, "DC-REST-02", "ROLE_TENANT_ADMIN is not enough to upload"},
		{RefusesManagementAdmin, "DC-REST-02", "ROLE_TENANT_MANAGEMENT_ADMIN is not enough to upload"},
		{RoleNotCheckedOnPost, "DC-REST-03", "whoever can log in may upload a trust anchor"},
		{RoleNotCheckedOnGet, "DC-REST-03", "whoever can log in may read the trust anchors"},
		{RoleNotCheckedOnPut, "DC-REST-03", "whoever can log in may change a trust anchor"},
		{RoleNotCheckedOnDelete, "DC-REST-03", "whoever can log in may delete a trust anchor"},
		{AnonymousIsAdmin, "DC-REST-03", "a request without credentials is an administrator's"},
		{PasswordNotChecked, "DC-REST-03", "any password will do"},
		{ForbidsWrongPassword, "DC-REST-03", "wrong credentials are answered 403 Forbidden"},
		{RefusesPEMOnOneLine, "DC-REST-04", "PEM without line breaks is refused"},
		{FlagStringCountsFalse, "DC-REST-05", `autoRegistrationEnabled "true" counts as false`},
		{FlagBooleanRefused, "DC-REST-05", "autoRegistrationEnabled true is refused: it must be a string"},
		{FlagStringRefused, "DC-REST-05", `autoRegistrationEnabled "true" is refused: it must be a boolean`},
		{WantsFlag, "DC-REST-05", "an upload without autoRegistrationEnabled is refused"},
		{CannotList, "DC-REST-06", "trust anchors can be read one by one only"},
		{ListShowsFirstFive, "DC-REST-06", "the list ends after five trust anchors"},
		{FingerprintOfKey, "DC-REST-06", "a trust anchor is shown with the fingerprint of its public key"},
		{IgnoresNameChange, "DC-REST-06", "a change of the name is answered as if it were done, and not done"},
		{ChangeWantsEveryField, "DC-REST-06", "a change that does not name every field is refused"},
		{PutReplacesCertificate, "DC-REST-06", "a change can put another certificate in the place of a trust anchor"},
		{ChangesUnknownAnchor, "DC-REST-06", "a change of a trust anchor that is not there succeeds"},
		{DeleteDoesNothing, "DC-REST-06", "a deletion is answered as if it were done, and not done"},
		{DeleteOnlyDisables, "DC-REST-06", "a deleted trust anchor is only disabled, and still listed"},
		{DeletesTwice, "DC-REST-06", "a trust anchor that is not there can be deleted"},
		{StoresBeforeChecking, "DC-REST-07", "a certificate that is refused for what it says is a trust anchor all the same"},
		{AnswersGarbageCreated, "DC-REST-07", "what cannot be read as a certificate is answered 201 Created"},
		{FooterOptional, "DC-REST-07", "PEM without its footer is accepted"},
		{TakesFirstPEMBlock, "DC-REST-07", "of several PEM blocks the first is taken, and what follows is overlooked, a private key too"},
		{EchoesUploads, "DC-REST-07", "a refusal repeats what was uploaded, a private key too"},
		{TakesAnySize, "DC-REST-07", "uploads of any size are taken"},
		{TakesAnyContentType, "DC-REST-07", "the type of the body is not looked at"},
		{TakesRawLineEnds, "DC-REST-07", "line ends inside the strings of JSON are overlooked"},
		{TakesAnyStatus, "DC-TRUST-07", "a status that there is not counts as ENABLED"},
	}
}
