package deviation

// Deviations about registration: when a device user comes to be, and what it takes
// to have none.
const (
	RegistersRefused         = "registers-refused-devices"
	RegistersAtHandshake     = "registers-at-handshake"
	RegistersBeforeMatching  = "registers-before-matching"
	HidesDeviceUsers         = "hides-device-users"
	AlwaysRegisters          = "always-registers"
	FlagPlatformWide         = "registers-if-any-anchor-does"
	FlagNeedsRestart         = "flag-needs-restart"
	IgnoresFlagChange        = "ignores-flag-change"
	FlagOnByDefault          = "registers-by-default"
	BulkCreatesNothing       = "bulk-creates-nothing"
	BulkBadRowSpoilsAll      = "bulk-bad-row-spoils-all"
	BulkDefaultsCertificates = "bulk-assumes-certificates"
	BulkAnyAuthType          = "bulk-takes-any-auth-type"
	BulkTakesCredentials     = "bulk-takes-credentials"
	PasswordUserMayConnect   = "password-device-may-use-certificate"
	SingleForCertificates    = "single-registration-for-certificates"
	DisabledUserConnects     = "disabled-user-connects"
	UserDeletionIgnored      = "user-deletion-ignored"
	DeletedUserKeepsSession  = "deleted-user-keeps-session"
	ServesRefused            = "serves-refused-devices"
)

func registration() []Deviation {
	return []Deviation{
		{RegistersRefused, "DC-REG-01", "a device user is made for a device whose chain is refused"},
		{RegistersAtHandshake, "DC-REG-01", "a device user is made before the device has proved that it holds its key"},
		{RegistersBeforeMatching, "DC-REG-01", "a device user is made before the Client Identifier is held against the common name"},
		{HidesDeviceUsers, "DC-REG-01", "the users of devices are nowhere to be seen"},
		{AlwaysRegisters, "DC-REG-02", "unknown devices are registered although auto-registration is off"},
		{FlagOnByDefault, "DC-REG-02", "auto-registration is on where the upload does not name it"},
		{FlagPlatformWide, "DC-REG-03", "auto-registration is on for every trust anchor once it is on for one"},
		{FlagNeedsRestart, "DC-REG-03", "a change of auto-registration counts after the platform is started again"},
		{IgnoresFlagChange, "DC-REG-03", "a change of auto-registration is answered as if it were done, and not done"},
		{BulkCreatesNothing, "DC-REG-04", "bulk registration reports success and makes no device user"},
		{BulkBadRowSpoilsAll, "DC-REG-04", "one bad row makes bulk registration give up"},
		{BulkDefaultsCertificates, "DC-REG-05", "a row without AUTH_TYPE and CREDENTIALS is registered for certificates"},
		{BulkAnyAuthType, "DC-REG-05", "a row with an unknown AUTH_TYPE is registered for certificates"},
		{PasswordUserMayConnect, "DC-REG-05", "a device that was registered with a password may use a certificate"},
		{BulkTakesCredentials, "DC-REG-06", "a row with AUTH_TYPE CERTIFICATES and CREDENTIALS is accepted"},
		{SingleForCertificates, "DC-REG-07", "a single registration makes a device user for certificates once it is accepted"},
		{DisabledUserConnects, "DC-REG-08", "a device whose user is disabled is admitted"},
		{UserDeletionIgnored, "DC-REG-08", "the deletion of a device user is answered as if it were done, and not done"},
		{DeletedUserKeepsSession, "DC-REG-08", "a connected device goes on communicating after its user is deleted"},
		{ServesRefused, "DC-REG-08", "a device that was refused by a return code is served all the same"},
	}
}
