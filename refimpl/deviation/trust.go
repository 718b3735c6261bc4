package deviation

// Deviations about trust anchors: whose they are, and from when to when they count.
const (
	AdmitsDisabledAnchor  = "admits-disabled-anchor"
	DeletionNeedsRestart  = "deletion-needs-restart"
	DeletionSparesKnown   = "deletion-spares-known-devices"
	IgnoresStatusChange   = "ignores-status-change"
	IgnoresUploadStatus   = "ignores-upload-status"
	CannotEnableAgain     = "cannot-enable-again"
	AnchorOfFirstTenant   = "anchor-counts-for-first-tenant"
	TenantOfKnownDevice   = "tenant-of-known-device"
	LastUploadWins        = "last-upload-wins"
	OneNamePerPlatform    = "one-device-name-per-platform"
	UploadsToOtherTenants = "uploads-to-other-tenants"
	ReadsOtherTenants     = "reads-other-tenants"
	ChangesOtherTenants   = "changes-other-tenants"
	DeletesFromOthers     = "deletes-from-other-tenants"
	NamesOneAnchor        = "names-one-anchor"
	OneAnchorPerName      = "one-anchor-per-name"
	CountsFirstAnchors    = "counts-first-900-anchors"
	RefusesSelfSigned     = "refuses-self-signed-anchor"
	RefusesColonInCAName  = "refuses-colon-in-ca-name"
	RefusesDisabledUpload = "refuses-disabled-upload"
	RefusesPathLenAnchor  = "refuses-pathlen-0-anchor"
	UploadsAcceptV1       = "uploads-accept-v1"
	UploadsAcceptNonCA    = "uploads-accept-non-ca"
	UploadsAcceptBadSelf  = "uploads-accept-bad-self-signature"
	UploadsWantCriticalCA = "uploads-want-critical-constraints"
	UploadsWantSelfSigned = "uploads-want-self-signed"
	SelfIssuedIsSigned    = "self-issued-means-self-signed"
	AnchorJudgedOnce      = "anchor-judged-once"
	RefusesTwoAnchors     = "refuses-two-anchors"
	EveryCAMustBeTrusted  = "every-ca-must-be-trusted"
	PageShowsOldList      = "page-shows-old-list"
)

func trust() []Deviation {
	return []Deviation{
		{LastUploadWins, "DC-TRUST-01", "a trust anchor that a second tenant uploads is taken away from the first"},
		{NamesOneAnchor, "DC-CLIENT-01", "of a tenant's trust anchors only the one uploaded first is named to devices as acceptable"},
		{OneAnchorPerName, "DC-TRUST-01", "a tenant cannot upload a second CA certificate of the same name"},
		{CountsFirstAnchors, "DC-TRUST-01", "of a tenant's trust anchors only the 900 uploaded first admit devices"},
		{UploadsToOtherTenants, "DC-TRUST-01", "an administrator can upload trust anchors to any tenant"},
		{ReadsOtherTenants, "DC-TRUST-01", "an administrator can list and read the trust anchors of any tenant"},
		{ChangesOtherTenants, "DC-TRUST-01", "an administrator can change the trust anchors of any tenant"},
		{DeletesFromOthers, "DC-TRUST-01", "an administrator can delete the trust anchors of any tenant"},
		{AnchorOfFirstTenant, "DC-TRUST-02", "every trust anchor admits to the first tenant, whoever uploaded it"},
		{TenantOfKnownDevice, "DC-TRUST-02", "a device belongs to whichever tenant knows its name, whoever uploaded its trust anchor"},
		{OneNamePerPlatform, "DC-TRUST-02", "a device takes over the session of another tenant's device of the same name"},
		{RefusesSelfSigned, "DC-TRUST-03", "a self-signed CA certificate is refused as a trust anchor"},
		{RefusesColonInCAName, "DC-TRUST-03", "a CA certificate whose common name has a colon is refused as a trust anchor"},
		{RefusesPathLenAnchor, "DC-TRUST-03", "a self-signed CA certificate with pathLenConstraint 0 is refused as a trust anchor"},
		{UploadsAcceptV1, "DC-TRUST-04", "certificates of X.509 version 1 and 2 become trust anchors"},
		{UploadsAcceptNonCA, "DC-TRUST-05", "certificates without CA:TRUE become trust anchors"},
		{UploadsWantCriticalCA, "DC-TRUST-05", "a CA certificate whose basicConstraints are not critical is refused as a trust anchor"},
		{UploadsWantSelfSigned, "DC-TRUST-06", "an intermediate CA certificate is refused as a trust anchor"},
		{SelfIssuedIsSigned, "DC-TRUST-06", "a CA certificate that bears the name of its issuer is refused as a trust anchor unless it is self-signed"},
		{AdmitsDisabledAnchor, "DC-TRUST-07", "a DISABLED trust anchor admits its devices"},
		{IgnoresStatusChange, "DC-TRUST-07", "a change of status is answered as if it were done, and not done"},
		{RefusesDisabledUpload, "DC-TRUST-07", "an upload with the status DISABLED is refused"},
		{IgnoresUploadStatus, "DC-TRUST-07", "a trust anchor is ENABLED from the start, whatever the upload says"},
		{CannotEnableAgain, "DC-TRUST-07", "a trust anchor that was disabled stays so"},
		{DeletionNeedsRestart, "DC-TRUST-08", "a deleted trust anchor admits devices until the platform is started again"},
		{DeletionSparesKnown, "DC-TRUST-08", "a deleted trust anchor goes on admitting devices that have a device user"},
		{AnchorJudgedOnce, "DC-TRUST-08", "a trust anchor counts at CONNECT as it was in the handshake, whatever became of it since"},
		{RefusesTwoAnchors, "DC-TRUST-09", "a chain with two uploaded certificates is refused"},
		{EveryCAMustBeTrusted, "DC-TRUST-09", "every CA certificate of the presented chain must be uploaded"},
		{PageShowsOldList, "DC-TRUST-10", "the web page goes on showing the list that it read first"},
		{UploadsAcceptBadSelf, "DC-CHAIN-07", "a CA certificate whose self-signature is wrong becomes a trust anchor"},
	}
}
