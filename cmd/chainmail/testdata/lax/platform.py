"""A platform that is wrong in another way than any of ours: on OpenSSL, it asks each
device for a certificate, has it prove that it holds the key, and minds nothing else.

platform.py CERTIFICATE KEY  prints its port and answers every CONNECT with CONNACK 0.
"""
import socket
import sys
import threading

from OpenSSL import SSL

context = SSL.Context(SSL.TLS_METHOD)
context.set_cipher_list(b"ALL:@SECLEVEL=0")
context.use_certificate_file(sys.argv[1])
context.use_privatekey_file(sys.argv[2])
context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
context.set_verify_depth(100)
context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listener.getsockname()[1], flush=True)


def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls = SSL.Connection(context, connection)
    tls.set_accept_state()
    try:
        tls.do_handshake()
        tls.recv(65536)  # CONNECT
        tls.sendall(b"\x20\x02\x00\x00")
        while tls.recv(65536)[0] == 0xC0:  # PINGREQ
            tls.sendall(b"\xd0\x00")
        tls.shutdown()
    except SSL.Error:
        pass  # the device has gone, or OpenSSL could not read its certificate
    finally:
        connection.close()


while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
