"""A visitor: GETs at a fixed rate, each on a connection of its own. Prints what went wrong and what took longest."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time

address, host, path = sys.argv[1], sys.argv[2], sys.argv[3]
seconds, rate = float(sys.argv[4]), float(sys.argv[5])
done, lock = [], threading.Lock()


def visit(due):
    began = time.monotonic()
    try:
        connection = http.client.HTTPConnection(address, 80, timeout=10)
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        what = str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        what = type(error).__name__
    with lock:
        done.append((due, what, (time.monotonic() - began) * 1000))


start = time.monotonic()
visitors = []
for number in range(int(seconds * rate)):
    due = number / rate
    time.sleep(max(0, start + due - time.monotonic()))
    visitors.append(threading.Thread(target=visit, args=(due,)))
    visitors[-1].start()
for visitor in visitors:
    visitor.join()
failed = [one for one in done if one[1] != "200"]
times = sorted(one[2] for one in done)
print(json.dumps({
    "requests": len(done),
    "failed": len(failed),
    "first_failures": sorted(failed)[:5],
    "longest_ms": round(times[-1]),
    "median_ms": round(times[len(times) // 2], 1),
    "slower_than_250_ms": sum(one > 250 for one in times),
}))
