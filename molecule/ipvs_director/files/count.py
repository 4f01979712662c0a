#!/usr/bin/env python3
"""count.py TIMES NAME=HOST:PORT...: that many requests to each, every one a connection of its own; who answered, as JSON.

An IPv6 address stands in brackets.
"""

import collections
import http.client
import json
import sys


def ask(place):
    host, _colon, port = place.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=3)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        if answer.getheader("X-Sorry"):
            return "sorry %s %d %s %s" % (answer.getheader("X-Sorry"), answer.status, answer.getheader("Retry-After"),
                                          answer.getheader("Cache-Control"))
        return answer.getheader("X-Server") or "nameless"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


counts = {}
for text in sys.argv[2:]:
    name, place = text.split("=")
    counts[name] = collections.Counter(ask(place) for _ in range(int(sys.argv[1])))
print(json.dumps(counts))
