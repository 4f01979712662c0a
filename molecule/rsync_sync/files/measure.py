"""measure.py CONTENT TIMES: bare rsync and the pull of a content without a change, in turns; medians in ms, and their ratio.

Bare rsync is what somebody would write into cron: the same transport, login, options and --delete.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time

content, times = sys.argv[1], int(sys.argv[2])
config = json.loads(pathlib.Path("/etc/failover-content", content + ".json").read_text(encoding="utf-8"))
bare = ["rsync", *config["options"], "--delete", config["from"], config["target"] + "/"]
commands = {"bare": bare, "ours": ["/usr/local/sbin/failover-content", "run", content]}
took = {name: [] for name in commands}
for number in range(times):
    for name in sorted(commands, reverse=number % 2 == 1):
        began = time.monotonic()
        subprocess.run(commands[name], check=True, stdout=subprocess.DEVNULL)
        took[name].append((time.monotonic() - began) * 1000)
medians = {name: round(statistics.median(values)) for name, values in took.items()}
print(json.dumps({**medians, "ratio": round(medians["ours"] / medians["bare"], 2), "all": {
    name: [round(value) for value in values] for name, values in took.items()}}))
