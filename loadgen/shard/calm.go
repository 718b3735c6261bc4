package shard

import (
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/machine"
)

// calm is for how long all devices must have been held, and none be on its way, before
// memory is given back. A run that ends when its devices have come is over by then.
const calm = time.Second

// rest gives memory back to the system once the last arrival has done its steps.
// Devices that are held for hours make hardly any garbage, so that without this what
// the ramp has left behind would stay for as long.
func (s *Shard) rest() {
	over := make(chan struct{})
	go func() {
		s.stepping.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-s.leave:
		return
	case <-s.crowd.empty(): // nobody stays
		return
	}
	timer := time.NewTimer(calm)
	defer timer.Stop()
	select {
	case <-timer.C:
		machine.GiveBack()
	case <-s.leave:
	case <-s.crowd.empty():
	}
}
