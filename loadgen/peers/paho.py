"""Connect devices with Paho for Python, each with its own certificate; see process.go for what is said when."""
import ssl
import sys
import threading

import paho.mqtt.client as mqtt

host, port, ca, folder, first, end = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
subscribed = threading.Semaphore(0)


def client(i):
    arguments = {"client_id": "python-%d" % i}
    if hasattr(mqtt, "CallbackAPIVersion"):
        arguments["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION2
    c = mqtt.Client(**arguments)
    c.tls_set(ca_certs=ca, certfile="%s/%d.pem" % (folder, i), keyfile="%s/%d.key" % (folder, i), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    c.on_connect = lambda c, *_: c.subscribe("s/dat", 0)
    c.on_subscribe = lambda *_: subscribed.release()
    return c


print("ready", flush=True)
sys.stdin.readline()
clients = [client(i) for i in range(first, end)]
for c in clients:
    c.connect("localhost" if host == "127.0.0.1" else host, port)
    c.loop_start()
    subscribed.acquire()
print("done", flush=True)
sys.stdin.read()
for c in clients:
    c.disconnect()
    c.loop_stop()
