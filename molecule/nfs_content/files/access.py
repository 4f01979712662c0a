"""access.py PATH TIMES [PAUSE_S]: opens and reads a file so often; prints JSON: longest (seconds), outcomes (how often each)."""

import collections
import json
import os
import sys
import time

outcomes, longest = collections.Counter(), 0.0
for _time in range(int(sys.argv[2])):
    began = time.monotonic()
    try:
        with open(sys.argv[1], "rb") as handle:
            handle.read(1)
        outcome = "ok"
    except OSError as error:
        outcome = os.strerror(error.errno)
    outcomes[outcome] += 1
    longest = max(longest, time.monotonic() - began)
    time.sleep(float((sys.argv[3:] or ["0"])[0]))
print(json.dumps({"longest": round(longest, 2), "outcomes": dict(outcomes)}))
