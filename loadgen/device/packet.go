package device

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// violation is a packet so malformed that the connection cannot go on, MQTT-4.8.0-1. It is an error inside this package only:
// to callers it is an observation.
type violation struct{ text string }

func (v *violation) Error() string { return v.text }

func malformed(format string, args ...any) error {
	return &violation{text: fmt.Sprintf(format, args...)}
}

const (
	restingBuffer = 64   // enough for acknowledgements; a thousand idle devices hold a thousand of these
	keptBuffer    = 512  // a larger one is given back when it is empty
	promptGrowth  = 4096 // up to here the announced length is believed before the bytes are there
)

// packetReader cuts the stream into Control Packets. The codec's own reader is not used: it allocates whatever length the peer
// announces, reads byte by byte, and takes short fields for whole ones.
type packetReader struct {
	src     io.Reader
	limit   int // of Remaining Length
	buf     []byte
	at, end int   // buf[at:end] is not yet consumed
	size    int   // of the packet at at, once frame has found it
	err     error // of src, kept until the bytes that came with it are used up
}

func newPacketReader(src io.Reader, limit int) *packetReader {
	return &packetReader{src: src, limit: limit, buf: make([]byte, restingBuffer)}
}

// next returns the next packet and its type. Other errors than *violation are those of the source; io.ErrUnexpectedEOF stands for a source
// that ended inside a packet.
func (r *packetReader) next() (kind byte, packet packets.ControlPacket, err error) {
	first, body, err := r.frame()
	if err != nil {
		return first >> 4, nil, err
	}
	packet, err = decode(first, body)
	r.release()
	return first >> 4, packet, err
}

// frame returns the first byte and the body of the next packet as they lie in the buffer, until release. Its errors are those of
// next.
func (r *packetReader) frame() (first byte, body []byte, err error) {
	header, length, err := r.header()
	if err != nil {
		return 0, nil, err
	}
	first = r.buf[r.at]
	if length > r.limit {
		return first, nil, malformed("%s of %d bytes, more than the %d allowed for", typeName(first>>4), length, r.limit)
	}
	if err := r.fill(header + length); err != nil {
		return first, nil, err
	}
	r.size = header + length
	return first, r.buf[r.at+header : r.at+r.size], nil
}

// release gives the packet of frame back.
func (r *packetReader) release() {
	r.at += r.size
	if r.at == r.end && len(r.buf) > keptBuffer {
		r.buf, r.at, r.end = make([]byte, restingBuffer), 0, 0
	}
}

// header returns the length of the fixed header and the Remaining Length, without consuming either.
func (r *packetReader) header() (header, length int, err error) {
	for i := range 4 {
		if err := r.fill(2 + i); err != nil {
			return 0, 0, err
		}
		digit := r.buf[r.at+1+i]
		length |= int(digit&0x7f) << (7 * i)
		if digit&0x80 == 0 {
			return 2 + i, length, nil
		}
	}
	return 0, 0, malformed("Remaining Length of more than 4 bytes")
}

