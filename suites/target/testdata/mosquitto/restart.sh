#!/bin/sh
# Makes mosquitto read its trust anchors: it does so only when it starts.
if [ -f mosquitto.pid ]; then
	pid=$(cat mosquitto.pid)
	kill "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
fi
exec mosquitto -c mosquitto.conf -d
