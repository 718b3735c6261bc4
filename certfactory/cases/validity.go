package cases

import (
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// validity has the rows about notBefore and notAfter. All moments are reckoned
// from that of the factory.
func validity() []Case {
	return append(outsideValidity(), append(insideValidity(), oddTimes()...)...)
}

func outsideValidity() []Case {
	ended, begins := valid(-30*day, -time.Hour), valid(12*time.Hour, 365*day)
	early := []string{"certificate_expired", "bad_certificate"}
	return []Case{
		{
			ID: "expired-leaf", Expectation: Refuse, Clauses: []string{"DC-CHAIN-12"}, Basis: notAfter,
			How: "the device certificate ended an hour ago", Fault: "leaf.validity: ended", Control: "valid-direct",
			Reason: "expired", RFCAlert: []string{"certificate_expired"},
			Build: direct(leaf(ended)),
		},
		{
			ID: "expired-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-12"}, Basis: "RFC 5280 §6.1.3(a)(2); " + notAfter,
			How: "the intermediate ended an hour ago", Fault: "ca0.validity: ended", Control: "valid-one-intermediate",
			Reason: "expired", RFCAlert: []string{"certificate_expired"},
			Build: below(1, ca(0, ended)),
		},
		{
			ID: "expired-root", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-12"}, Basis: notAfter + "; RFC 5280 §6.1.1(d) leaves it open for a trust anchor",
			How: "the uploaded root ended an hour ago", Fault: "root.validity: ended", Control: "valid-direct", Tags: []string{TagAnchorFault},
			Reason: "expired", RFCAlert: []string{"certificate_expired"},
			Build: direct(root("root expired", ended)),
		},
		{
			ID: "not-yet-valid-leaf", Expectation: Refuse, Clauses: []string{"DC-CHAIN-12"}, Basis: notBefore,
			How: "the device certificate begins in 12 hours", Fault: "leaf.validity: not begun", Control: "valid-direct",
			Reason: "not-yet-valid", RFCAlert: early,
			Build: direct(leaf(begins)),
		},
		{
			ID: "not-yet-valid-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-12"}, Basis: "RFC 5280 §6.1.3(a)(2); " + notBefore,
			How: "the intermediate begins in 12 hours", Fault: "ca0.validity: not begun", Control: "valid-one-intermediate",
			Reason: "not-yet-valid", RFCAlert: early,
			Build: below(1, ca(0, begins)),
		},
		{
			ID: "not-yet-valid-root", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-12"}, Basis: notBefore + "; RFC 5280 §6.1.1(d) leaves it open for a trust anchor",
			How: "the uploaded root begins in 12 hours", Fault: "root.validity: not begun", Control: "valid-direct", Tags: []string{TagAnchorFault},
			Reason: "not-yet-valid", RFCAlert: early,
			Build: direct(root("root not begun", begins)),
		},
		{
			ID: "validity-inverted", Expectation: Refuse, Clauses: []string{"DC-CHAIN-12"}, Basis: notBefore + "; RFC 5280 §6.1.3(a)(2)",
			How: "the device certificate begins tomorrow and ended yesterday", Fault: "leaf.validity: ends before it begins", Control: "valid-direct",
			Reason: "not-yet-valid", RFCAlert: early,
			Build: direct(leaf(times(certfactory.TagUTCTime, "060102150405", "Z", day, -day))),
		},
		{
			ID: "validity-one-second", Expectation: Refuse, Clauses: []string{"DC-CHAIN-12"}, Basis: notAfter,
			How: "the device certificate was valid for one second, an hour ago", Fault: "leaf.validity: one second, long past", Control: "valid-direct",
			Reason: "expired", RFCAlert: []string{"certificate_expired"},
			Build: direct(leaf(valid(-time.Hour, -time.Hour))),
		},
	}
}

