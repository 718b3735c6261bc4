package deviation

// Deviations about what a device does once it is connected.
const (
	WithholdsPuback      = "withholds-puback"
	StaysAfterDisconnect = "stays-after-disconnect"
	WantsLongKeepAlive   = "refuses-short-keep-alive"
	KeepsOldSession      = "keeps-old-session"
	IgnoresKeepAlive     = "ignores-keep-alive"
)

func session() []Deviation {
	return []Deviation{
		{WantsLongKeepAlive, "DC-CLIENT-01", "a Keep Alive of less than a minute, as Paho has it, is refused"},
		{WithholdsPuback, "DC-CLIENT-02", "a message of QoS 1 is not acknowledged"},
		{StaysAfterDisconnect, "DC-CLIENT-02", "the connection of a device that has subscribed stays open after DISCONNECT"},
		{KeepsOldSession, "DC-CLIENT-02", "a device that connects again is served twice"},
		{IgnoresKeepAlive, "DC-CLIENT-02", "a device that has gone silent is waited for, however short its Keep Alive"},
	}
}
