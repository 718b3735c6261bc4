package device

// ahead reads the server's side of a handshake from the socket in one go, and hands it on record by record, RFC 8446 §5.1. Left
// to itself crypto/tls asks for a record and takes whatever fits beside it: it needs several reads for one flight, and a buffer
// that has grown to twice the largest record, which it keeps for the life of the connection.
type ahead struct {
	buf     [2048]byte // an ordinary flight fits
	at, end int        // buf[at:end] was not handed on yet
	header  [5]byte    // of the record that is being handed on
	seen    int        // of header
	left    int        // of the record behind its header
	last    bool       // when buf is empty all is over
}

// next hands on bytes of one record at the most. It is the header together with what follows that spares the buffer: where they
// come apart crypto/tls makes room for all of the record and half a KiB more, and doubles what it has for it.
func (a *ahead) next(p []byte) (n int) {
	if a.left == 0 {
		n = a.take(p, len(a.header)-a.seen)
		a.seen += copy(a.header[a.seen:], p[:n])
		if a.seen < len(a.header) {
			return n
		}
		a.left, a.seen = int(a.header[3])<<8|int(a.header[4]), 0
	}
	rest := a.take(p[n:], a.left)
	a.left -= rest
	return n + rest
}

// take moves up to n bytes out of buf.
func (a *ahead) take(p []byte, n int) int {
	n = copy(p, a.buf[a.at:min(a.at+n, a.end)])
	a.at += n
	return n
}
