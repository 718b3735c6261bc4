#!/usr/bin/env python3
"""A driver of chainmail: trust anchors of a platform with a REST interface, by nothing but the standard library."""
import base64, json, os, ssl, sys, urllib.error, urllib.request

BASE, TENANT, USER = os.environ["REST"], "t1", "t1/admin"
PASSWORD = open("t1-admin.password").read().strip()
TRUST = ssl.create_default_context(cafile="ca.pem")
ANCHORS = f"/tenant/tenants/{TENANT}/trusted-certificates"


def ask(method, path, body=None):
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    request = urllib.request.Request(BASE + path, json.dumps(body).encode() if body else None, headers, method=method)
    try:
        return urllib.request.urlopen(request, context=TRUST).status
    except urllib.error.HTTPError as e:
        return e.code


def answer(r):
    if r["op"] == "hello":
        return {"operations": ["addAnchors", "removeAnchors", "findUser", "disableUser", "deleteUser"]}
    if r["op"] == "addAnchors":
        bodies = [{"name": a["name"], "certInPemFormat": a["pem"], "autoRegistrationEnabled": a["autoRegistration"],
                   "status": "ENABLED" if a["enabled"] else "DISABLED"} for a in r["anchors"]]
        statuses = [ask("POST", ANCHORS, body) for body in bodies]
        return {"answers": [{"accepted": s in (201, 409), "status": s, "detail": f"upload answered {s}"} for s in statuses]}
    if r["op"] == "removeAnchors":
        return {"statuses": [ask("DELETE", f"{ANCHORS}/{a['fingerprint']}") for a in r["anchors"]]}
    method, body = {"findUser": ("GET", None), "disableUser": ("PUT", {"enabled": False}), "deleteUser": ("DELETE", None)}[r["op"]]
    status = ask(method, f"/user/{TENANT}/users/{r['user']}", body)
    return {"ok": status in (200, 204, 404), "error": f"{method} of the user answered {status}", "found": status == 200}


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], "ok": True, **answer(request)}), flush=True)
