"""Breaks one thing after the other while write.py writes from a node, and tells what each cost. The password is in SHOP_PASSWORD.

Standard input is JSON: a list of {what, fault, gap_ms}, each fault a command of the shell, gap_ms the longest outage allowed. It grows with
the processes that want each processor (lab_busy of the inventories is the same rule), and by what writers of an untouched cluster had to
wait. A fault that prints "begin SECONDS", seconds since the epoch, says by it where its outage begins to count.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--node", required=True, help="container that writes")
parser.add_argument("--address", required=True, help="proxy")
parser.add_argument("--first", required=True, help="name of the member that the proxy prefers")
parser.add_argument("--untouched", required=True, help="address of a member of another cluster")
parser.add_argument("--agents", nargs="+", required=True, help="addresses of the members and their check agents")
options = parser.parse_args()
STOP = "/run/stop"


def docker(*command, **more):
    return subprocess.run(["docker", "exec", *command], check=False, **more)


def healthy(address):
    try:
        return urllib.request.urlopen("http://%s:9200/" % address, timeout=1).status == 200
    except (urllib.error.URLError, OSError):
        return False


def everybody_back(limit):
    """For long enough that the proxy, too, has seen it twice and sends the writers back to the first member."""
    deadline = time.monotonic() + limit
    begin = None
    while time.monotonic() < deadline:
        begin = (begin or time.monotonic()) if all(healthy(address) for address in options.agents) else None
        if begin and time.monotonic() - begin > 1.5:
            return True
        time.sleep(0.2)
    return False


def back_at_first(limit):
    """Writers are at the first member again, for half a second: the proxy ends the others' connections when it sees it twice."""
    host, _colon, port = options.address.partition(":")
    os.environ["MYSQL_PWD"] = os.environ["SHOP_PASSWORD"]
    ask = ["-e", "MYSQL_PWD", options.node, "mariadb", "-h", host, "-P", port, "-u", "shop", "-NBe",
           "SELECT @@hostname"]
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if docker(*ask, capture_output=True, text=True).stdout.strip() == options.first:
            time.sleep(0.5)
            return True
        time.sleep(0.2)
    return False


faults = json.load(sys.stdin)
docker(options.node, "rm", "-f", STOP)
script = pathlib.Path(__file__).with_name("write.py").read_text(encoding="utf-8")
writing = subprocess.Popen(
    ["docker", "exec", "-e", "SHOP_PASSWORD", options.node, "python3", "-c", script, options.address, options.untouched, STOP,
     *options.agents],
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
writing.stdout.readline()
time.sleep(1)
steps, problem = [], ""
for one in faults:
    step = {"what": one["what"], "allowed_ms": one["gap_ms"], "begin": time.time()}
    done = subprocess.run(["/bin/bash", "-c", one["fault"]], capture_output=True, text=True, check=False)
    moment = re.search(r"^begin ([0-9.]+)$", done.stdout, re.M)
    step.update(seconds=round(time.time() - step["begin"], 1), counts=float(moment.group(1)) if moment else step["begin"])
    if done.returncode != 0 or not everybody_back(90):
        problem = "%s: %s" % (one["what"], (done.stdout + done.stderr)[-3000:] if done.returncode else "somebody did not come back")
    step.update(end=time.time(), load=round(max(1, os.getloadavg()[0] / os.cpu_count()), 1))
    steps.append(step)
    if problem:
        break
if not problem and not back_at_first(15):
    problem = "%s: the proxy sends writers to somebody else than the first member for longer than 15 s" % steps[-1]["what"]
docker(options.node, "touch", STOP)
out, err = writing.communicate(timeout=120)
if writing.returncode != 0:
    sys.exit("%s\nthe writer failed: %s" % (problem, err[-2000:]))
seen = json.loads(out)


def longest_ms(gaps, step):
    mine = [(max(begin, step["counts"]), end) for begin, end in gaps if end > step["counts"] and begin < step["end"]]
    return round(max([end - begin for begin, end in mine] or [0]) * 1000)


gaps, busy = seen.pop("gaps"), seen.pop("busy")
for step in steps:
    step["gap_ms"], step["busy_ms"] = longest_ms(gaps, step), longest_ms(busy, step)
    step["late"] = step["gap_ms"] > step["allowed_ms"] * step["load"] + step["busy_ms"]
keys = ("what", "gap_ms", "allowed_ms", "busy_ms", "load", "late", "seconds")
print(json.dumps(dict(seen, steps=[{key: step[key] for key in keys} for step in steps], problem=problem)))
