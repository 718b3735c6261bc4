package cases

import (
	_ "embed"
	"encoding/json"
	"sync"
)

// An Oracle is a program that the catalogue was run through, for a second
// opinion. It is no judge: what a row expects stands in its [Case].
type Oracle struct {
	ID      string `json:"id"`      // "openssl-verify", "openssl-tls", "java-tls"
	Program string `json:"program"` // what was run, in a few words
	Version string `json:"version"`
}

// An Opinion is what an oracle made of a row: "accepted", "error 10" of openssl
// verify, "alert 45 certificate_expired" of a TLS server, or in a few words why
// there is neither.
type Opinion struct {
	Oracle  Oracle
	Verdict string
}

// Accepted reports whether the oracle accepted the row.
func (o Opinion) Accepted() bool { return o.Verdict == accepted }

const accepted = "accepted"

// opinions is the form of oracles.json.
type opinions struct {
	Oracles  []Oracle                     `json:"oracles"`
	Verdicts map[string]map[string]string `json:"verdicts"` // by id of the row, then of the oracle
}

//go:embed oracles.json
var oraclesJSON []byte

var readOpinions = sync.OnceValue(func() opinions {
	var o opinions
	// The tests read the same bytes, and compare them with the oracles.
	_ = json.Unmarshal(oraclesJSON, &o)
	return o
})

// Oracles returns the programs that gave their opinion.
func Oracles() []Oracle { return append([]Oracle(nil), readOpinions().Oracles...) }

// Opinions returns what the oracles made of the row, in the order of [Oracles];
// an oracle that was not asked is left out.
func (c Case) Opinions() []Opinion {
	var list []Opinion
	for _, o := range readOpinions().Oracles {
		if verdict, ok := readOpinions().Verdicts[c.ID][o.ID]; ok {
			list = append(list, Opinion{o, verdict})
		}
	}
	return list
}
