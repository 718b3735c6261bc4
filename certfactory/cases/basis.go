package cases

// Sentences of the specification on which rows rest, as they stand there, cut
// short where [...] is.
const (
	fullChain       = `"Certificates used by devices must contain the full certificate chain, including the uploaded CA certificate."`
	signedByAnchor  = `"Certificates used by devices must be signed either by uploaded CA certificates or by a chain of certificates signed by uploaded CA certificates."`
	anchorProvided  = `"it is also required to provide the trusted CA certificate in the chain of certificates"`
	chainStarts     = `"The chain of certificates starts with the one belonging to the device, through all used intermediate certificates until it reaches the CA certificate trusted by the platform."`
	keepOrder       = `"you must keep the correct order during the chain creation (Every certificate must be followed by the certificate, which it is signed by)"`
	onlyOneTrusted  = `"When the chain of certificates is used, only one of the certificates in the chain must be trusted to establish the connection."`
	chainTrusted    = `"if the platform trusts certificate A and certificate B is signed by A, and certificate C is signed by B, then certificate C will also be trusted"`
	maxLength2      = `"the maximum length of the chain of certificates is currently restricted to 2 [...] so you cannot use any intermediate certificate"`
	maxLengthRaised = `"this behaviour can be changed for dedicated installations by [...] increasing the allowed maximum length of the chain of certificates to more than 2"`
	tenantTrusts    = `"Each tenant individually defines whom it trusts by uploading the base CA certificate."`
	mayBeSelfSigned = `"The CA certificate may also be a self-signed certificate."`
	uploadCA        = `"Upload your CA (or intermediate) certificate to the platform."`
	uploadVersion3  = `"Certificates must be uploaded as X.509 version 3 certificates."`
	uploadCATrue    = `"Uploaded certificates must have set BasicConstraints:[CA:true]."`
	signerIsCA      = `"Every certificate which is used to sign another certificate must contain the extension "CA:TRUE"."`
	pathLen         = `"This extension limits the amount of other CA certificates that can be placed in the chain between the device certificate and the one with that extension."`
	pathLenExample  = `"A (CA:TRUE, pathlen: 2) -> B (CA:TRUE, pathlen: 1) -> C (CA:TRUE, pathlen: 0) -> D (device with CA:FALSE)"`
	everySignature  = `"Providing the chain of certificates lets the platform verify the signatures of every certificate in the chain"`
	signatureMatch  = `"After decryption with the issuer's public key, the signature should match the data of the signed certificate."`
	issuerField     = `"Issuer - The distinguished name of the issuer"`
	notBefore       = `"Not Before - Date since the certificate is valid"`
	notAfter        = `"Not After - Date since the certificate is expired"`
	serialUnique    = `"Serial Number - Unique serial number that is created for each certificate that is created by an issuer"`
	selfSigned      = `"Every certificate can be self-signed or can be signed by another certificate."`
	secureAlgorithm = `"Such pairs of keys should be created with an asymmetric-key algorithm, which is considered secure nowadays."`
	rsa2048         = `"An example of such an algorithm is RSA with at least 2048 bits key size. A size of 1024 bits or lower is no longer considered safe."`
	keyOnlyOwner    = `"the private key is known only by the certificate owner"`
	keyProof        = `"A server knows that the client is the owner of the certificate it sent, after the server has decrypted the encrypted copy of the message using the client's public key."`
	cnClientID      = `"the commonName of the device certificate [...] must match the ClientId of the device during the connection"`
	cnNoColon       = "\"The certificate's common name should not contain `:` characters\""
	cnSupplied      = `"commonName = supplied # every certificate should have a unique common name, so this value should not be changed"`
	dPrefix         = `"The "d:" prefix is used [...] for device connections and it should not be removed or changed."`
	noCredentials   = `"Authentication information will be obtained from the certificates."`
	profile         = `the sample configuration: v3_ca (critical, CA:true, pathlen:10; digitalSignature, cRLSign, keyCertSign), v3_signed (critical, CA:false), default_bits 4096, default_md sha256`
	profileLeaf     = `the sample configuration: v3_signed asks for no extendedKeyUsage`
	profileUTF8     = `the sample configuration: "string_mask = utf8only"`
	deviceNotCA     = `"D (device with CA:FALSE)"`
	pemWhole        = `"copy its PEM value, which starts with "-----BEGIN CERTIFICATE-----" and ends with "-----END CERTIFICATE-----" (including the hyphens)"`
	pemNoNewlines   = `"Remove new line symbols (\n) if they were added automatically at the end of each line"`
	uploadRoles     = `"both of which have a role requirement of either ROLE_TENANT_ADMIN or ROLE_TENANT_MANAGEMENT_ADMIN"`
	uploadRequest   = `"POST /tenant/tenants/<TENANT_ID>/trusted-certificates" with status, name, autoRegistrationEnabled and certInPemFormat`
	uploadStatus    = `"Click on the certificate status to set it to Enabled." and "status" : "ENABLED"`
)
