package refimpl

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

// A single listener has one connection, in memory: there a clock can go on that is not the real one.
type single struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *single) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *single) Close() error {
	close(l.closed)
	return nil
}

func (l *single) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// TestWhoTakesTooLongOverHTTPIsCutOff holds the time-outs of the HTTP servers against a clock of its
// own.
func TestWhoTakesTooLongOverHTTPIsCutOff(t *testing.T) {
	const header = "POST / HTTP/1.1\r\nHost: localhost\r\n"
	for _, tt := range []struct {
		name string
		send string // over TLS; empty: there is not even a handshake
		want time.Duration
	}{
		{"silence instead of a handshake", "", 10 * time.Second},
		{"header that does not end", header, 10 * time.Second},
		{"body that does not end", header + "Content-Length: 9\r\n\r\nhalf", 30 * time.Second},
		{"silence after a request", header + "Content-Length: 0\r\n\r\n", 2 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, roots := serveSingle(t)
				began := time.Now()
				if tt.send != "" {
					client := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "localhost"})
					if _, err := io.WriteString(client, tt.send); err != nil {
						t.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, bufio.NewReader(client)); err != nil {
						t.Fatal(err)
					}
				} else if _, err := io.Copy(io.Discard, conn); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != tt.want {
					t.Errorf("cut off after %v, want %v", took, tt.want)
				}
			})
		})
	}
}

// serveSingle starts one of the platform's HTTP servers and connects to it.
func serveSingle(t *testing.T) (net.Conn, *x509.CertPool) {
	t.Helper()
	authority, err := newAuthority([]string{"localhost"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	limits, err := Limits{}.withDefaults(1)
	if err != nil {
		t.Fatal(err)
	}
	s := server(httpLog(slog.New(slog.DiscardHandler), "rest"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}), limits.REST)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{authority.server}}
	listener := &single{make(chan net.Conn), make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- s.ServeTLS(listener, "", "") }()
	ours, theirs := net.Pipe()
	listener.conns <- theirs
	t.Cleanup(func() {
		if err := errors.Join(ours.Close(), s.Close()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.pem)
	return ours, roots
}

// The table says what holds.
func TestLimitTableHasTheDefaults(t *testing.T) {
	l, err := Limits{}.withDefaults(20_000)
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{}
	collect(defaults, "", reflect.ValueOf(l))
	maps.Copy(defaults, map[string]string{
		"mqtt.connections": "3/4 of open files", "rest.connections": "1/5 of open files",
		"mqtt.connectionsPerAddress": "none", "rest.connectionsPerAddress": "none",
	})
	for _, row := range LimitTable() {
		if row.Default != defaults[row.Key] {
			t.Errorf("%s: the table says %s, the default is %s", row.Key, row.Default, defaults[row.Key])
		}
	}
	if l.MQTT.Connections != 15_000 || l.REST.Connections != 4_000 {
		t.Errorf("connections %d and %d", l.MQTT.Connections, l.REST.Connections)
	}
}

func collect(into map[string]string, path string, v reflect.Value) {
	for i := range v.NumField() {
		key, value := v.Type().Field(i).Tag.Get("yaml"), v.Field(i)
		switch {
		case key == ",inline":
			collect(into, path, value)
		case value.Kind() == reflect.Struct:
			collect(into, path+key+".", value)
		default:
			into[path+key] = fmt.Sprint(value.Interface())
		}
	}
}

// TestWhoDoesNotReadHTTP lets a client come back for its answer before the time is over, and after.
func TestWhoDoesNotReadHTTP(t *testing.T) {
	for _, tt := range []struct {
		after    time.Duration
		answered bool
	}{{39 * time.Second, true}, {41 * time.Second, false}} {
		t.Run(tt.after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, roots := serveSingle(t)
				client := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "localhost", MaxVersion: tls.VersionTLS12})
				if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.after)
				answer, _ := io.ReadAll(io.LimitReader(client, 12))
				if got := string(answer) == "HTTP/1.1 204"; got != tt.answered {
					t.Errorf("answer %q, want one: %v", answer, tt.answered)
				}
			})
		})
	}
}
