package refimpl

import (
	"net/http"

	"github.com/coder/websocket"
)

// maxWebSocketMessage bounds one frame of MQTT over WebSocket in bytes: a whole CONNECT at
// its largest fits in.
const maxWebSocketMessage = 512 << 10

// serveWebSocket speaks MQTT over WebSocket. The listener asks for no certificate, so that
// the broker sees none: a device with a certificate is not admitted here, a user with
// a password is (DC-TLS-03).
func (p *Platform) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{"mqtt", "mqttv3.1"}, // MQTT-6.0.0-4
		// Not a browser's page but a device decides to connect here; it brings its own password.
		InsecureSkipVerify: true,
	})
	if err != nil {
		p.config.Log.Debug("accept WebSocket", "addr", r.RemoteAddr, "err", err)
		return
	}
	if socket.Subprotocol() == "" { // MQTT-6.0.0-3
		_ = socket.Close(websocket.StatusPolicyViolation, "the subprotocol is not mqtt")
		return
	}
	socket.SetReadLimit(maxWebSocketMessage)
	p.broker.ServePlain(websocket.NetConn(r.Context(), socket, websocket.MessageBinary), *r.TLS) // MQTT-6.0.0-1
}
