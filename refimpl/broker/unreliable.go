package broker

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// whimsical is the reason of a refusal that has none.
const whimsical trust.Reason = "whim"

// turns count what happened, for deviations that show every so many times.
type turns struct{ connections, connects, tokens, accepted atomic.Int64 }

// lostEarly reports whether the connection is dropped before anything was said on it.
func (c *client) lostEarly() bool {
	switch {
	case c.has(deviation.ClosesEveryTenth):
		return c.broker.turns.connections.Add(1)%10 == 0
	case c.has(deviation.ResetsEveryTenth):
		if c.broker.turns.connections.Add(1)%10 != 0 {
			return false
		}
		if tcp, ok := c.conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // what is left to send is thrown away: a reset
		}
		_ = c.conn.Close()
		return true
	}
	return false
}

// whim refuses a good client for no good reason.
func (c *client) whim() (byte, *trust.Refusal) {
	if c.has(deviation.RefusesEveryTenth) && c.broker.turns.connects.Add(1)%10 == 0 {
		return notAuthorized, refuse(whimsical, "it is the turn of a tenth device")
	}
	return accepted, nil
}

// dawdle holds CONNACK up.
func (c *client) dawdle() {
	if !c.has(deviation.AnswersLate) {
		return
	}
	select {
	case <-time.After(time.Minute):
	case <-c.broker.closing:
	}
}

// tire stops serving after a while, the listener still open.
func (b *Broker) tire() {
	if b.config.Deviations.Has(deviation.StopsAccepting) && b.turns.accepted.Add(1) >= 100 {
		<-b.closing
	}
}

// forgetsTokenRequest reports whether a request for a token is overlooked.
func (c *client) forgetsTokenRequest() bool {
	return c.has(deviation.ForgetsTokenRequests) && c.broker.turns.tokens.Add(1)%5 == 0
}