func insideValidity() []Case {
	const utc1950 = "500101000000Z"
	return []Case{
		{
			ID: "validity-leaf-outlives-ca", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-12"}, Basis: "RFC 5280 has no rule that periods nest",
			How:   "the device certificate ends ten years after its root",
			Build: direct(leaf(valid(-time.Hour, 20*365*day))),
		},
		{
			ID: "validity-no-end", Expectation: Accept, Clauses: []string{"DC-CHAIN-12"}, Basis: "RFC 5280 §4.1.2.5: 99991231235959Z means no end",
			How:   "the device certificate ends on 31 December 9999",
			Build: direct(leaf(validUntil(time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)))),
		},
		{
			ID: "validity-no-end-root", Expectation: Accept, Clauses: []string{"DC-CHAIN-12"}, Basis: "RFC 5280 §4.1.2.5: 99991231235959Z means no end",
			How:   "the uploaded root ends on 31 December 9999",
			Build: direct(root("root without end", validUntil(time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)))),
		},
		{
			ID: "validity-1950", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-12"}, Basis: "RFC 5280 §4.1.2.5.1: a UTCTime of YY >= 50 is 19YY",
			How: "the device certificate began on 1 January 1950",
			Build: direct(leaf(rawTimes(func(_ time.Time, end []byte) (from, to []byte) {
				return certfactory.Element(certfactory.TagUTCTime, []byte(utc1950)), end
			}))),
		},
		{
			ID: "validity-skew-5m", Expectation: Either, Clauses: []string{"DC-CHAIN-12"}, Basis: "the specification does not speak of clocks that differ", Reason: "not-yet-valid",
			How:   "the device certificate begins in five minutes",
			Build: direct(leaf(valid(5*time.Minute, 365*day))),
		},
	}
}

func oddTimes() []Case {
	row := func(id string, e Expectation, basis, how, fault, reason string, validity option) Case {
		c := Case{
			ID: id, Expectation: e, Clauses: []string{"DC-CHAIN-20", "DC-CHAIN-12"}, Basis: basis, How: how,
			Reason: reason, Build: direct(leaf(validity)),
		}
		if e.Refuse() {
			c.Fault, c.Control, c.RFCAlert = "leaf.validity: "+fault, "valid-direct", []string{"decode_error"}
		}
		return c
	}
	trap := row("validity-utctime-2050-trap", Refuse, "RFC 5280 §4.1.2.5.1: a UTCTime of YY >= 50 is 19YY",
		"the device certificate ends in '51, written as UTCTime and meant as 2051", "ended in 1951", "expired",
		rawTimes(func(begin time.Time, _ []byte) (from, to []byte) {
			return timeOf(certfactory.TagUTCTime, begin.Format(utcTime)), timeOf(certfactory.TagUTCTime, "510101000000Z")
		}))
	trap.Clauses, trap.RFCAlert = []string{"DC-CHAIN-12"}, []string{"certificate_expired"}
	return []Case{
		trap,
		row("validity-generalizedtime-early", Either, "RFC 5280 §4.1.2.5: dates through 2049 MUST be UTCTime",
			"the dates of the device certificate are GeneralizedTime before 2050", "", "",
			times(certfactory.TagGeneralizedTime, "20060102150405", "Z", -time.Hour, 365*day)),
		row("validity-no-seconds", RefuseShould, "RFC 5280 §4.1.2.5.1: MUST include seconds",
			"the dates of the device certificate have no seconds", "no seconds", "not-der",
			times(certfactory.TagUTCTime, "0601021504", "Z", -time.Hour, 365*day)),
		row("validity-offset", RefuseShould, "RFC 5280 §4.1.2.5.1: MUST be expressed in Greenwich Mean Time",
			"the dates of the device certificate carry the offset +0100", "offset +0100", "not-der",
			times(certfactory.TagUTCTime, "060102150405", "+0100", -time.Hour, 365*day)),
		row("validity-fraction", RefuseShould, "RFC 5280 §4.1.2.5.2: MUST NOT include fractional seconds",
			"the dates of the device certificate are GeneralizedTime with half a second", "fraction of a second", "tls",
			times(certfactory.TagGeneralizedTime, "20060102150405", ".5Z", -time.Hour, 365*day)),
		row("validity-month-13", RefuseShould, "X.680: there are twelve months",
			"the device certificate ends in month 13", "month 13", "tls",
			rawTimes(func(begin time.Time, _ []byte) (from, to []byte) {
				return timeOf(certfactory.TagUTCTime, begin.Format(utcTime)), timeOf(certfactory.TagUTCTime, begin.AddDate(1, 0, 0).Format("06")+"1301000000Z")
			})),
	}
}
