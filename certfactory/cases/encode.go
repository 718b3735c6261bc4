package cases

import (
	"crypto/x509"
	"math/big"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// Short words for the DER of mutations.

const critical = true

var (
	derTrue  = []byte{certfactory.TagBoolean, 1, 0xff}
	derFalse = []byte{certfactory.TagBoolean, 1, 0}
)

func sequence(contents ...[]byte) []byte {
	return certfactory.Element(certfactory.TagSequence, contents...)
}

// integer encodes an INTEGER of one octet.
func integer(n int8) []byte { return []byte{certfactory.TagInteger, 1, byte(n)} }

// bigInteger encodes an INTEGER that is not negative.
func bigInteger(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return certfactory.Element(certfactory.TagInteger, b)
}

// extension puts an extension in the place of that of the same identifier, or
// behind the others.
func extension(id []byte, critical bool, value []byte) option {
	return certfactory.Mutate(certfactory.SetExtension(certfactory.NewExtension(id, critical, value)))
}

// mutateBasic sets the value of basicConstraints.
func mutateBasic(critical bool, value []byte) option {
	return extension(certfactory.BasicConstraints, critical, value)
}

// without takes extensions out.
func without(ids ...[]byte) option {
	return func(c *certificate) {
		for _, id := range ids {
			certfactory.Mutate(certfactory.DropExtension(id))(c)
		}
	}
}

// mutate edits the parts under a name.
func mutate(name string, edit func(*certfactory.Parts)) option {
	return certfactory.Mutate(certfactory.Mutation{Name: name, Edit: edit})
}

// serial sets the serial number.
func serial(n *big.Int) option {
	return certfactory.With(func(t *x509.Certificate) { t.SerialNumber = n })
}

func setCA(t *x509.Certificate)    { t.IsCA, t.MaxPathLen, t.BasicConstraintsValid = true, -1, true }
func setNotCA(t *x509.Certificate) { t.IsCA, t.MaxPathLen = false, 0 }

// utcTime is the form of a UTCTime in RFC 5280 §4.1.2.5.1.
const utcTime = "060102150405Z"

func timeOf(tag byte, text string) []byte { return certfactory.Element(tag, []byte(text)) }

// times writes notBefore and notAfter, reckoned from now, in a form of its own.
// The suffix stands apart from the layout, which would read digits in it.
func times(tag byte, layout, suffix string, from, to time.Duration) option {
	return rawTimes(func(begin time.Time, _ []byte) ([]byte, []byte) {
		now := begin.Add(time.Hour)
		return timeOf(tag, now.Add(from).Format(layout)+suffix), timeOf(tag, now.Add(to).Format(layout)+suffix)
	})
}

// rawTimes replaces notBefore and notAfter; it is given the moment of the one and
// the element of the other.
func rawTimes(edit func(begin time.Time, end []byte) (from, to []byte)) option {
	return func(c *certificate) {
		var begin time.Time
		certfactory.With(func(t *x509.Certificate) { begin = t.NotBefore })(c)
		mutate("validity edited", func(p *certfactory.Parts) {
			from, to := edit(begin, timeOf(certfactory.TagUTCTime, begin.AddDate(1, 0, 0).Format(utcTime)))
			p.Validity = sequence(from, to)
		})(c)
	}
}

// validUntil sets notAfter alone.
func validUntil(end time.Time) option {
	return certfactory.With(func(t *x509.Certificate) { t.NotAfter = end })
}

func octetString(content []byte) []byte {
	return certfactory.Element(certfactory.TagOctetString, content)
}
