# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a run of a playbook takes that has nothing to change: wall time and the controller's processor time, medians of several runs.

python3 tools/bench/site.py [--runs 3] [--playbook site.yml] [--inventory inventories/lab] CHECKOUT [CHECKOUT ...]

Each checkout needs its own lab, converged by itself, and its own .venv. With several the ratio to the first is printed; compare
them on one machine in one sitting only. A run that changes something is an error: it would measure something else.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import time


def one(checkout, playbook, inventory):
    """(wall, processor) seconds of one run and what it says of its hosts."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([".venv/bin/ansible-playbook", "-i", inventory, playbook], cwd=checkout, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "NO_COLOR": "1"})
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit("%s: %s failed:\n%s" % (checkout, playbook, done.stdout[-3000:]))
    changed = re.findall(r"^(\S+) .*\bchanged=([1-9]\d*)", done.stdout, re.M)
    if changed:
        sys.exit("%s: this run changed something on %s: run it until it changes nothing." % (checkout, ", ".join(h for h, _n in changed)))
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, len(re.findall(r"\bchanged=0\b", done.stdout))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--playbook", default="site.yml")
    parser.add_argument("--inventory", default="inventories/lab")
    parser.add_argument("checkouts", nargs="+")
    args = parser.parse_args()
    first = None
    for checkout in args.checkouts:
        runs = [one(checkout, args.playbook, args.inventory) for _run in range(args.runs)]
        wall, processor = (statistics.median(run[n] for run in runs) for n in (0, 1))
        first = first or (wall, processor)
        print("%s: %d hosts, wall %s s, median %.1f; controller's processor %s s, median %.1f; to the first %.2f and %.2f; load %.1f" % (
            checkout, runs[0][2], " ".join("%.1f" % run[0] for run in runs), wall, " ".join("%.1f" % run[1] for run in runs), processor,
            wall / first[0], processor / first[1], os.getloadavg()[0]), flush=True)


if __name__ == "__main__":
    main()
