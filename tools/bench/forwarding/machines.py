# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that take part, all containers of this machine's Docker engine, and one measurement. Only here processes are started."""

from __future__ import annotations

import pathlib
import subprocess
import time

from forwarding.ab import command, parse, trouble
from forwarding.processors import between, busy, group, read, waiting

QUIET_S = 0.2
PATIENCE_S = 15


class NotMeasured(Exception):
    """In a sentence, why there are no figures."""


def run(words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Machines:
    """The control groups of the containers, and ab in one of them."""

    def __init__(self, plan):
        self.plan, self.prefix, self.groups = plan, plan["prefix"], {}

    def find(self, hosts):
        rc, out, err = run(["docker", "inspect", "--format", "{{.Id}} {{.State.Pid}}"] + [self.prefix + host for host in hosts])
        if rc:
            raise NotMeasured("docker inspect failed: %s. Are the nodes up?" % err.strip())
        for host, line in zip(hosts, out.splitlines()):
            container, pid = line.split()
            if pid == "0":
                raise NotMeasured("%s: container %s%s does not run: see docker logs of it." % (host, self.prefix, host))
            self.groups[host] = group(pathlib.Path("/proc/%s/cgroup" % pid).read_text(encoding="utf-8"), container)
            if self.groups[host] is None:
                raise NotMeasured("%s: /proc/%s/cgroup names no control group of container %s%s, so its processor seconds cannot be "
                                  "counted: run this on the machine of the Docker engine." % (host, pid, self.prefix, host))

    def find_all(self, modes):
        """The machines of these modes."""
        self.find(sorted({self.plan["client"]}.union(*(mode.get("between", []) + mode["real"] for mode in modes))))
        return self

    def read(self, hosts):
        return {host: read(self.groups[host]) for host in hosts}

    def settle(self, hosts):
        """Waits until none of them has used up a quota for a while: ab leaves a queue behind when its time is up."""
        until = time.monotonic() + PATIENCE_S
        while True:
            before = self.read(hosts)
            time.sleep(QUIET_S)
            names = waiting(before, self.read(hosts))
            if not names:
                return
            if time.monotonic() > until:
                raise NotMeasured("%s: still at work %d s after the last request: see what runs there besides httpd." % (
                    ", ".join(names), PATIENCE_S))

    def ask(self, url, concurrency):
        words = command("ab", url, concurrency, self.plan["seconds"], self.plan["requests"])
        rc, out, err = run(["docker", "exec", self.prefix + self.plan["client"], *words])
        figures = parse(out)
        said = trouble(rc, out, err, figures)
        if said:
            raise NotMeasured("%s: ab got no figures of %s: %s. See whether that address answers from there." % (
                self.plan["client"], url, said))
        return figures


def whole():
    return {"machine": busy(pathlib.Path("/proc/stat").read_text(encoding="ascii"))}


def measure(machines, mode, part):
    hosts = [machines.plan["client"]] + mode.get("between", []) + part["real"]
    began, used, machine = time.time(), machines.read(hosts), whole()
    figures = machines.ask(part["url"], part["concurrency"])
    used, machine = between(used, machines.read(hosts)), between(machine, whole())
    machines.settle(mode["real"])
    return dict(figures, mode=mode["name"], kind=part["kind"], real=part["real"], began=round(began, 3), ended=round(time.time(), 3),
                processors=used, **machine)
