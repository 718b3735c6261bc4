package device_test

import (
	"crypto/tls"
)

// acknowledging answers PUBLISH to "s/us" with 64 bytes, and PUBREL, without allocating.
func acknowledging(conn *tls.Conn) {
	var buffer [256]byte
	have := 0
	for {
		n, err := conn.Read(buffer[have:])
		if err != nil {
			return
		}
		have += n
		for have >= 4 && have >= 2+int(buffer[1]) {
			switch id := buffer[8:10]; buffer[0] {
			case 0x32:
				_, err = conn.Write(append(buffer[200:200], 0x40, 2, id[0], id[1]))
			case 0x34:
				_, err = conn.Write(append(buffer[200:200], 0x50, 2, id[0], id[1]))
			case 0x62:
				_, err = conn.Write(append(buffer[200:200], 0x70, 2, buffer[2], buffer[3]))
			}
			if err != nil {
				return
			}
			size := 2 + int(buffer[1])
			have = copy(buffer[:], buffer[size:have])
		}
	}
}
