package cases_test

import (
	"fmt"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// A row and its control are built on two benches: other keys and names, the same
// anchors.
func Example() {
	f := certfactory.New(certfactory.Seed{}, now)
	bad, _ := cases.ByID("expired-leaf")
	good, _ := cases.ByID(bad.Control)
	fmt.Println(bad.Expectation, bad.Clauses, bad.Fault)

	refused, err := bad.Build(cases.NewBench(f, "bad"))
	fmt.Println(len(refused.Chain), refused.Anchors[0].Name, refused.ClientID, err)
	admitted, err := good.Build(cases.NewBench(f, "good"))
	fmt.Println(len(admitted.Chain), admitted.Anchors[0].Name, admitted.ClientID, err)
	// Output:
	// refuse [DC-CHAIN-12] leaf.validity: ended
	// 2 chainmail root 7znhnlwitr device-nasb6xuelu <nil>
	// 2 chainmail root 7znhnlwitr device-yhxkuodtrx <nil>
}
