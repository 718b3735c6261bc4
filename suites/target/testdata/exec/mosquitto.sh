#!/bin/sh
# A driver of chainmail: trust anchors of mosquitto, one file each, and a restart. Reads JSON by the order of its keys.
mkdir -p trusted

restart() {
	cat anchors.pem trusted/*.pem >all.pem 2>/dev/null
	if [ -f mosquitto.pid ]; then
		kill "$(cat mosquitto.pid)"
		while kill -0 "$(cat mosquitto.pid)" 2>/dev/null; do sleep 0.02; done
	fi
	mosquitto -c mosquitto.conf -d >/dev/null 2>&1
}

fingerprints() { printf '%s\n' "$line" | grep -o '"fingerprint":"[0-9a-f]*"' | cut -d '"' -f 4; }

while IFS= read -r line; do
	id=${line#*'"id":'} id=${id%%,*}
	case $line in
	*'"op":"hello"'*) more='"operations":["addAnchors","removeAnchors"]' ;;
	*'"op":"addAnchors"'*)
		more=
		for f in $(fingerprints); do
			pem=${line#*"$f\",\"pem\":\""}
			printf '%b' "${pem%%\"*}" >"trusted/$f.pem"
			more="$more{\"accepted\":true},"
		done
		more="\"answers\":[${more%,}]" && restart
		;;
	*'"op":"removeAnchors"'*)
		for f in $(fingerprints); do rm -f "trusted/$f.pem"; done
		more='"removed":true' && restart
		;;
	esac
	echo "{\"id\":$id,\"ok\":true,$more}"
done
