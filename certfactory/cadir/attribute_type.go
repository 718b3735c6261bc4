package cadir

import "encoding/asn1"

// An attributeType is a kind of name field (X.520) with the two names that
// OpenSSL knows it by: the short one stands in the database, the long one in a
// signing policy.
type attributeType struct{ oid, short, long string }

// attributeTypes are the fields that OpenSSL prints by name. One that is missing
// here is printed as a dotted OID, and OpenSSL would then not find the line of
// its certificate again.
var attributeTypes = []attributeType{
	{"0.9.2342.19200300.100.1.1", "UID", "userId"},
	{"0.9.2342.19200300.100.1.3", "mail", "rfc822Mailbox"},
	{"0.9.2342.19200300.100.1.25", "DC", "domainComponent"},
	{"0.9.2342.19200300.100.1.44", "uid", "uniqueIdentifier"},
	{"1.2.643.3.131.1.1", "INN", "INN"},
	{"1.2.643.100.1", "OGRN", "OGRN"},
	{"1.2.643.100.3", "SNILS", "SNILS"},
	{"1.2.643.100.5", "OGRNIP", "OGRNIP"},
	{"1.2.840.113549.1.9.1", "emailAddress", "emailAddress"},
	{"1.2.840.113549.1.9.2", "unstructuredName", "unstructuredName"},
	{"1.2.840.113549.1.9.7", "challengePassword", "challengePassword"},
	{"1.2.840.113549.1.9.8", "unstructuredAddress", "unstructuredAddress"},
	{"1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", "jurisdictionLocalityName"},
	{"1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", "jurisdictionStateOrProvinceName"},
	{"1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", "jurisdictionCountryName"},
	{"2.5.4.3", "CN", "commonName"},
	{"2.5.4.4", "SN", "surname"},
	{"2.5.4.5", "serialNumber", "serialNumber"},
	{"2.5.4.6", "C", "countryName"},
	{"2.5.4.7", "L", "localityName"},
	{"2.5.4.8", "ST", "stateOrProvinceName"},
	{"2.5.4.9", "street", "streetAddress"},
	{"2.5.4.10", "O", "organizationName"},
	{"2.5.4.11", "OU", "organizationalUnitName"},
	{"2.5.4.12", "title", "title"},
	{"2.5.4.13", "description", "description"},
	{"2.5.4.14", "searchGuide", "searchGuide"},
	{"2.5.4.15", "businessCategory", "businessCategory"},
	{"2.5.4.16", "postalAddress", "postalAddress"},
	{"2.5.4.17", "postalCode", "postalCode"},
	{"2.5.4.18", "postOfficeBox", "postOfficeBox"},
	{"2.5.4.19", "physicalDeliveryOfficeName", "physicalDeliveryOfficeName"},
	{"2.5.4.20", "telephoneNumber", "telephoneNumber"},
	{"2.5.4.21", "telexNumber", "telexNumber"},
	{"2.5.4.22", "teletexTerminalIdentifier", "teletexTerminalIdentifier"},
	{"2.5.4.23", "facsimileTelephoneNumber", "facsimileTelephoneNumber"},
	{"2.5.4.24", "x121Address", "x121Address"},
	{"2.5.4.25", "internationaliSDNNumber", "internationaliSDNNumber"},
	{"2.5.4.26", "registeredAddress", "registeredAddress"},
	{"2.5.4.27", "destinationIndicator", "destinationIndicator"},
	{"2.5.4.28", "preferredDeliveryMethod", "preferredDeliveryMethod"},
	{"2.5.4.29", "presentationAddress", "presentationAddress"},
	{"2.5.4.30", "supportedApplicationContext", "supportedApplicationContext"},
	{"2.5.4.31", "member", "member"},
	{"2.5.4.32", "owner", "owner"},
	{"2.5.4.33", "roleOccupant", "roleOccupant"},
	{"2.5.4.34", "seeAlso", "seeAlso"},
	{"2.5.4.35", "userPassword", "userPassword"},
	{"2.5.4.36", "userCertificate", "userCertificate"},
	{"2.5.4.37", "cACertificate", "cACertificate"},
	{"2.5.4.38", "authorityRevocationList", "authorityRevocationList"},
	{"2.5.4.39", "certificateRevocationList", "certificateRevocationList"},
	{"2.5.4.40", "crossCertificatePair", "crossCertificatePair"},
	{"2.5.4.41", "name", "name"},
	{"2.5.4.42", "GN", "givenName"},
	{"2.5.4.43", "initials", "initials"},
	{"2.5.4.44", "generationQualifier", "generationQualifier"},
	{"2.5.4.45", "x500UniqueIdentifier", "x500UniqueIdentifier"},
	{"2.5.4.46", "dnQualifier", "dnQualifier"},
	{"2.5.4.47", "enhancedSearchGuide", "enhancedSearchGuide"},
	{"2.5.4.48", "protocolInformation", "protocolInformation"},
	{"2.5.4.49", "distinguishedName", "distinguishedName"},
	{"2.5.4.50", "uniqueMember", "uniqueMember"},
	{"2.5.4.51", "houseIdentifier", "houseIdentifier"},
	{"2.5.4.52", "supportedAlgorithms", "supportedAlgorithms"},
	{"2.5.4.53", "deltaRevocationList", "deltaRevocationList"},
	{"2.5.4.54", "dmdName", "dmdName"},
	{"2.5.4.65", "pseudonym", "pseudonym"},
	{"2.5.4.72", "role", "role"},
	{"2.5.4.97", "organizationIdentifier", "organizationIdentifier"},
	{"2.5.4.98", "c3", "countryCode3c"},
	{"2.5.4.99", "n3", "countryCode3n"},
	{"2.5.4.100", "dnsName", "dnsName"},
}

// shortName returns the name of a field as it stands in the database.
func shortName(oid asn1.ObjectIdentifier) string {
	dotted := oid.String()
	for _, t := range attributeTypes {
		if t.oid == dotted {
			return t.short
		}
	}
	return dotted
}

// attributeOID finds a field by either of its names or by its dotted OID.
func attributeOID(name string) (dotted string, ok bool) {
	for _, t := range attributeTypes {
		if name == t.short || name == t.long || name == t.oid {
			return t.oid, true
		}
	}
	return "", false
}