// fill reads until need bytes are unconsumed.
func (r *packetReader) fill(need int) error {
	for r.end-r.at < need {
		if err := r.more(need); err != nil {
			if err == io.EOF && r.end > r.at {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// more reads once. The buffer grows with what has arrived rather than with what was announced.
func (r *packetReader) more(need int) error {
	if r.err != nil {
		return r.err
	}
	if r.at > 0 {
		r.end = copy(r.buf, r.buf[r.at:r.end])
		r.at = 0
	}
	if r.end == len(r.buf) || (need > len(r.buf) && need <= promptGrowth) {
		grown := make([]byte, min(max(need, 2*len(r.buf)), max(2*len(r.buf), promptGrowth)))
		copy(grown, r.buf[:r.end])
		r.buf = grown
	}
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	if n > 0 && !timedOut(err) {
		// crypto/tls may return bytes together with io.EOF.
		r.err = err
		return nil
	}
	return err
}

// decode takes one packet apart after checking what the codec would let pass.
func decode(first byte, body []byte) (packets.ControlPacket, error) {
	kind, flags := first>>4, first&0x0f
	if err := checkShape(kind, flags, len(body)); err != nil {
		return nil, err
	}
	packet, err := packets.NewControlPacketWithHeader(packets.FixedHeader{
		MessageType: kind, Dup: flags&8 != 0, Qos: flags >> 1 & 3, Retain: flags&1 != 0, RemainingLength: len(body),
	})
	if err != nil {
		return nil, malformed("packet of reserved type %d", kind)
	}
	if !fromServer(kind) {
		return packet, nil // the body does not matter, it should not be here
	}
	// A bytes.Buffer, because the codec reads an empty payload and takes the io.EOF of other readers for a fault.
	if err := packet.Unpack(bytes.NewBuffer(body)); err != nil {
		return nil, malformed("malformed %s: %v", typeName(kind), err)
	}
	if id := packet.Details().MessageID; id == 0 && hasIdentifier(packet) {
		return nil, malformed("%s with packet identifier 0, MQTT-2.3.1-1", typeName(kind))
	}
	if publish, ok := packet.(*packets.PublishPacket); ok {
		return packet, checkName(publish.TopicName)
	}
	if kind == packets.Connack && body[0] > 1 {
		return nil, malformed("CONNACK with reserved flags %#02x, MQTT 3.1.1 §3.2.2.1", body[0])
	}
	return packet, nil
}

// checkShape holds the fixed header against MQTT 3.1.1 §2.2 and the length against what the type needs.
func checkShape(kind, flags byte, length int) error {
	switch kind {
	case packets.Publish:
		if flags>>1&3 == 3 {
			return malformed("PUBLISH with QoS 3, MQTT-3.3.1-4")
		}
		if least := 2 + 2*min(1, int(flags>>1&3)); length < least {
			return malformed("PUBLISH of %d bytes", length)
		}
		return nil
	case packets.Pubrel:
		if flags != 2 {
			return malformed("PUBREL with flags %#x, MQTT-3.6.1-1", flags)
		}
	case packets.Connack, packets.Puback, packets.Pubrec, packets.Pubcomp, packets.Suback, packets.Unsuback, packets.Pingresp:
		if flags != 0 {
			return malformed("%s with flags %#x, MQTT-2.2.2-2", typeName(kind), flags)
		}
	default:
		return nil
	}
	least, most := 2, 2
	switch kind {
	case packets.Pingresp:
		least, most = 0, 0
	case packets.Suback:
		least, most = 3, length // a return code at least
	}
	if length < least || length > most {
		return malformed("%s of %d bytes", typeName(kind), length)
	}
	return nil
}

// checkName applies to the Topic Name of a received PUBLISH.
func checkName(topic string) error {
	switch {
	case topic == "":
		return malformed("PUBLISH with an empty topic name, MQTT-4.7.3-1")
	case !utf8.ValidString(topic), strings.ContainsRune(topic, 0):
		return malformed("PUBLISH with topic name %q, MQTT-1.5.3-1", topic)
	case strings.ContainsAny(topic, "+#"):
		return malformed("PUBLISH with wildcard in topic name %q, MQTT-3.3.2-2", topic)
	}
	return nil
}

func fromServer(kind byte) bool {
	switch kind {
	case packets.Connack, packets.Publish, packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp,
		packets.Suback, packets.Unsuback, packets.Pingresp:
		return true
	}
	return false
}

func hasIdentifier(p packets.ControlPacket) bool {
	switch p := p.(type) {
	case *packets.ConnackPacket, *packets.PingrespPacket:
		return false
	case *packets.PublishPacket:
		return p.Qos > 0
	}
	return true
}

func typeName(kind byte) string {
	if name, ok := packets.PacketNames[kind]; ok {
		return name
	}
	return fmt.Sprintf("packet of type %d", kind)
}

// acknowledgement reads a packet that says nothing but what it answers, which is all that comes back to a device that publishes
// and stays: the codec would allocate for each. What is not well-formed is left to decode, which says why.
func acknowledgement(first byte, body []byte) (kind byte, id uint16, ok bool) {
	switch kind = first >> 4; {
	case first&0x0f != 0:
		return 0, 0, false
	case kind == packets.Pingresp:
		return kind, 0, len(body) == 0
	case kind == packets.Puback, kind == packets.Pubrec, kind == packets.Pubcomp:
		if len(body) != 2 {
			return 0, 0, false
		}
		id = binary.BigEndian.Uint16(body)
		return kind, id, id != 0
	}
	return 0, 0, false
}
