package device

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"testing/iotest"
)

// source is a connection that can only be read from.
type source struct {
	net.Conn
	in io.Reader
}

func (s source) Read(p []byte) (int, error) { return s.in.Read(p) }

// Whatever pieces come in and are asked for, the bytes are the same, and no reading goes beyond the end of a record; from the end
// of the handshake on nothing is held back.
func TestWireReadsAheadByRecords(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var sent []byte
		ends := map[int]bool{}
		for range 1 + r.IntN(5) {
			body := make([]byte, r.IntN(3000))
			for i := range body {
				body[i] = byte(r.IntN(256))
			}
			sent = append(sent, 22, 3, 3, byte(len(body)>>8), byte(len(body)))
			sent = append(sent, body...)
			ends[len(sent)] = true
		}
		var in io.Reader = bytes.NewReader(sent)
		switch r.IntN(3) {
		case 0:
			in = iotest.HalfReader(in)
		case 1:
			in = iotest.DataErrReader(in)
		}
		checkReading(t, r, &wire{Conn: source{in: in}, ahead: new(ahead)}, sent, ends)
	}
}

func checkReading(t *testing.T, r *rand.Rand, w *wire, sent []byte, ends map[int]bool) {
	t.Helper()
	handshake := r.IntN(len(sent) + 1)
	var got []byte
	for {
		if len(got) >= handshake && w.ahead != nil && !w.ahead.last {
			w.handshaken()
		}
		p := make([]byte, 1+r.IntN(4000))
		n, err := w.Read(p)
		for at := len(got) + 1; at < len(got)+n && w.ahead != nil; at++ {
			if ends[at] {
				t.Fatalf("a reading from %d to %d went on behind %d", len(got), len(got)+n, at)
			}
		}
		got = append(got, p[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, sent) || w.ended() != CloseFIN {
		t.Fatalf("%d bytes, ended %q; want the %d that were sent, ended %q", len(got), w.ended(), len(sent), CloseFIN)
	}
}
