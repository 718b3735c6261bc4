package deviation

// Deviations about who a device is.
const (
	IgnoresClientID = "ignores-client-id"
)

func identity() []Deviation {
	return []Deviation{
		{IgnoresClientID, "DC-ID-03", "the Client Identifier may differ from the common name"},
	}
}
