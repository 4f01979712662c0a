# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the module ipvsadm takes, against ipvsadm alone.

Runs as root on a machine whose kernel has IPVS, with Ansible and this collection in Python's path. EMPTIES THE IPVS TABLE.

Every module is started in the same way: this Python, the module's file, its arguments in a JSON file; without the archive in which
Ansible sends a module. "The module doing nothing" is the same file with no options: it imports all it ever imports and starts no process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

MODULE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "plugins", "modules", "ipvsadm.py")


def services(count, servers, weight=1):
    """count services with so many servers each; the first server of the first service has another weight when asked."""
    result = []
    for number in range(count):
        entries = [{"address": "10.97.%d.%d" % (server, 1 + number % 250), "weight": 1} for server in range(servers)]
        result.append({"address": "10.96.%d.%d" % (number // 250, 1 + number % 250), "port": 80, "scheduler": "wrr", "servers": entries})
    result[0]["servers"][0]["weight"] = weight
    return result


def batch(described):
    lines = []
    for service in described:
        name = "-t %s:80" % service["address"]
        lines.append("-A %s -s wrr" % name)
        lines += ["-a %s -r %s:80 -g -w %d" % (name, server["address"], server["weight"]) for server in service["servers"]]
    return "\n".join(lines) + "\n"


def timed(command, text=None):
    start = time.perf_counter()
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if done.returncode:
        sys.exit("%s failed: %s %s" % (" ".join(command), done.stdout[-500:], done.stderr[-500:]))
    return took, done.stdout


class Bench:
    def __init__(self, directory, tool):
        self.directory, self.tool = directory, tool

    def clear(self):
        timed([self.tool, "-C"])

    def restore(self, text):
        return timed([self.tool, "--restore"], text)[0]

    def save(self):
        return timed([self.tool, "-Sn"])[0]

    def module(self, **options):
        path = os.path.join(self.directory, "arguments.json")
        with open(path, "w", encoding="utf-8") as handle:
            json.dump({"ANSIBLE_MODULE_ARGS": options}, handle)
        took, out = timed([sys.executable, MODULE, path])
        return took, json.loads(out)


def measure(bench, count, servers, repeats):
    full, other = services(count, servers), services(count, servers, 7)
    text = batch(full)
    times = {name: [] for name in ("restore", "apply", "nothing", "save", "unchanged", "one weight")}
    lines = {}
    for _repeat in range(repeats):
        bench.clear()
        times["restore"].append(bench.restore(text))
        bench.clear()
        for name, options in (("apply", {"services": full, "purge": True}), ("nothing", {}),
                              ("unchanged", {"services": full, "purge": True}), ("one weight", {"services": other, "purge": True})):
            took, result = bench.module(**options)
            times[name].append(took)
            lines[name] = len(result["commands"])
            if name == "nothing":
                times["save"].append(bench.save())
    bench.clear()
    return times, lines


def report(times, lines, count, servers, repeats):
    middle = {name: statistics.median(values) for name, values in times.items()}
    rows = [
        ("no change / (ipvsadm -Sn + module doing nothing)", middle["unchanged"], middle["save"] + middle["nothing"], lines["unchanged"]),
        ("full apply / ipvsadm --restore", middle["apply"], middle["restore"], lines["apply"]),
        ("one changed weight / (ipvsadm -Sn + nothing)", middle["one weight"], middle["save"] + middle["nothing"], lines["one weight"]),
    ]
    print("%d services x %d servers, medians of %d runs" % (count, servers, repeats))
    print("%-50s %10s %10s %7s %6s" % ("", "module s", "against s", "ratio", "lines"))
    for name, mine, bare, sent in rows:
        print("%-50s %10.3f %10.3f %7.2f %6d" % (name, mine, bare, mine / bare, sent))
    result = {
        "services": count, "servers": servers, "repeats": repeats, "seconds": times, "medians": middle, "lines": lines,
        "ratio_no_change": rows[0][1] / rows[0][2], "ratio_apply": rows[1][1] / rows[1][2],
    }
    return result, result["ratio_no_change"] <= 2 and result["ratio_apply"] <= 2 and lines["unchanged"] == 0 and lines["one weight"] == 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--servers", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tool", default="ipvsadm", help="path of ipvsadm")
    parser.add_argument("--json", help="file for all figures")
    parser.add_argument("--empty-the-table", action="store_true", required=True, help="say that you know what this does")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        times, lines = measure(Bench(directory, options.tool), options.services, options.servers, options.repeats)
    result, good = report(times, lines, options.services, options.servers, options.repeats)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as handle:
            json.dump(result, handle, indent=2)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
