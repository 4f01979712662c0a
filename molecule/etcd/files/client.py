"""client.py write FILE SECONDS | check FILE: writes keys below /writer/ over the JSON gateway, as agents will; prints JSON.

write notes in FILE what was acknowledged, until SECONDS have passed or FILE.stop is there; a member that does not answer within a second is
left for the next one. check reads them all again. ENDPOINTS, CA, PASSWORD come by the environment.
"""

import base64
import http.client
import json
import os
import ssl
import sys
import time
import urllib.parse

CONTEXT = ssl.create_default_context(cafile=os.environ["CA"])
ENDPOINTS = os.environ["ENDPOINTS"].split(",")
tokens = {}


def coded(text):
    return base64.b64encode(text.encode()).decode()


def call(at, path, body, token=None, timeout=1.0):
    url = urllib.parse.urlsplit(at)
    connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=timeout, context=CONTEXT)
    try:
        connection.request("POST", "/v3/" + path, json.dumps(body), {"Authorization": token} if token else {})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            tokens.pop(at, None)
            raise OSError("%d %s" % (response.status, text.decode()))
        return json.loads(text)
    finally:
        connection.close()


def as_writer(at, path, body, timeout=1.0):
    if at not in tokens:
        tokens[at] = call(at, "auth/authenticate", {"name": "writer", "password": os.environ["PASSWORD"]}, timeout=timeout)["token"]
    return call(at, path, body, tokens[at], timeout)


def write(path, seconds):
    begin = last = time.monotonic()
    longest, number, errors = 0.0, 0, 0
    with open(path, "a", encoding="ascii") as done:
        while time.monotonic() - begin < float(seconds) and not os.path.exists(path + ".stop"):
            key = "/writer/%d-%d" % (os.getpid(), number)
            try:
                as_writer(ENDPOINTS[errors % len(ENDPOINTS)], "kv/put", {"key": coded(key), "value": coded(str(number))})
            except (OSError, http.client.HTTPException):
                errors += 1
                continue
            now = time.monotonic()
            longest, last, number = max(longest, now - last), now, number + 1
            done.write(key + "\n")
            done.flush()
            time.sleep(0.02)
    print(json.dumps({"written": number, "longest_ms": round(1000 * longest), "errors": errors}))


def check(path):
    with open(path, encoding="ascii") as handle:
        keys = handle.read().split()
    answer = as_writer(ENDPOINTS[0], "kv/range", {"key": coded("/writer/"), "range_end": coded("/writer0"), "keys_only": True}, timeout=20)
    there = {base64.b64decode(one["key"]).decode() for one in answer.get("kvs", [])}
    print(json.dumps({"acknowledged": len(keys), "lost": len(set(keys) - there)}))


{"write": write, "check": check}[sys.argv[1]](*sys.argv[2:])
