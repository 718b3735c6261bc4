package deviation

// Deviations about the chain that a device presents.
const (
	AcceptsExpired           = "accepts-expired"
	IgnoresPathLen           = "ignores-pathlen"
	IgnoresMaxLength         = "ignores-max-length"
	AnchorNeedNotBePresented = "anchor-need-not-be-presented"
)

func chain() []Deviation {
	return []Deviation{
		{AcceptsExpired, "DC-CHAIN-12", "notAfter is ignored: an expired certificate passes anywhere in the chain"},
		{IgnoresPathLen, "DC-CHAIN-05", "pathLenConstraint is ignored"},
		{IgnoresMaxLength, "DC-CHAIN-10", "a chain of any length is walked"},
		{AnchorNeedNotBePresented, "DC-CHAIN-01", "a chain that ends below the uploaded certificate is completed from the store"},
	}
}
