package broker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

var (
	errMalformed = errors.New("malformed packet")
	errProtocol  = errors.New("protocol violation")
	errOversize  = errors.New("packet exceeds the limit")
)

// read returns the next packet, with its type and flags checked. The client may keep
// silent for idle (0: for ever), but what it has begun it must finish soon.
func (c *client) read(idle time.Duration, limit int) (packets.FixedHeader, []byte, error) {
	var header packets.FixedHeader
	if err := c.readDeadline(idle); err != nil {
		return header, nil, err
	}
	first, err := c.ReadByte()
	if err != nil {
		return header, nil, err
	}
	if err := c.readDeadline(c.broker.config.Timeouts.Packet); err != nil {
		return header, nil, err
	}
	if err := header.Decode(first); err != nil { // MQTT-2.2.2-2
		return header, nil, err
	}
	if header.Remaining, err = remainingLength(c); err != nil {
		return header, nil, err
	}
	if header.Remaining > limit {
		return header, nil, errOversize
	}
	body := make([]byte, header.Remaining)
	if _, err := io.ReadFull(c.stream, body); err != nil {
		return header, nil, err
	}
	return header, body, nil
}

// ReadByte makes a client an io.ByteReader. TLS hands out whole records, so that there
// is no need for a buffer of our own, which each idle client would have to keep.
func (c *client) ReadByte() (byte, error) {
	for {
		n, err := c.stream.Read(c.scratch[:])
		if n == 1 {
			return c.scratch[0], nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// remainingLength reads the Remaining Length: at most four bytes (MQTT 3.1.1 section 2.2.3).
func remainingLength(r io.ByteReader) (int, error) {
	length := 0
	for shift := 0; shift < 28; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		length |= int(b&0x7f) << shift
		if b&0x80 == 0 {
			return length, nil
		}
	}
	return 0, errMalformed
}

// send writes one packet. A client that is too slow to take it is dropped by the error.
func (c *client) send(p packets.Packet) error {
	p.ProtocolVersion = 4
	var buf bytes.Buffer
	if err := encode(&p, &buf); err != nil {
		return fmt.Errorf("encode packet: %w", err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.broker.config.Timeouts.Write)); err != nil {
		return err
	}
	_, err := c.stream.Write(buf.Bytes())
	return err
}

func encode(p *packets.Packet, buf *bytes.Buffer) error {
	switch p.FixedHeader.Type {
	case packets.Connack:
		return p.ConnackEncode(buf)
	case packets.Publish:
		return p.PublishEncode(buf)
	case packets.Puback:
		return p.PubackEncode(buf)
	case packets.Pubrec:
		return p.PubrecEncode(buf)
	case packets.Pubrel:
		return p.PubrelEncode(buf)
	case packets.Pubcomp:
		return p.PubcompEncode(buf)
	case packets.Suback:
		return p.SubackEncode(buf)
	case packets.Unsuback:
		return p.UnsubackEncode(buf)
	case packets.Pingresp:
		return p.PingrespEncode(buf)
	default:
		return fmt.Errorf("packet type %d is not a server's", p.FixedHeader.Type)
	}
}
