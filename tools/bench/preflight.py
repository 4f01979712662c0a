# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long playbooks/preflight.yml takes over replication clusters of 10 hosts, by the number of hosts. Connects nowhere.

Runs the ansible-playbook that is first in PATH. With --against, another checkout takes turns with this one, to compare the two.
Seconds of a whole process, Ansible's start included; processor seconds are those of all its processes together.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parents[2]
CLUSTER = 10


def inventory(hosts):
    clusters = {"cluster%03d" % number: {
        "vars": {"mysql_replication_group": "cluster%03d" % number},
        "hosts": {"cluster%03d-db%d" % (number, place): {"ansible_host": "10.%d.%d.%d" % (1 + number // 250, number % 250, place)}
                  for place in range(1, CLUSTER + 1)}} for number in range(hosts // CLUSTER)}
    secrets = {"mysql_replication_password": "replication-pw-1", "mysql_replication_monitor_password": "monitor-pw-0001"}
    return {"mysql_replication": {"vars": secrets, "children": clusters}}


def timed(tree, path, log):
    """Wall and processor seconds of one run."""
    begun = time.perf_counter()
    process = os.posix_spawnp("ansible-playbook", ["ansible-playbook", "-i", path, str(tree / "playbooks" / "preflight.yml")], dict(
        os.environ, ANSIBLE_CONFIG=str(tree / "ansible.cfg"), ANSIBLE_COLLECTIONS_PATH=str(tree / ".ansible" / "collections")),
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)])
    _pid, status, used = os.wait4(process, 0)
    took = time.perf_counter() - begun
    if status:
        sys.exit("%s: %s" % (tree, pathlib.Path(log).read_text(encoding="utf-8")[-2000:]))
    return took, used.ru_utime + used.ru_stime


def measure(trees, sizes, repeats):
    """{(tree, size): [(wall, processor), ...]}"""
    times = {(tree, size): [] for tree in trees for size in sizes}
    with tempfile.TemporaryDirectory() as directory:
        for size in sizes:
            path = os.path.join(directory, "%d.yml" % size)
            pathlib.Path(path).write_text(yaml.safe_dump(inventory(size)), encoding="utf-8")
            for _turn in range(repeats):
                for tree in trees:
                    times[tree, size].append(timed(tree, path, os.path.join(directory, "log")))
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, nargs="+", default=[10, 50, 100, 200], help="multiples of %d" % CLUSTER)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--against", type=pathlib.Path, help="another checkout, with .ansible/collections as scripts/env makes it")
    options = parser.parse_args()
    trees = [HERE] + ([options.against.resolve()] if options.against else [])
    times = measure(trees, options.hosts, options.repeats)
    print("Medians of %d runs, load now %.1f; times: what the row above takes" % (options.repeats, os.getloadavg()[0]))
    for tree in trees:
        print("%s\n%5s %9s %6s %11s %6s" % (tree, "hosts", "wall", "times", "processor", "times"))
        rows = [[statistics.median(column) for column in zip(*times[tree, size])] for size in options.hosts]
        for size, (wall, used), (wall_before, used_before) in zip(options.hosts, rows, [(0, 0), *rows]):
            print("%5d %7.1f s %6s %9.1f s %6s" % (size, wall, times_of(wall, wall_before), used, times_of(used, used_before)))


def times_of(now, before):
    return "%.2f" % (now / before) if before else ""


if __name__ == "__main__":
    main()
