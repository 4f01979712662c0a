# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a second site.yml costs over one tier of the lab, and what over a tier of twice as many machines; at most 2.1 times as much.

.venv/bin/python tools/bench/growth.py [--tier mysql_replication] [--runs 3] [--limit 2.1]

Makes nodes of its own (a lab named growth in the lab's network, so make lab must not be up) and removes them. Exit code 1: more than
the limit, by wall or by processor time of the controller.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import pathlib
import re
import statistics
import subprocess
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parents[2]
PLACE = HERE / "build" / "growth"


def load_runs():
    """The function that measures one run, of the bench beside this one."""
    from importlib import util

    spec = util.spec_from_file_location("bench_site", HERE / "tools" / "bench" / "site.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.one


def hosts_of(tier):
    return yaml.safe_load((HERE / "inventories/lab/hosts.yml").read_text(encoding="utf-8"))["all"]["children"][tier]["hosts"]


def more(hosts):
    """Twice as many: names and addresses go on where they end."""
    names, addresses = list(hosts), [ipaddress.ip_address(one["ansible_host"]) for one in hosts.values()]
    stem = re.sub(r"\d+$", "", names[-1])
    new = {"%s%d" % (stem, len(names) + n): dict(hosts[names[-1]], ansible_host=str(addresses[-1] + n)) for n in range(1, len(names) + 1)}
    return {**hosts, **new}


def write(tier, hosts):
    variables = PLACE / "group_vars"
    (variables / "all").mkdir(parents=True, exist_ok=True)
    lab = HERE / "inventories/lab/group_vars"
    for name in ("all/nodes.yml", "all/secrets.yml", tier + ".yml"):
        (variables / name).unlink(missing_ok=True)
        (variables / name).symlink_to(os.path.relpath(lab / name, (variables / name).parent))
    (variables / "all/lab.yml").write_text("lab_name: growth\nlab_subnet: 198.18.0.0/24\n", encoding="utf-8")
    (PLACE / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": {tier: {"hosts": hosts}}}}), encoding="utf-8")


def play(*names):
    for name in names:
        done = subprocess.run([str(HERE / ".venv/bin/ansible-playbook"), "-i", str(PLACE), name], cwd=HERE, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit("%s failed:\n%s" % (name, done.stdout[-3000:]))


def medians(one, tier, hosts, runs):
    write(tier, hosts)
    play("playbooks/lab/create.yml", "playbooks/lab/secrets.yml", "site.yml")
    seen = [one(str(HERE), "site.yml", str(PLACE)) for _run in range(runs)]
    wall, processor = (statistics.median(run[n] for run in seen) for n in (0, 1))
    print("%s, %d hosts: wall %s s, median %.1f; controller's processor %s s, median %.1f; load %.1f" % (
        tier, len(hosts), " ".join("%.1f" % run[0] for run in seen), wall, " ".join("%.1f" % run[1] for run in seen), processor,
        os.getloadavg()[0]), flush=True)
    return wall, processor


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", default="mysql_replication")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=2.1)
    args = parser.parse_args()
    one, hosts = load_runs(), hosts_of(args.tier)
    try:
        few = medians(one, args.tier, hosts, args.runs)
        many = medians(one, args.tier, more(hosts), args.runs)
    finally:
        play("playbooks/lab/destroy.yml")
    ratios = [many[n] / few[n] for n in (0, 1)]
    print("twice the hosts: wall x %.2f, controller's processor x %.2f, at most %.1f" % (*ratios, args.limit))
    return int(max(ratios) > args.limit)


if __name__ == "__main__":
    sys.exit(main())
