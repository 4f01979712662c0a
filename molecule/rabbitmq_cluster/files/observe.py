"""Lets client.py publish and consume from a node while something is broken from here.

Prints what it saw. The password is in SHOP_PASSWORD.
"""

import argparse
import pathlib
import subprocess
import sys
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--node", required=True, help="container that writes")
parser.add_argument("--address", required=True, help="proxy")
parser.add_argument("--seconds", default="7")
parser.add_argument("--until-done", action="store_true", help="write until the fault's command has ended, and not longer than seconds")
parser.add_argument("--fault", required=True)
options = parser.parse_args()
STOP = "/run/stop"


def docker(*command, **more):
    return subprocess.run(["docker", "exec", *command], check=False, **more)


def break_it():
    time.sleep(2)
    begin = time.monotonic()
    done = subprocess.run(["/bin/sh", "-c", options.fault], capture_output=True, text=True, check=False)
    result.update(rc=done.returncode, seconds=round(time.monotonic() - begin, 1), output=done.stdout + done.stderr)
    if options.until_done:
        docker(options.node, "touch", STOP)


result = {}
docker(options.node, "rm", "-f", STOP)
thread = threading.Thread(target=break_it)
thread.start()
script = pathlib.Path(__file__).with_name("client.py").read_bytes()
arguments = ["--seconds", options.seconds] + (["--until-file", STOP] if options.until_done else [])
seen = docker("-i", "-e", "SHOP_PASSWORD", options.node, "python3", "-", "load", options.address, *arguments,
              input=script, capture_output=True)
thread.join()
if result["rc"] != 0:
    sys.exit("the fault's command failed: %s" % result["output"][-3000:])
if seen.returncode:
    sys.exit(seen.stderr.decode()[-3000:])
print(seen.stdout.decode().strip())
print(result["output"].strip().splitlines()[-1] if "declared" in result["output"] else "")
