package deviation

// Deviations of the web page from what it should do.
const (
	PageAddsNothing      = "page-adds-nothing"
	PageIgnoresTick      = "page-ignores-auto-registration"
	PageForgetsName      = "page-forgets-name"
	PageEnablesAll       = "page-enables-all"
	PageListLacksNew     = "page-list-lacks-new"
	PageShowsAllEnabled  = "page-shows-all-enabled"
	PageForgetsStatus    = "page-does-not-save-status"
	PageForgetsTickLater = "page-does-not-save-auto-registration"
)

func page() []Deviation {
	return []Deviation{
		{PageAddsNothing, "DC-UI-01", "a certificate that is added on the page stands in its list and nowhere else"},
		{PageIgnoresTick, "DC-UI-01", "the auto-registration tick counts for nothing when a certificate is added"},
		{PageForgetsName, "DC-UI-01", "the name counts for nothing when a certificate is added"},
		{PageEnablesAll, "DC-UI-01", "a certificate is added with the status ENABLED, whatever was chosen"},
		{PageListLacksNew, "DC-UI-02", "an added certificate is not in the list"},
		{PageShowsAllEnabled, "DC-UI-02", "every certificate is shown as ENABLED"},
		{PageForgetsStatus, "DC-UI-03", "a change of status is shown and not saved"},
		{PageForgetsTickLater, "DC-UI-03", "a change of auto-registration is shown and not saved"},
	}
}
