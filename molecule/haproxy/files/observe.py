"""GETs at a fixed rate, half of them on new connections, half on kept ones, while a command breaks something.

Prints JSON: requests, failed, outage_ms (the longest time from a failed or late request to the last one after it),
slowest_ms. A request that takes longer than the limit (3 s) has failed.
"""

import argparse
import http.client
import json
import queue
import subprocess
import threading
import time

options = argparse.ArgumentParser()
options.add_argument("--host", required=True)
options.add_argument("--port", type=int, default=80)
options.add_argument("--path", default="/")
options.add_argument("--time-limit", type=float, default=3)
options.add_argument("--rate", type=float, default=50)
options.add_argument("--seconds", type=float, default=8)
options.add_argument("--fault", action="append", default=[], help="SECOND:COMMAND")
options = options.parse_args()

LATE = 0.3
work, results = queue.Queue(), []
begin = time.monotonic()


def get(connection):
    connection.request("GET", options.path)
    answer = connection.getresponse()
    whole = answer.read()
    return answer.status if len(whole) == int(answer.getheader("Content-Length", -1)) else 0


def worker(keep):
    connection = None
    while True:
        due = work.get()
        if due is None:
            return
        if connection is None or not keep:
            connection = http.client.HTTPConnection(options.host, options.port, timeout=options.time_limit)
        try:
            status = get(connection)
            error = None if status == 200 else "status %d" % status
        except OSError as problem:
            status, error = 0, repr(problem)
        except http.client.HTTPException as problem:
            status, error = 0, repr(problem)
        if error or not keep:
            connection.close()
            connection = None
        results.append((due, time.monotonic() - begin, error))


threads = [threading.Thread(target=worker, args=(number % 2 == 0,)) for number in range(60)]
for thread in threads:
    thread.start()
pending = sorted((float(second), command) for second, _, command in (fault.partition(":") for fault in options.fault))
breakers = []


def run(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


for number in range(int(options.rate * options.seconds)):
    due = number / options.rate
    time.sleep(max(0, begin + due - time.monotonic()))
    while pending and pending[0][0] <= due:
        breakers.append(threading.Thread(target=run, args=(pending.pop(0)[1],)))
        breakers[-1].start()
    work.put(due)
for _ in threads:
    work.put(None)
for thread in threads + breakers:
    thread.join()

# Good ones among the bad do not end an outage (every second server is fine), half a second of good ones does.
results.sort()
outage, first, last = 0.0, None, None
for due, end, error in results:
    if not error and end - due < LATE:
        continue
    if first is None or due - last > 0.5:
        first = due
    last = due
    outage = max(outage, (due if not error else end) - first)
errors = [error for _due, _end, error in results if error]
print(json.dumps({
    "requests": len(results), "failed": len(errors), "errors": sorted(set(errors))[:5],
    "outage_ms": round(1000 * outage),
    "failed_at": [round(due, 2) for due, _end, error in results if error][:12],
    "slowest_ms": round(1000 * max(end - due for due, end, _error in results)),
}))
